/** What the tests of a worker need: an interpreter, launches of workers that behave and that do not, and their calls' ends. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach } from 'vitest'
import {
  type CallEnd,
  type Definition,
  hostEnvironment,
  type Launch,
  type Passed,
  Worker,
  type WorkerOptions,
  workerLaunch,
} from '../src/index.js'

/** The real interpreter behind the Python under test, not a shim in front of it. */
export const python = execFileSync(
  process.env.PYFERRY_TEST_PYTHON ?? 'python3',
  ['-I', '-S', '-c', 'import sys; print(sys.executable)'],
  { encoding: 'utf8' },
).trim()

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))

/** A worker that misbehaves; see the fixture for the ways. */
export function misbehaving(way: string, ...args: (string | number)[]): Launch {
  return {
    command: process.execPath,
    args: [fixture('misbehaving.mjs'), way, ...args.map(String)],
    env: hostEnvironment(),
    transport: 'stdio',
  }
}

/** A worker that says what is in `file`: the first `count` bytes at once, the others when it is called; see the fixture. */
export function recorded(file: string, count: number, stays: boolean): Launch {
  const args = [fixture('recorded.mjs'), file, String(count), stays ? 'stays' : 'leaves']
  return { command: process.execPath, args, env: hostEnvironment(), transport: 'stdio' }
}

/** A worker that speaks the base protocol and nothing else. */
export function foreign(): Launch {
  return { command: python, args: ['-I', fixture('w1_worker.py')], env: hostEnvironment(), transport: 'stdio' }
}

/** Our own worker. */
export function own(threads = 1, options: Partial<Parameters<typeof workerLaunch>[0]> = {}): Launch {
  return workerLaunch({ python, threads, ...options })
}

export const source = (code: string): Definition => ({
  sources: [{ name: '<test>', code }],
  modules: [],
  importPaths: [],
  expose: 'all',
})

export interface TestWorker {
  worker: Worker
  /** Submit a call and wait for its end. */
  end: (func: string, args?: unknown, rest?: Passed & { id?: string }) => Promise<CallEnd>
  /** The ids whose end was reported, in order, with how they ended. */
  ends: Map<string, CallEnd>
  liveness: string[]
}

const opened = new Set<Worker>()
const folders = new Set<string>()

/** A worker that is closed after the test. */
export function makeWorker(options: Partial<WorkerOptions> = {}): TestWorker {
  const ends = new Map<string, CallEnd>()
  const waiting = new Map<string, (end: CallEnd) => void>()
  const liveness: string[] = []
  let count = 0
  const worker = new Worker({
    closeGraceMs: 2_000,
    onCallEnd: (call, end) => {
      if (ends.has(call.id)) throw new Error(`call ${call.id} ended twice`)
      ends.set(call.id, end)
      waiting.get(call.id)?.(end)
    },
    ...options,
  })
  worker.onLiveness(undefined, (state) => liveness.push(state))
  opened.add(worker)
  const end: TestWorker['end'] = (func, args = null, rest = {}) =>
    new Promise((resolve) => {
      count += 1
      const { id = `call-${count}`, ...more } = rest
      waiting.set(id, resolve)
      worker.submit({ id, func }, { args, ...more })
    })
  return { worker, end, ends, liveness }
}

export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pyferry-test-'))
  folders.add(folder)
  return folder
}

/** Resolves with the error of the next death. */
export function nextDeath(worker: Worker): Promise<Error> {
  return new Promise((resolve) => {
    const stop = worker.onLiveness('died', (_, error) => {
      stop()
      resolve(error!)
    })
  })
}

/** Whether a process exists and is not a zombie. */
export function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
  return stdout.trim() !== '' && !stdout.trim().startsWith('Z')
}

/** Poll until `condition` holds; the test's own time limit bounds it. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}

afterEach(async () => {
  for (const worker of opened) await worker.close()
  opened.clear()
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  folders.clear()
})
