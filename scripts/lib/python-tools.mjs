import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, run } from './process.mjs'

const requirementsFile = join(root, 'python/requirements-dev.txt')
const made = new Map()

/**
 * The interpreter of an environment with the tools that check the Python side, made when it is missing or out of date.
 *
 * @param {string} base the interpreter it is made from, and on which the tests run
 * @returns {Promise<string>} the path of the environment's interpreter
 */
export function pythonTools(base = process.env.PYFERRY_TEST_PYTHON || 'python3') {
  if (!made.has(base)) made.set(base, makeEnvironment(base))
  return made.get(base)
}

async function makeEnvironment(base) {
  const { version, executable } = describeInterpreter(base)
  const baseDir = join(root, '.cache/python-tools', `${version}-${shortHash(executable)}`)
  return ensureByVenv(baseDir, executable)
}

/** A shim of a version manager stands in front of the real one: the interpreter is asked what it is. */
function describeInterpreter(base) {
  const code = 'import sys, json; print(json.dumps([sys.version.split()[0], sys.executable]))'
  const [version, executable] = JSON.parse(execFileSync(base, ['-I', '-c', code], { encoding: 'utf8' }))
  return { version, executable }
}

async function ensureByVenv(baseDir, executable) {
  const stamp = join(baseDir, 'stamp')
  const python = join(baseDir, 'bin/python')
  const wanted = shortHash(readFileSync(requirementsFile))
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return python
  rmSync(baseDir, { recursive: true, force: true })
  const isInstalled =
    run(executable, ['-m', 'venv', baseDir]) && run(python, ['-m', 'pip', 'install', '-q', '-r', requirementsFile])
  if (!isInstalled) throw new Error(`${requirementsFile} could not be installed on ${executable}`)
  writeFileSync(stamp, wanted)
  return python
}

const shortHash = (bytes) => createHash('sha256').update(bytes).digest('hex').slice(0, 8)
