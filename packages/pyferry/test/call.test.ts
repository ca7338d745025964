import { inspect } from 'node:util'
import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import {
  AwaitTimeoutError,
  type CallPromise,
  ClosedError,
  DiedError,
  FrameTooLargeError,
  FunctionNotFoundError,
  isPyferryError,
  kwargs,
  NotStartedError,
  OptionError,
  PythonError,
  QueueFullError,
  UnknownCallError,
  UnserializableError,
  Venv,
} from '../src/index.js'
import { death, eventually, failureOf, makeVenv, python, startVenv } from './support.js'

const basics = `
import time
def echo(x): return x
def add(a, b=0, *, c=0): return a + b + c
def nap(seconds):
    time.sleep(seconds)
    return seconds
def fail(text): raise ValueError(text)
class Model:
    scale = 3
    @staticmethod
    def predict(x): return x * 3
`

const bumps = `
import time
count = 0
def bump(by, after=0):
    global count
    time.sleep(after)
    count += by
    return count
`

describe('call (V-5)', () => {
  it('V-5: returns 128 random bits as 32 lower-case hex characters, at once', async () => {
    const py = await startVenv(basics)
    const ids = Array.from({ length: 1_000 }, () => py.call('echo', 1))
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/)
    expect(new Set(ids).size).toBe(1_000)
    await Promise.all(ids.map((id) => py.await(id)))
  })

  it('V-5: passes None when there is no value', async () => {
    const py = await startVenv(basics)
    expect(await py.await(py.call('echo'))).toBeNull()
  })

  it('V-5: throws there and then: not started, died, closed', async () => {
    const py = makeVenv({ sources: [basics] })
    expect(() => py.call('echo')).toThrow(NotStartedError)
    await py.start()
    const died = death(py)
    process.kill(py.pid!, 'SIGKILL')
    await died
    expect(() => py.call('echo')).toThrow(DiedError)
    await py.close()
    expect(() => py.call('echo')).toThrow(ClosedError)
  })

  it('V-5: throws QueueFullError over maxQueue, and forgets the call', async () => {
    const py = await startVenv(basics, { maxQueue: 1 })
    const ids = [py.call('nap', 0.2), py.call('echo', 1)]
    expect(() => py.call('echo', 2)).toThrow(QueueFullError)
    await Promise.all(ids.map((id) => py.await(id)))
    expect(py.resultCount).toBe(0)
  })

  const cyclic: Record<string, unknown> = { a: {} }
  ;(cyclic.a as Record<string, unknown>).b = cyclic
  it.each<[string, unknown, string]>([
    ['a cycle', cyclic, 'args.a.b'],
    ['a function', { items: [1, () => 1] }, 'args.items[1]'],
    ['a symbol', [Symbol('s')], 'args[0]'],
  ])('V-5, D-6: refuses %s with its path', async (_, value, path) => {
    const py = await startVenv(basics)
    expect(() => py.call('echo', value)).toThrow(UnserializableError)
    expect(() => py.call('echo', value)).toThrow(expect.objectContaining({ path }))
    expect(() => py.call('echo', value)).toThrow(TypeError)
  })

  it.each<[string, unknown, string]>([
    ['a cycle', cyclic, 'args.a.b'],
    ['NaN', { x: Number.NaN }, 'args.x'],
    ['a big integer', { n: 2n ** 70n }, 'args.n'],
    ['an unsafe integer', [2 ** 53], 'args[0]'],
    ['a Map', { 'a b': new Map() }, 'args["a b"]'],
    ['a Date', new Date(), 'args'],
  ])('V-5, W-1: in the base protocol refuses %s with its path', async (_, value, path) => {
    const py = await startVenv(basics, { protocol: 'base' })
    expect(() => py.call('echo', value)).toThrow(UnserializableError)
    expect(() => py.call('echo', value)).toThrow(expect.objectContaining({ path }))
    expect(() => py.call('echo', value)).toThrow(TypeError)
  })

  it('W-4: refuses arguments over maxFrameBytes in the base protocol, which has no pieces', async () => {
    const py = await startVenv(basics, { maxFrameBytes: 4096, protocol: 'base' })
    expect(() => py.call('echo', 'x'.repeat(5_000))).toThrow(FrameTooLargeError)
    expect(await py.callAndAwait('echo', 'short')).toBe('short')
  })

  it('refuses a function name that is none, and options nobody knows', async () => {
    const py = await startVenv(basics)
    expect(() => py.call('')).toThrow(OptionError)
    expect(() => py.call(undefined as unknown as string)).toThrow(OptionError)
    expect(() => py.call('echo', 1, { priority: 1 } as never)).toThrow(OptionError)
    await expect(py.callAndAwait('echo', 1, { idempotent: true } as object)).rejects.toBeInstanceOf(OptionError)
  })
})

