/** What is peculiar to workers that are forked (`docs/forked-start.md`); what is common to all is in `lives.test.ts` and `transport.test.ts`. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { PythonError, StartError } from '../src/index.js'
import { eventually, isAlive, makeFolder, makeWorker, nextDeath, own, source } from './support.js'

const forked = (options: Parameters<typeof own>[1] = {}) => own(1, { start: 'fork', ...options })

/** For temporary files, and so a template for each test. */
let home: string
beforeEach(() => {
  home = makeFolder()
  vi.stubEnv('TMPDIR', home)
  return () => vi.unstubAllEnvs()
})

const definition = source(
  [
    'import os, random, signal, sys, threading',
    'def parent(x): return os.getppid()',
    'def environment(name): return os.environ.get(name)',
    'def folder(x): return os.getcwd()',
    'def loaded(name): return name in sys.modules',
    'def draw(x): return random.random()',
    'def interval(x): return sys.getswitchinterval()',
    'def descriptors(x): return len(os.listdir("/dev/fd"))',
    'def group(x): return os.getpgrp() == os.getpid()',
    'def threads(x): return threading.main_thread() is threading.current_thread()',
    'def signals(x): return [signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL, signal.set_wakeup_fd(-1)]',
    'def crash(x): os.kill(os.getpid(), signal.SIGSEGV)',
    'def die(x): os._exit(x)',
    'def say(x):\n    print(x)\n    print(x, file=sys.stderr)',
  ].join('\n'),
)

async function startForked(options: Parameters<typeof own>[1] = {}, worker: Parameters<typeof makeWorker>[0] = {}) {
  const made = makeWorker({ definition, ...worker })
  await made.worker.start(() => forked(options))
  const ask = async (name: string, args?: unknown) => ((await made.end(name, args)) as { value: unknown }).value
  return { ...made, ask }
}

describe('whose a template is', () => {
  it('S-4: those with the same settings have one, which ends with the last of them', async () => {
    const [one, two] = await Promise.all([startForked(), startForked()])
    const parent = (await one.ask('parent')) as number
    expect(await two.ask('parent')).toBe(parent)
    expect(parent).not.toBe(process.pid)
    expect(one.worker.pid).not.toBe(two.worker.pid)
    await one.worker.close()
    expect(isAlive(parent)).toBe(true)
    expect(await two.ask('loaded', 'os')).toBe(true)
    await two.worker.close()
    expect(isAlive(parent)).toBe(false)
  })

  it.each([
    ['variables', { env: { PATH: process.env.PATH!, ONLY: 'here' } }],
    ['preload', { preload: ['decimal'] }],
  ])('S-4: other %s make another', async (_, options) => {
    const [one, two] = [await startForked(), await startForked(options)]
    expect(await one.ask('parent')).not.toBe(await two.ask('parent'))
  })

  it('V-13: after a death the same one forks the next worker', async () => {
    const { worker, ask } = await startForked()
    const parent = await ask('parent')
    const died = nextDeath(worker)
    process.kill(worker.pid!, 'SIGKILL')
    expect(await died).toMatchObject({ exitCode: null, signal: 'SIGKILL' })
    await worker.start(() => forked())
    expect(await ask('parent')).toBe(parent)
  })

  it('V-13, V-14: that is killed takes its workers along, and the next start makes another', async () => {
    const { worker, ask, end } = await startForked()
    const other = await startForked()
    const parent = (await ask('parent')) as number
    const pids = [worker.pid!, other.worker.pid!]
    const deaths = [nextDeath(worker), nextDeath(other.worker)]
    process.kill(parent, 'SIGKILL')
    for (const death of await Promise.all(deaths)) expect(death).toMatchObject({ signal: 'SIGKILL' })
    await eventually(() => pids.every((pid) => !isAlive(pid)))
    await worker.start(() => forked())
    expect(await end('parent')).not.toEqual({ state: 'done', value: parent })
  })

  it('S-4: is made anew while the last one is ending', async () => {
    const first = await startForked()
    const closing = first.worker.close()
    const second = await startForked()
    const parent = await second.ask('parent')
    await closing
    const third = await startForked()
    expect(await third.ask('parent')).toBe(parent)
  })

  it('V-4: is given back by a start that fails', async () => {
    const { worker } = makeWorker({ definition: source('import os\nraise ValueError(os.getppid())') })
    const error = await worker.start(() => forked()).catch((thrown) => thrown)
    expect(error.cause).toMatchObject({ pythonType: 'ValueError' })
    expect(isAlive(Number(error.cause.message))).toBe(false)
  })
})

