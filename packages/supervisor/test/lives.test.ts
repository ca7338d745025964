/** The life of our own worker, whichever way it is started (contract V, S-4): nobody may tell from outside. */
import { describe, expect, it, vi } from 'vitest'
import { ClosedError, DiedError, NotStartedError, PythonError, StartError } from '../src/index.js'
import { eventually, isAlive, makeWorker, misbehaving, nextDeath, own as ownBy, source } from './support.js'

const failed = (error: unknown) => ({ state: 'failed', error })

describe.each(['spawn', 'fork'] as const)("start: '%s'", (start) => {
  const own = (options: Parameters<typeof ownBy>[1] = {}) => ownBy(1, { start, ...options })

  describe('start (V-3, V-4)', () => {
    it('V-4: an error in a source fails the start with the PythonError as cause', async () => {
      const { worker } = makeWorker({ definition: source('x = 1\nraise ValueError("no model")') })
      const error = await worker.start(() => own()).catch((thrown) => thrown)
      expect(error).toBeInstanceOf(StartError)
      expect(error.cause).toBeInstanceOf(PythonError)
      expect(error.cause).toMatchObject({ pythonType: 'ValueError', message: 'no model' })
      expect(error.cause.traceback).toContain('File "<test>", line 2')
    })

    it.each([
      ['a missing command', { command: '/nowhere/python3' }, '/nowhere/python3 was not found'],
      ['a folder as command', { command: '/tmp' }, '/tmp may not be executed'],
      ['a missing cwd', { cwd: '/nowhere' }, 'cwd /nowhere is not a folder'],
      ['a file as cwd', { cwd: process.execPath }, `cwd ${process.execPath} is not a folder`],
      ['an argument no system takes', { args: ['\0'] }, 'could not be started'],
    ])('fails with a StartError for %s', async (_, change, message) => {
      const { worker } = makeWorker()
      await expect(worker.start(() => ({ ...own(), ...change }))).rejects.toMatchObject({
        name: 'StartError',
        message: expect.stringContaining(message),
        exitCode: null,
      })
    })

    it('V-3: calls at the same time share one start, and one when ready does nothing', async () => {
      const { worker, liveness } = makeWorker()
      const launch = vi.fn(() => own())
      await Promise.all([worker.start(launch), worker.start(launch)])
      await worker.start(launch)
      expect(launch).toHaveBeenCalledOnce()
      expect(liveness).toEqual(['ready'])
      expect(worker.incarnation).toBe(1)
    })

    it('V-3: a failed start may be tried again', async () => {
      const { worker, end } = makeWorker({ definition: source('def f(x): return x') })
      await expect(worker.start(() => misbehaving('exit-before-ready'))).rejects.toBeInstanceOf(StartError)
      await worker.start(() => own())
      expect(await end('f', 4)).toEqual({ state: 'done', value: 4 })
    })

    it('V-4: tells pid, Python version and state', async () => {
      const { worker } = makeWorker()
      expect({ state: worker.state, pid: worker.pid }).toEqual({ state: 'idle', pid: undefined })
      await worker.start(() => own())
      expect(worker.state).toBe('ready')
      expect(worker.pid).toBeGreaterThan(1)
      expect(worker.pythonVersion).toMatch(/^3\.\d+\.\d+/)
    })
  })

  describe('calls', () => {
    it('V-5: each state that takes no call has its own error', async () => {
      const { worker } = makeWorker({ definition: source('def f(x): return x') })
      const submit = () => worker.submit({ id: 'x', func: 'f' }, { args: 1 })
      expect(submit).toThrow(NotStartedError)
      await worker.start(() => own())
      const died = nextDeath(worker)
      process.kill(worker.pid!, 'SIGKILL')
      await died
      expect(submit).toThrow(DiedError)
      await worker.close()
      expect(submit).toThrow(ClosedError)
    })

    it('V-18: an error of Python has type, message, traceback, notes and cause', async () => {
      const code = [
        'import json',
        'class Broken(Exception): pass',
        'def f(x):',
        '    try: json.loads("{")',
        '    except ValueError as error:',
        '        broken = Broken("bad input")',
        '        broken.__notes__ = ["first", "second"]',
        '        raise broken from error',
      ].join('\n')
      const { worker, end } = makeWorker({ definition: source(code) })
      await worker.start(() => own({ environment: 'models' }))
      const outcome = await end('f')
      expect(outcome).toMatchObject({
        error: {
          name: 'PythonError',
          pythonType: 'Broken',
          message: 'bad input',
          notes: ['first', 'second'],
          cause: { pythonType: 'json.decoder.JSONDecodeError' },
          environment: 'models',
          function: 'f',
          callId: 'call-1',
          pid: worker.pid,
          incarnation: 1,
        },
      })
      expect((outcome as unknown as { error: PythonError }).error.traceback).toContain('raise broken from error')
    })
  })

  describe('death (V-14)', () => {
    it('V-13, V-14: a new start makes a new worker, and the old exit does not touch it', async () => {
      const { worker, end, liveness } = makeWorker({ definition: source('import os\ndef pid(x): return os.getpid()') })
      for (let round = 1; round <= 3; round += 1) {
        await worker.start(() => own())
        expect(await end('pid')).toEqual({ state: 'done', value: worker.pid })
        expect(worker.incarnation).toBe(round)
        const died = nextDeath(worker)
        process.kill(worker.pid!, 'SIGKILL')
        await died
      }
      expect(liveness).toEqual(['ready', 'died', 'ready', 'died', 'ready', 'died'])
    })

    it('V-13: whoever learns of the death from a call can start again at once', async () => {
      const { worker, end } = makeWorker({
        definition: source('import os\ndef die(x): os._exit(1)\ndef f(x): return x'),
      })
      await worker.start(() => own())
      expect(await end('die')).toEqual(failed(expect.any(DiedError)))
      expect(worker.state).toBe('died')
      await worker.start(() => own())
      expect(await end('f', 1)).toEqual({ state: 'done', value: 1 })
    })

    it('V-14: the error of a call has exit code, signal and the last of stderr', async () => {
      const code =
        'import os, sys\ndef f(x):\n    print("going down", file=sys.stderr)\n    sys.stderr.flush()\n    os._exit(5)'
      const { worker, end } = makeWorker({ definition: source(code) })
      await worker.start(() => own())
      expect(await end('f')).toMatchObject({
        error: {
          name: 'DiedError',
          exitCode: 5,
          signal: null,
          stderrTail: 'going down\n',
          function: 'f',
          incarnation: 1,
        },
      })
    })
  })

  describe('close (V-15)', () => {
    it('V-15: is idempotent, ends calls in ClosedError, and leaves no process', async () => {
      const { worker, end, liveness } = makeWorker({ definition: source('import time\ndef nap(s): time.sleep(s)') })
      await worker.start(() => own())
      const { pid } = worker
      const ending = end('nap', 0.2)
      const closing = worker.close()
      expect(worker.close()).toBe(closing)
      expect(await ending).toEqual(failed(expect.any(ClosedError)))
      await closing
      expect(isAlive(pid!)).toBe(false)
      expect(liveness).toEqual(['ready'])
      expect(worker.state).toBe('closed')
      await expect(worker.start(() => own())).rejects.toBeInstanceOf(ClosedError)
    })

    it('V-15: lets a running function finish and the interpreter shut down within the grace', async () => {
      const code = 'import atexit, time\ndef nap(s): time.sleep(s)\natexit.register(lambda: print("goodbye"))'
      const lines: string[] = []
      const { worker, end } = makeWorker({
        closeGraceMs: 10_000,
        definition: source(code),
        stdout: (line) => lines.push(line),
      })
      await worker.start(() => own())
      const ending = end('nap', 0.1)
      await worker.close()
      await ending
      expect(lines).toEqual(['goodbye'])
    })

    it('V-15: after a start that was aborted and asked for again, ends both', async () => {
      const { worker } = makeWorker()
      const controller = new AbortController()
      const first = worker.start(() => misbehaving('silent'), { signal: controller.signal })
      controller.abort(new Error('left'))
      const second = worker.start(() => own())
      const closing = worker.close()
      await expect(first).rejects.toThrow('left')
      await expect(second).rejects.toBeInstanceOf(ClosedError)
      await closing
      expect(worker.state).toBe('closed')
    })

    it('V-15: from the liveness callback, in either state', async () => {
      const { worker, liveness } = makeWorker()
      const closed = new Promise<void>((resolve) => worker.onLiveness('died', () => resolve(worker.close())))
      await worker.start(() => own())
      process.kill(worker.pid!, 'SIGKILL')
      await closed
      expect(worker.state).toBe('closed')
      expect(liveness).toEqual(['ready', 'died'])

      const early = makeWorker()
      let closing: Promise<void> | undefined
      early.worker.onLiveness('ready', () => {
        closing = early.worker.close()
      })
      await early.worker.start(() => own())
      await closing
      expect(early.worker.state).toBe('closed')
    })

    it("V-15: ends the worker's children, also those that left its group, and those that hold its output", async () => {
      const code = [
        'import subprocess, sys',
        'def spawn(new_session):',
        '    code = "import time; time.sleep(600)"',
        '    return subprocess.Popen([sys.executable, "-c", code], start_new_session=new_session).pid',
      ].join('\n')
      const { worker, end } = makeWorker({ definition: source(code) })
      await worker.start(() => own())
      const pids = [await end('spawn', false), await end('spawn', true)].map(
        (each) => (each as { value: number }).value,
      )
      expect(pids.map(isAlive)).toEqual([true, true])
      await worker.close()
      await eventually(() => pids.every((pid) => !isAlive(pid)))
    })
  })
})
