import { FrameTooLargeError, ProtocolError, UnserializableError } from '@pyferry/codec'
import { describe, expect, it } from 'vitest'
import {
  ClosedError,
  FunctionNotFoundError,
  QueueFullError,
  StartError,
  UnsupportedByWorkerError,
} from '../src/index.js'
import { eventually, foreign, isAlive, makeWorker, misbehaving, nextDeath, own, source } from './support.js'

const failed = (error: unknown) => ({ state: 'failed', error })

describe('start (V-3, V-4)', () => {
  it('V-4: fails at once when the worker exits before it is ready', async () => {
    const { worker, liveness } = makeWorker()
    const error = await worker.start(() => misbehaving('exit-before-ready')).catch((thrown) => thrown)
    expect(error).toBeInstanceOf(StartError)
    expect(error).toMatchObject({ exitCode: 3, signal: null, stderrTail: 'no licence\n' })
    expect(worker.state).toBe('idle')
    expect(liveness).toEqual([])
  })

  it('V-4: fails at startTimeoutMs when the worker is silent, and leaves no process', async () => {
    const { worker } = makeWorker({ startTimeoutMs: 300 })
    const starting = worker.start(() => misbehaving('silent'))
    await eventually(() => worker.pid !== undefined)
    const { pid } = worker
    await expect(starting).rejects.toMatchObject({
      name: 'StartError',
      message: 'the worker was not ready within 300 ms (startTimeoutMs)',
    })
    expect(isAlive(pid!)).toBe(false)
  })

  it('V-4: fails when the worker talks garbage before it is ready', async () => {
    const { worker } = makeWorker()
    const error = await worker.start(() => misbehaving('garbage-before-ready')).catch((thrown) => thrown)
    expect(error).toBeInstanceOf(StartError)
    expect(error.cause).toBeInstanceOf(ProtocolError)
  })

  it('fails when the worker dies while its sources are loaded', async () => {
    const { worker, liveness } = makeWorker({ definition: source('pass') })
    await expect(worker.start(() => misbehaving('die-during-define'))).rejects.toMatchObject({
      name: 'StartError',
      exitCode: 7,
      message: 'while its sources were loaded the worker exited with code 7',
    })
    expect(liveness).toEqual([])
  })

  it('X: an aborted start rejects with the reason and leaves no process', async () => {
    const { worker } = makeWorker()
    const controller = new AbortController()
    const starting = worker.start(() => misbehaving('silent'), { signal: controller.signal })
    await eventually(() => worker.pid !== undefined)
    const { pid } = worker
    const reason = new Error('changed my mind')
    controller.abort(reason)
    await expect(starting).rejects.toBe(reason)
    expect(isAlive(pid!)).toBe(false)
    expect(worker.state).toBe('idle')
  })

  it('what prepare throws is what start throws', async () => {
    const { worker } = makeWorker()
    const error = new Error('no environment')
    await expect(worker.start(() => Promise.reject(error))).rejects.toBe(error)
    expect(worker.state).toBe('idle')
  })
})