describe('calling conventions (V-6)', () => {
  it('V-6: one argument, positional ones, keywords, and an attribute', async () => {
    const py = await startVenv(basics)
    expect(await py.callAndAwait('echo', { a: [1, null, 'é'] })).toEqual({ a: [1, null, 'é'] })
    expect(await py.invoke('add', 1, 2)).toBe(3)
    expect(await py.invoke('add', 1, kwargs({ b: 2, c: 3 }))).toBe(6)
    expect(await py.invoke('add', kwargs({ a: 4 }))).toBe(4)
    expect(await (py.functions as Record<string, (...args: unknown[]) => Promise<unknown>>).add!(3, 4)).toBe(7)
  })

  it('V-6: invoke returns a promise with the id, waiting already', async () => {
    const py = await startVenv(basics)
    const promise = py.invoke('nap', 0.05)
    expect(promise.id).toMatch(/^[0-9a-f]{32}$/)
    expect(py.peek(promise.id)).toBe('running')
    expect(await promise).toBe(0.05)
    expect(() => py.peek(promise.id)).toThrow(UnknownCallError)
  })

  it('V-6: promises always reject, never throw', async () => {
    const py = makeVenv({ sources: [basics] })
    await expect(py.invoke('echo', 1)).rejects.toBeInstanceOf(NotStartedError)
    await expect(py.callAndAwait('echo', 1)).rejects.toBeInstanceOf(NotStartedError)
    await py.start()
    await expect(py.invoke('add', kwargs({ a: 1 }), 2)).rejects.toMatchObject({ path: 'args[0]' })
    await expect(py.invoke('echo', () => 1)).rejects.toMatchObject({ path: 'args' })
    expect(() => py.call('echo', kwargs({ x: 1 }))).toThrow(UnserializableError)
  })

  it('V-6: kwargs takes a plain object and nothing else', async () => {
    class Point {
      x = 1
    }
    for (const values of [new Map([['a', 1]]), new Point(), [1], 'a', null]) {
      expect(() => kwargs(values as never)).toThrow(UnserializableError)
    }
    const py = await startVenv(basics)
    expect(await py.invoke('add', kwargs(Object.assign(Object.create(null), { a: 5 })))).toBe(5)
  })

  it('V-6: dotted names reach module attributes and methods of classes', async () => {
    const py = await startVenv(basics, { modules: ['json', 'os.path'] })
    expect(await py.callAndAwait('json.dumps', [1, 2])).toBe('[1, 2]')
    expect(await py.invoke('os.path.join', 'a', 'b')).toBe('a/b')
    expect(await py.callAndAwait('Model.predict', 5)).toBe(15)
  })

  it.each([
    'print',
    'eval',
    '__import__',
    'Model.__init__',
    '_hidden',
    'time._strptime_time',
    'Model.scale',
    'add.',
    ''.padEnd(3, '.'),
  ])('V-6: %s cannot be called from outside', async (name) => {
    const py = await startVenv(`${basics}\ndef _hidden(x): return x`)
    await expect(py.callAndAwait(name, 1)).rejects.toBeInstanceOf(FunctionNotFoundError)
  })

  it('V-6: a missing function names the closest existing ones', async () => {
    const py = await startVenv(basics)
    await expect(py.callAndAwait('ecko', 1)).rejects.toMatchObject({
      code: 'ERR_PYFERRY_FUNCTION_NOT_FOUND',
      function: 'ecko',
      candidates: expect.arrayContaining(['echo']),
    })
  })

  it('V-6: where functions are marked with @pyferry.expose, only those can be called', async () => {
    const code =
      'import pyferry\n@pyferry.expose\ndef one(x): return 1\n@pyferry.expose(name="deux")\ndef two(x): return 2\ndef three(x): return 3'
    const py = await startVenv(code)
    expect([await py.callAndAwait('one'), await py.callAndAwait('deux')]).toEqual([1, 2])
    await expect(py.callAndAwait('two')).rejects.toBeInstanceOf(FunctionNotFoundError)
    await expect(py.callAndAwait('three')).rejects.toBeInstanceOf(FunctionNotFoundError)
  })

  it("V-6: expose: 'own' leaves out what a source only imports; a list leaves out all others", async () => {
    const code = 'from json import dumps\ndef mine(x): return x'
    const own = await startVenv(code, { expose: 'own' })
    expect(await own.callAndAwait('mine', 1)).toBe(1)
    await expect(own.callAndAwait('dumps', 1)).rejects.toBeInstanceOf(FunctionNotFoundError)
    const listed = await startVenv(code, { expose: ['dumps'] })
    expect(await listed.callAndAwait('dumps', 1)).toBe('1')
    await expect(listed.callAndAwait('mine', 1)).rejects.toBeInstanceOf(FunctionNotFoundError)
  })

  it('V-6: functions is no thenable and ignores symbols and what tools ask for', async () => {
    const py = await startVenv(basics)
    const functions = py.functions as unknown as Record<PropertyKey, unknown>
    for (const name of ['then', 'toJSON', 'inspect', 'constructor', 'nodeType', Symbol.toPrimitive, Symbol.iterator]) {
      expect(functions[name]).toBeUndefined()
    }
    expect(await Promise.resolve(py.functions)).toBe(py.functions)
    expect(JSON.stringify(py.functions)).toBe('{}')
    expect(inspect(py.functions)).toContain('{}')
    expect(functions.echo).toBe(functions.echo)
  })

  it('V-6: with() gives the spread forms the options of a call', async () => {
    const py = await startVenv(bumps)
    const reason = new Error('too late')
    const aborted = py.with({ signal: AbortSignal.abort(reason) })
    await expect(aborted.invoke('bump', 1)).rejects.toBe(reason)
    await expect(aborted.functions.bump!(1)).rejects.toBe(reason)
    const hasty = py.with({ timeoutMs: 5 })
    const waiting = hasty.invoke('bump', 10, kwargs({ after: 0.1 }))
    await expect(waiting).rejects.toBeInstanceOf(AwaitTimeoutError)
    expect(await py.await(waiting.id)).toBe(10)
    const controller = new AbortController()
    const left = py.with({ signal: controller.signal }).functions.bump!(5, kwargs({ after: 0.1 }))
    controller.abort(reason)
    await expect(left).rejects.toBe(reason)
    expect(await py.await(left.id)).toBe(15)
    await expect(hasty.invoke('bump', () => 1)).rejects.toBeInstanceOf(UnserializableError)
    await expect(hasty.invoke('bump', kwargs({ by: 1 }), 2)).rejects.toMatchObject({ path: 'args[0]' })
  })

  it.each([{ timeoutMs: -1 }, { signal: {} }, null, { timeout: 1 }, { values: 'xml' }])(
    'V-6: with() refuses %j at once',
    (options) => {
      const py = makeVenv({ sources: [basics] })
      expect(() => py.with(options as object)).toThrow(OptionError)
    },
  )

  it('V-6: functions are typed by the argument of Venv', () => {
    const py = new Venv<{ add(a: number, b: number): number; names(): Promise<string[]> }>({ interpreter: python })
    expectTypeOf(py.with({}).functions.add).toBeCallableWith(1, kwargs({ b: 2 }))
    expectTypeOf(py.functions.add).toBeCallableWith(1, 2)
    expectTypeOf(py.functions.add).toBeCallableWith(1, kwargs({ b: 2 }))
    expectTypeOf<ReturnType<typeof py.functions.names>>().toEqualTypeOf<CallPromise<string[]>>()
    // @ts-expect-error a string is no number
    const misuse = () => py.functions.add('1', 2)
    expect(misuse).toBeTypeOf('function')
  })
})

