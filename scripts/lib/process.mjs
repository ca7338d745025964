import { spawnSync } from 'node:child_process'
import { delimiter } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

/** Colours are for people: a log of a CI run is read as text. */
export const hasColours = process.stdout.isTTY === true && !process.env.CI

/**
 * Runs a command to its end, with its output where ours goes and nothing on its input.
 *
 * @param {string} file looked up in `node_modules/.bin` first, as in a package script
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string> }} options `cwd` below the repository's root
 * @returns {boolean} whether it ended with 0
 */
export function run(file, args, { cwd = root, env = {} } = {}) {
  const { status, error } = spawnSync(file, args, {
    cwd,
    env: { ...childEnvironment(), ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (error) console.error(`${file}: ${error.message}`)
  return status === 0
}

function childEnvironment() {
  const { FORCE_COLOR: _, ...env } = process.env
  return {
    ...env,
    PATH: [`${root}node_modules/.bin`, env.PATH].join(delimiter),
    ...(hasColours ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' }),
  }
}