describe('calls', () => {
  it('V-5: more calls than maxQueue allows are refused, counting those handed over already', async () => {
    const { worker, end } = makeWorker({ maxQueue: 2, definition: source('import time\ndef nap(s): time.sleep(s)') })
    await worker.start(() => own())
    const ends = [0.2, 0, 0].map((seconds) => end('nap', seconds))
    expect(() => worker.submit({ id: 'over', func: 'nap' }, { args: 0 })).toThrow(QueueFullError)
    await Promise.all(ends)
    expect(await end('nap', 0)).toMatchObject({ state: 'done' })
  })

  it('V-6: spread arguments and keywords arrive', async () => {
    const { worker, end } = makeWorker({ definition: source('def f(*a, **k): return [list(a), k]') })
    await worker.start(() => own())
    expect(await end('f', null, { spread: { args: [1, 2], kwargs: { three: 3 } } })).toEqual({
      state: 'done',
      value: [[1, 2], { three: 3 }],
    })
    expect(await end('f', null, { spread: { args: [], kwargs: {} } })).toEqual({ state: 'done', value: [[], {}] })
  })

  it('V-6: a missing function names the closest ones', async () => {
    const { worker, end } = makeWorker({ definition: source('def embed(x): pass\ndef encode(x): pass') })
    await worker.start(() => own())
    const outcome = await end('embbed')
    expect(outcome).toEqual(failed(expect.any(FunctionNotFoundError)))
    expect(outcome).toMatchObject({ error: { candidates: ['embed'], hint: expect.stringContaining('embed') } })
  })

  it.each([
    { title: 'W-1: in the base protocol', options: { protocol: 'base' as const }, item: '{2, 3}' },
    { title: 'D-3: with strict values', options: { strictValues: true }, item: 'object()' },
  ])('D-6: a result that cannot be carried fails that call alone, with its path; $title', async ({ options, item }) => {
    const { worker, end } = makeWorker({
      ...options,
      definition: source(`def f(x): return {"items": [1, ${item}]}\ndef g(x): return x`),
    })
    await worker.start(() => own())
    const outcome = await end('f')
    expect(outcome).toEqual(failed(expect.any(UnserializableError)))
    expect(outcome).toMatchObject({ error: { path: 'result.items[1]', callId: 'call-1', function: 'f' } })
    expect(await end('g', 'alive')).toEqual({ state: 'done', value: 'alive' })
  })

  it('W-4: in the base protocol a result over the frame limit fails that call alone', async () => {
    const { worker, end } = makeWorker({
      maxFrameBytes: 2048,
      protocol: 'base',
      definition: source('def f(n): return "x" * n'),
    })
    await worker.start(() => own(1, { maxFrameBytes: 2048 }))
    expect(await end('f', 4000)).toEqual(failed(expect.any(FrameTooLargeError)))
    expect(await end('f', 3)).toEqual({ state: 'done', value: 'xxx' })
  })

  it('W-4: in the base protocol arguments over the frame limit are refused before a byte is sent', async () => {
    const { worker, end } = makeWorker({
      maxFrameBytes: 2048,
      protocol: 'base',
      definition: source('def f(x): return len(x)'),
    })
    await worker.start(() => own())
    await expect(end('f', 'x'.repeat(4000))).rejects.toBeInstanceOf(FrameTooLargeError)
    expect(await end('f', 'abc')).toEqual({ state: 'done', value: 3 })
  })

  it('V-9: tells which calls run and which wait', async () => {
    const { worker, end } = makeWorker({ threads: 2, definition: source('import time\ndef nap(s): time.sleep(s)') })
    await worker.start(() => own(2))
    const ends = ['a', 'b', 'c'].map((id) => end('nap', 0.2, { id }))
    expect(['a', 'b', 'c', 'd'].map((id) => worker.stateOf(id))).toEqual(['running', 'running', 'queued', undefined])
    await Promise.all(ends)
    expect(worker.stateOf('c')).toBeUndefined()
  })
})

describe('a worker that speaks only the base protocol (W-1, V-6)', () => {
  it('W-1: defines and calls', async () => {
    const { worker, end } = makeWorker({ definition: source('def f(x):\n    return {"got": x}') })
    await worker.start(foreign)
    expect(await end('f', { text: 'é' })).toEqual({ state: 'done', value: { got: { text: 'é' } } })
    expect(worker.pythonVersion).toBeUndefined()
  })

  it('W-1: its errors and its unknown functions are PythonErrors', async () => {
    const { worker, end } = makeWorker({ definition: source('def f(x): raise KeyError(x)') })
    await worker.start(foreign)
    expect(await end('f', 'k')).toMatchObject({
      error: { name: 'PythonError', pythonType: 'KeyError', message: "'k'" },
    })
    expect(await end('g')).toMatchObject({ error: { name: 'PythonError', pythonType: 'NameError' } })
  })

  it('V-6: takes one positional argument, and anything else is refused at the door', async () => {
    const { worker, end } = makeWorker({ definition: source('def f(x): return x') })
    await worker.start(foreign)
    expect(await end('f', null, { spread: { args: [5], kwargs: {} } })).toEqual({ state: 'done', value: 5 })
    for (const spread of [
      { args: [1, 2], kwargs: {} },
      { args: [], kwargs: {} },
      { args: [1], kwargs: { a: 1 } },
    ]) {
      expect(() => worker.submit({ id: 'x', func: 'f' }, { spread })).toThrow(UnsupportedByWorkerError)
    }
  })

  it('fails the start when it would have to import modules', async () => {
    const { worker } = makeWorker({ definition: { ...source('x = 1'), modules: ['json'] } })
    await expect(worker.start(foreign)).rejects.toBeInstanceOf(UnsupportedByWorkerError)
    expect(worker.state).toBe('idle')
  })

  it("W-1: protocol 'base' keeps our own worker to the base protocol", async () => {
    const { worker, end } = makeWorker({ protocol: 'base', definition: source('def f(x): return x') })
    await worker.start(() => own())
    expect(await end('f', 1)).toEqual({ state: 'done', value: 1 })
    expect(() => worker.submit({ id: 'x', func: 'f' }, { spread: { args: [1, 2], kwargs: {} } })).toThrow(
      UnsupportedByWorkerError,
    )
  })
})