describe('await (V-7, V-8, V-9, V-10)', () => {
  it('V-7: an expired wait neither cancels nor consumes; a later one re-enters', async () => {
    const py = await startVenv(basics)
    const id = py.call('nap', 0.2)
    await expect(py.await(id, { timeoutMs: 10 })).rejects.toBeInstanceOf(AwaitTimeoutError)
    await expect(py.await(id, { timeoutMs: 0 })).rejects.toMatchObject({ code: 'ERR_PYFERRY_AWAIT_TIMEOUT' })
    expect(await py.await(id)).toBe(0.2)
  })

  it('V-7: an aborted wait rejects with the reason, and the call goes on', async () => {
    const py = await startVenv(basics)
    const id = py.call('nap', 0.1)
    const controller = new AbortController()
    const waiting = py.await(id, { signal: controller.signal })
    const reason = new Error('client went away')
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    expect(await py.await(id)).toBe(0.1)
  })

  it('V-7: when result and abort are both there, the result wins', async () => {
    const py = await startVenv(basics)
    const id = py.call('echo', 1)
    await eventually(() => py.peek(id) === 'done')
    expect(await py.await(id, { signal: AbortSignal.abort(new Error('late')) })).toBe(1)
  })

  it('V-8: the first parked waiter gets the outcome, any other an UnknownCallError', async () => {
    const py = await startVenv(basics)
    const id = py.call('nap', 0.05)
    const [first, second] = await Promise.allSettled([py.await(id), py.await(id)])
    expect(first).toEqual({ status: 'fulfilled', value: 0.05 })
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'ERR_PYFERRY_UNKNOWN_CALL' } })
    await expect(py.await(id)).rejects.toBeInstanceOf(UnknownCallError)
  })

  it('V-8: on close() all parked waiters get a ClosedError, each of their own', async () => {
    const py = await startVenv(basics)
    const id = py.call('nap', 0.2)
    async function firstPlace() {
      return await py.await(id)
    }
    async function secondPlace() {
      return await py.await(id)
    }
    const waiting = [failureOf(firstPlace()), failureOf(secondPlace())]
    await py.close()
    const [first, second] = await Promise.all(waiting)
    expect([first, second]).toEqual([expect.any(ClosedError), expect.any(ClosedError)])
    expect(first).toMatchObject({ function: 'nap', callId: id, incarnation: 1 })
    expect(first?.stack).toContain('firstPlace')
    expect(second?.stack).toContain('secondPlace')
  })

  it('V-15: after close() finished results can be fetched, and calls that were in flight are ClosedError', async () => {
    const py = await startVenv(basics)
    const finished = py.call('echo', 'kept')
    await eventually(() => py.peek(finished) === 'done')
    const lost = py.call('nap', 0.2)
    await py.close()
    expect(await py.await(finished)).toBe('kept')
    await expect(py.await(lost)).rejects.toBeInstanceOf(ClosedError)
    await expect(py.start()).rejects.toBeInstanceOf(ClosedError)
  })

  it('V-8: a Python error is consumed like a value', async () => {
    const py = await startVenv(basics)
    const id = py.call('fail', 'once')
    await expect(py.await(id)).rejects.toBeInstanceOf(PythonError)
    await expect(py.await(id)).rejects.toBeInstanceOf(UnknownCallError)
  })

  it('V-9: result never blocks, and consumes an outcome', async () => {
    const py = await startVenv(basics)
    const id = py.call('nap', 0.05)
    expect(py.result(id)).toEqual({ state: 'pending' })
    await eventually(() => py.peek(id) === 'done')
    expect(py.peek(id)).toBe('done')
    expect(py.result(id)).toEqual({ state: 'done', value: 0.05 })
    expect(() => py.result(id)).toThrow(UnknownCallError)
    const failing = py.call('fail', 'x')
    await eventually(() => py.peek(failing) === 'failed')
    expect(py.result(failing)).toMatchObject({ state: 'failed', error: { pythonType: 'ValueError' } })
    expect(() => py.peek(failing)).toThrow(UnknownCallError)
  })

  it('V-9: peek tells queued from running', async () => {
    const py = await startVenv(basics, { threads: 2 })
    const ids = [py.call('nap', 0.1), py.call('nap', 0.1), py.call('nap', 0)]
    expect(ids.map((id) => py.peek(id))).toEqual(['running', 'running', 'queued'])
    await Promise.all(ids.map((id) => py.await(id)))
  })

  it('V-10: callAndAwait is both; its time limit ends the wait and leaves the call', async () => {
    const py = await startVenv(basics)
    expect(await py.callAndAwait<number>('nap', 0.01)).toBe(0.01)
    await expect(py.callAndAwait('nap', 0.1, { timeoutMs: 5 })).rejects.toBeInstanceOf(AwaitTimeoutError)
    await eventually(() => py.resultCount === 1)
  })

  it('V-10: aborted before it begins, nothing is sent', async () => {
    const py = await startVenv('count = 0\ndef bump(x):\n    global count\n    count += 1\n    return count')
    const reason = new Error('too late')
    await expect(py.callAndAwait('bump', null, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(await py.callAndAwait('bump')).toBe(1)
  })

  it.each([{ timeoutMs: -1 }, { signal: {} }, null, { treads: 1 }])(
    'refuses %j before anything is sent',
    async (options) => {
      const py = await startVenv('count = 0\ndef bump(x):\n    global count\n    count += 1\n    return count')
      await expect(py.callAndAwait('bump', null, options as object)).rejects.toBeInstanceOf(OptionError)
      expect(await py.callAndAwait('bump')).toBe(1)
      expect(py.resultCount).toBe(0)
    },
  )

  it.each([-1, Number.NaN, '5'])('refuses %s as timeoutMs', async (timeoutMs) => {
    const py = await startVenv(basics)
    const id = py.call('echo', 1)
    await expect(py.await(id, { timeoutMs: timeoutMs as number })).rejects.toBeInstanceOf(OptionError)
    expect(await py.await(id)).toBe(1)
  })
})