describe('a worker that was forked', () => {
  it('S-4: leads its group, runs where it is told to, with the variables it was given', async () => {
    const env = { PATH: process.env.PATH!, TMPDIR: home, ONLY: 'here' }
    const { ask } = await startForked({ cwd: '/', env })
    expect(await ask('group')).toBe(true)
    expect(await ask('folder')).toBe('/')
    expect(await ask('environment', 'ONLY')).toBe('here')
    expect(await ask('environment', 'PYFERRY_WORKER')).toBe('1')
    expect(await ask('environment', 'HOME')).toBe(null)
  })

  it('V-17: has the state of one that was spawned: signals, thread, switch interval', async () => {
    const { ask } = await startForked()
    expect(await ask('signals')).toEqual([true, -1])
    expect(await ask('threads')).toBe(true)
    expect(await ask('interval')).toBeCloseTo(0.0005)
  })

  it('S-4: has no descriptor of its siblings, nor of the template', async () => {
    const one = await startForked()
    const before = await one.ask('descriptors')
    const others = [await startForked(), await startForked()]
    for (const { ask } of others) expect(await ask('descriptors')).toBe(before)
    const spawned = makeWorker({ definition })
    await spawned.worker.start(() => own())
    expect(await spawned.end('descriptors')).toEqual({ state: 'done', value: before })
  })

  it.each([
    ['a signal', 'crash', null, { exitCode: null, signal: 'SIGSEGV' }],
    ['an exit code', 'die', 7, { exitCode: 7, signal: null }],
  ])('V-14: ends with %s as one that was spawned', async (_, name, args, expected) => {
    const { worker, end } = await startForked()
    const died = nextDeath(worker)
    expect(await end(name, args)).toMatchObject({ error: { name: 'DiedError', ...expected } })
    expect(await died).toMatchObject(expected)
  })

  it('V-16: what each prints is its own', async () => {
    const said: Record<string, string[]> = { one: [], two: [] }
    const sinks = (name: string) => ({
      stdout: (line: string) => void said[name]!.push(`out ${line}`),
      stderr: (line: string) => void said[name]!.push(`err ${line}`),
    })
    const one = await startForked({}, sinks('one'))
    const two = await startForked({}, sinks('two'))
    await Promise.all([one.ask('say', 'one'), two.ask('say', 'two')])
    await Promise.all([one.worker.close(), two.worker.close()])
    expect(said).toEqual({
      one: expect.arrayContaining(['out one', 'err one']),
      two: expect.arrayContaining(['out two', 'err two']),
    })
    expect([said.one!.length, said.two!.length]).toEqual([2, 2])
  })

  it('V-2: what goes nowhere goes nowhere', async () => {
    const { ask } = await startForked({}, { stdout: 'ignore', stderr: 'ignore' })
    expect(await ask('say', 'unheard')).toBe(null)
  })

  it('S-4: draws random numbers of its own', async () => {
    const options = { preload: ['random'] }
    const [one, two] = [await startForked(options), await startForked(options)]
    expect(await one.ask('draw')).not.toBe(await two.ask('draw'))
  })

  // What a process has for itself alone is told there and nowhere else.
  it.skipIf(process.platform !== 'linux')('S-4: shares what the template has imported', async () => {
    const privateKilobytes = (pid: number) =>
      [...readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8').matchAll(/^Private_\w+:\s+(\d+)/gm)].reduce(
        (sum, [, kilobytes]) => sum + Number(kilobytes),
        0,
      )
    const preload = ['decimal', 'email', 'http.client', 'asyncio']
    const { worker, ask } = await startForked({ preload })
    expect(await ask('loaded', 'asyncio')).toBe(true)
    const spawned = makeWorker({ definition: source(`import ${preload.join(', ')}`) })
    await spawned.worker.start(() => own())
    expect(privateKilobytes(worker.pid!)).toBeLessThan(privateKilobytes(spawned.worker.pid!) / 2)
  })
})

describe('what fails a forked start (V-4)', () => {
  it('V-4: a preload that is not there, with the PythonError as cause', async () => {
    const { worker } = makeWorker()
    const error = await worker.start(() => forked({ preload: ['json', 'no_such_module'] })).catch((thrown) => thrown)
    expect(error).toBeInstanceOf(StartError)
    expect(error.cause).toBeInstanceOf(PythonError)
    expect(error.message).toBe(
      "the template of the worker exited with code 1 before it was ready: No module named 'no_such_module'",
    )
    expect(error).toMatchObject({ exitCode: 1, signal: null, cause: { pythonType: 'ModuleNotFoundError' } })
    expect(error.hint).toContain('leave it out of preload')
    expect(worker.state).toBe('idle')
    await worker.start(() => forked())
  })

  it('X: an abort while the template is being made leaves nothing', async () => {
    for (let turns = 0; turns < 12; turns += 1) {
      const { worker } = makeWorker()
      const controller = new AbortController()
      const starting = worker.start(() => forked({ env: { TURN: String(turns) } }), { signal: controller.signal })
      for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setTimeout(resolve, 4))
      controller.abort(new Error('changed my mind'))
      await starting.catch((error) => expect(error.message).toBe('changed my mind'))
      await worker.close()
    }
    await eventually(() => childrenOf(process.pid).length === 0)
  })

  it('W-5: a socket that cannot be made, and no process is left', async () => {
    vi.stubEnv('TMPDIR', '/nowhere')
    const { worker } = makeWorker()
    const error = await worker.start(() => forked()).catch((thrown) => thrown)
    expect(error).toBeInstanceOf(StartError)
    expect(error.cause).toMatchObject({ name: 'HandshakeError' })
    expect(childrenOf(process.pid)).toEqual([])
  })

  it('V-4: a template that does not get ready fails the start at startTimeoutMs, and leaves nothing', async () => {
    const { worker } = makeWorker({ startTimeoutMs: 200 })
    const silent = { ...forked(), command: 'sleep', args: ['600'] }
    await expect(worker.start(() => silent)).rejects.toMatchObject({
      name: 'StartError',
      message: 'the worker was not ready within 200 ms (startTimeoutMs)',
    })
    expect(worker.state).toBe('idle')
    await eventually(() => childrenOf(process.pid).length === 0)
  })
})

/** Processes of ours that live, without those that look for them. */
function childrenOf(pid: number): string[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'ppid=,stat=,comm='], { encoding: 'utf8' })
  const own = new RegExp(`^ *${pid} +[^Z ]`)
  return stdout.split('\n').filter((line) => own.test(line) && !/\bps$/.test(line))
}
