// What the commands of the benchmarks take alike, and where they measure.
import { fork, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const placements = ['free', 'one CPU']

/** @throws TypeError for anything but a positive integer */
export function readRounds(text) {
  const rounds = Number(text)
  if (Number.isInteger(rounds) && rounds >= 1) return rounds
  throw new TypeError(`--rounds must be a positive integer, not ${text}`)
}

/** Those of `known` that `text` names, in the order of `known`. @throws TypeError for a name that is none of them */
export function readNames(option, text, known) {
  const names = text.split(',')
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) throw new TypeError(`--${option} knows ${known.join(', ')}, not ${unknown}`)
  return known.filter((name) => names.includes(name))
}

/** Whether this machine can measure there: for one CPU it takes `taskset`. */
export const hasPlacement = (placement) =>
  placement === 'free' || spawnSync('taskset', ['-c', '0', 'true']).status === 0

/**
 * Measure in a process of its own, whose children inherit where it may run.
 *
 * @param script a module's URL; it gets `request` as JSON in its first argument and sends what it found
 */
export function measureIn(placement, script, request) {
  const pinned = placement === 'one CPU' ? { execPath: 'taskset', execArgv: ['-c', '0', process.execPath] } : {}
  const child = fork(fileURLToPath(script), [JSON.stringify(request)], pinned)
  return new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('exit', (code, signal) => reject(new Error(`the measuring process ended with ${signal ?? code}`)))
  })
}