describe('results (V-11, V-12)', () => {
  it('V-11: an unclaimed result goes after resultTtlMs; a call in flight never does', async () => {
    const py = await startVenv(basics, { resultTtlMs: 50 })
    const id = py.call('echo', 1)
    const running = py.call('nap', 1.5)
    await eventually(() => py.resultCount === 1)
    await eventually(() => py.resultCount === 0)
    await expect(py.await(id)).rejects.toBeInstanceOf(UnknownCallError)
    expect(await py.await(running)).toBe(1.5)
  })

  it('V-11: maxResults lets the oldest finished one go', async () => {
    const py = await startVenv(basics, { maxResults: 2 })
    const ids = [1, 2, 3].map((value) => py.call('echo', value))
    await eventually(() => py.resultCount === 2)
    await expect(py.await(ids[0]!)).rejects.toBeInstanceOf(UnknownCallError)
    expect([await py.await(ids[1]!), await py.await(ids[2]!)]).toEqual([2, 3])
  })

  it('V-12: finished results survive the death and the restart of the worker', async () => {
    const py = await startVenv(basics)
    const id = py.call('echo', 'kept')
    const failed = py.call('fail', 'kept too')
    await eventually(() => py.resultCount === 2)
    const lost = py.call('nap', 60)
    const died = death(py)
    process.kill(py.pid!, 'SIGKILL')
    await died
    await py.start()
    expect(await py.await(id)).toBe('kept')
    await expect(py.await(failed)).rejects.toMatchObject({ message: 'kept too' })
    await expect(py.await(lost)).rejects.toBeInstanceOf(DiedError)
  })
})

