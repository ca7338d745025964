// What the measurements of the wire stand on: a Python with numpy and msgpack, a worker of ours, and line-by-line peers.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Provisioner } from '@pyferry/provisioner'
import { Venv } from 'pyferry'
import { findPython } from '../python.mjs'

const cache = fileURLToPath(new URL('../../.cache', import.meta.url))

/** An interpreter that has numpy and msgpack, made once. */
export async function pythonWithLibraries() {
  const home = `${cache}/benchmark-home`
  const made = await new Provisioner({ home }).ensure({ python: findPython(), requirements: ['numpy', 'msgpack'] })
  made.release()
  return made.python
}

/** @param more options of `Venv` */
export const startVenv = (python, source, more = {}) => Venv.start({ interpreter: python, sources: [source], ...more })

export const COUNT = 1_000_000

/** As many float64 to be doubled. */
export const someFloats = () => Float64Array.from({ length: COUNT }, (_, index) => index * 1.1)

/** @throws Error unless they are twice the `values` */
export function checkDoubled(values, doubled) {
  const last = values.length - 1
  if (doubled.length !== values.length || doubled[last] !== values[last] * 2) throw new Error('not doubled')
}

/** A program that answers a line with a line. */
export class LinePeer {
  #child
  #lines

  constructor(file, args = [], options = {}) {
    this.#child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'], ...options })
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  async ask(line) {
    if (line !== undefined) this.#child.stdin.write(`${line}\n`)
    return (await this.#lines.next()).value
  }

  async close() {
    this.#child.kill()
    await once(this.#child, 'exit')
  }
}

/** How long it takes, in microseconds. */
export async function micros(run) {
  const start = performance.now()
  await run()
  return (performance.now() - start) * 1000
}