describe('garbage from a worker (W-4)', () => {
  it.each([
    ['garbage', 'MalformedFrameError'],
    ['half-frame', 'TruncatedFrameError'],
    ['huge-length', 'FrameTooLargeError'],
    ['unasked', 'ProtocolError'],
    ['error-frame', 'ProtocolError'],
  ])('W-4: %s ends the connection: the calls end in DiedError with a %s as cause', async (way, cause) => {
    const { worker, end, liveness } = makeWorker()
    await worker.start(() => misbehaving(way))
    const { pid } = worker
    const died = nextDeath(worker)
    expect(await end('f', 1)).toMatchObject({ error: { name: 'DiedError', cause: { name: cause } } })
    expect(await died).toMatchObject({ name: 'DiedError', cause: { name: cause } })
    expect(isAlive(pid!)).toBe(false)
    expect(liveness).toEqual(['ready', 'died'])
    expect(worker.state).toBe('died')
  })

  it('W-1: an unknown message type is passed over', async () => {
    const { worker, end } = makeWorker()
    await worker.start(() => misbehaving('unknown-type'))
    expect(await end('f', 1)).toEqual({ state: 'done', value: 'still here' })
  })

  it('D-6: a value that cannot be read fails that call alone, with its path', async () => {
    const { worker, end } = makeWorker()
    await worker.start(() => misbehaving('float-and-integer'))
    expect(await end('integer')).toMatchObject({ error: { name: 'UnserializableError', path: 'result.items[1]' } })
    expect(await end('bytes')).toMatchObject({ error: { name: 'UnserializableError', path: 'result' } })
    expect(await end('float')).toEqual({ state: 'done', value: 9007199254740994 })
  })
})

describe('death (V-14)', () => {
  it('V-14: an answer written before the exit counts', async () => {
    const { worker, end } = makeWorker()
    await worker.start(() => misbehaving('answer-then-die'))
    const died = nextDeath(worker)
    expect(await end('f', 'last words')).toEqual({ state: 'done', value: 'last words' })
    expect(await died).toMatchObject({ exitCode: 9, signal: null })
  })

  it('V-14: of 10 000 calls the answered ones are delivered and all others end in DiedError', async () => {
    const { worker, ends } = makeWorker({ threads: 4 })
    await worker.start(() => misbehaving('answer-some-then-die', 4_000, 10_000))
    const died = nextDeath(worker)
    for (let index = 0; index < 10_000; index += 1) worker.submit({ id: `c${index}`, func: 'f' }, { args: index })
    expect(await died).toMatchObject({ signal: 'SIGKILL' })
    const counts = { done: 0, failed: 0 }
    for (const end of ends.values()) counts[end.state] += 1
    expect(counts).toEqual({ done: 4_000, failed: 6_000 })
    expect(ends.get('c9999')).toMatchObject({ error: { name: 'DiedError', callId: 'c9999', signal: 'SIGKILL' } })
  })

  it('V-14: a grandchild that holds the channel open delays nothing for ever', async () => {
    const { worker, end } = makeWorker()
    await worker.start(() => misbehaving('die-while-a-child-holds-the-channel'))
    const died = nextDeath(worker)
    const grandchild = (await end('f')) as { value: number }
    try {
      expect(await died).toMatchObject({ signal: 'SIGKILL' })
      expect(isAlive(grandchild.value)).toBe(true)
    } finally {
      process.kill(grandchild.value, 'SIGKILL')
    }
  })

  it('W-4: a worker that closes its channel and runs on is ended, and the error says so', async () => {
    const { worker, end } = makeWorker()
    await worker.start(() => misbehaving('close-channel'))
    expect(await end('f')).toMatchObject({
      error: {
        name: 'DiedError',
        message: expect.stringContaining('closed its channel'),
        cause: { name: 'ProtocolError' },
      },
    })
  })
})

describe('close (V-15)', () => {
  it('V-15: kills after closeGraceMs what does not end when asked', async () => {
    const { worker } = makeWorker({ closeGraceMs: 100 })
    await worker.start(() => misbehaving('deaf'))
    const { pid } = worker
    await worker.close()
    expect(isAlive(pid!)).toBe(false)
  })

  it('V-15: during a start, it ends the start', async () => {
    const { worker } = makeWorker()
    const starting = worker.start(() => misbehaving('silent'))
    await eventually(() => worker.pid !== undefined)
    const { pid } = worker
    const closing = worker.close()
    await expect(starting).rejects.toBeInstanceOf(ClosedError)
    await closing
    expect(isAlive(pid!)).toBe(false)
    expect(worker.state).toBe('closed')
  })

  it('V-15: before the first start, it is the end of it', async () => {
    const { worker } = makeWorker()
    await worker.close()
    expect(worker.state).toBe('closed')
  })
})