describe('errors (V-18, X)', () => {
  it('V-18: has the JavaScript stack of the place that waits', async () => {
    const py = await startVenv(basics)
    async function placeThatWaits() {
      return await py.callAndAwait('fail', 'x')
    }
    const error = await failureOf(placeThatWaits())
    expect(error.stack).toContain('PythonError: x')
    expect(error.stack).toContain('placeThatWaits')
  })

  it('V-18: and of the call with captureStacks', async () => {
    const py = await startVenv(basics, { captureStacks: true })
    function placeThatCalls() {
      return py.call('fail', 'x')
    }
    const id = placeThatCalls()
    const error = await failureOf(py.await(id))
    expect(error.stack).toContain('placeThatCalls')
    const other = placeThatCalls()
    await eventually(() => py.peek(other) === 'failed')
    expect((py.result(other) as { error: Error }).error.stack).toContain('placeThatCalls')
  })

  it('V-18: tracebacks show the right file and line of each source', async () => {
    const py = makeVenv({
      sources: [
        'def first(x):\n    return x / 0',
        { filename: 'service.py', code: '\n\ndef second(x):\n    return first(x)' },
      ],
    })
    await py.start()
    const error = await failureOf(py.callAndAwait('second', 1))
    expect(error.pythonType).toBe('ZeroDivisionError')
    expect(error.traceback).toMatch(/File "service.py", line 4, in second\n\s+return first\(x\)/)
    expect(error.traceback).toMatch(/File "<sources\[0\]>", line 2, in first\n\s+return x \/ 0/)
  })

  it('X: carries code, facts of the call, and is told by isPyferryError', async () => {
    const py = await startVenv(basics)
    const error = await failureOf(py.callAndAwait('fail', 'x'))
    expect(isPyferryError(error)).toBe(true)
    expect(isPyferryError(error, 'ERR_PYFERRY_PYTHON')).toBe(true)
    expect(isPyferryError(error, 'ERR_PYFERRY_DIED')).toBe(false)
    expect(error).toMatchObject({
      code: 'ERR_PYFERRY_PYTHON',
      environment: python,
      function: 'fail',
      callId: expect.stringMatching(/^[0-9a-f]{32}$/),
      pid: py.pid,
      incarnation: 1,
    })
  })

  it('X: what is refused at the door names its call too', async () => {
    const py = await startVenv(basics)
    const promise = py.invoke('echo', Symbol('s'))
    const error = await failureOf(promise)
    expect(error).toMatchObject({ function: 'echo', callId: promise.id, pid: py.pid, incarnation: 1, path: 'args' })
  })

  it('V-13: listeners of both events, one function for both, and off for one of them', async () => {
    const py = makeVenv({ sources: [basics] })
    const told: unknown[] = []
    const listener = (error?: Error) => told.push(error?.name ?? 'ready')
    py.on('ready', listener).on('died', listener).on('died', listener)
    await py.start()
    const died = death(py)
    process.kill(py.pid!, 'SIGKILL')
    await died
    py.off('died', listener)
    await py.start()
    const again = death(py)
    process.kill(py.pid!, 'SIGKILL')
    await again
    expect(told).toEqual(['ready', 'DiedError', 'ready'])
    expect(() => py.on('exit' as 'died', listener)).toThrow(OptionError)
  })

  it('an outcome nobody waits for is no unhandled rejection', async () => {
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    try {
      const py = await startVenv(basics)
      const id = py.call('fail', 'x')
      await eventually(() => py.peek(id) === 'failed')
      await py.close()
      await new Promise((resolve) => setImmediate(resolve))
      expect(unhandled).not.toHaveBeenCalled()
    } finally {
      process.off('unhandledRejection', unhandled)
    }
  })
})
