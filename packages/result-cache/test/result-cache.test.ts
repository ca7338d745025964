import { getEventListeners } from 'node:events'
import { describe, expect, test, vi } from 'vitest'
import { AwaitTimeoutError, DuplicateIdError, OptionError, ResultCache, UnknownCallError } from '../src/index.js'
import { FakeClock } from './fake-clock.js'

const done = (value: unknown) => ({ state: 'done', value }) as const
const failed = (error: unknown) => ({ state: 'failed', error }) as const

/** How a promise ended, as something to compare. */
const endOf = (promise: Promise<unknown>) =>
  promise.then(
    (value) => ({ resolved: value }),
    (error: unknown) => ({ rejected: error }),
  )

const unknown = { rejected: expect.any(UnknownCallError) }

describe('the life of an entry', () => {
  test('V-9: what is in flight is pending for take and peek', () => {
    const cache = new ResultCache()
    cache.register('a')
    expect(cache.take('a')).toEqual({ state: 'pending' })
    expect(cache.peek('a')).toBe('pending')
    expect(cache.gauges()).toMatchObject({ pending: 1, results: 0 })
  })

  test.each([
    { outcome: done(1), state: 'done' },
    { outcome: failed(new Error('no')), state: 'failed' },
  ])('V-9: take gives the $state outcome and consumes it; peek tells and does not consume', ({ outcome, state }) => {
    const cache = new ResultCache()
    cache.register('a')
    expect(cache.settle('a', outcome)).toBe(true)
    expect([cache.peek('a'), cache.peek('a')]).toEqual([state, state])
    expect(cache.take('a')).toBe(outcome)
    expect(() => cache.take('a')).toThrow(UnknownCallError)
    expect(() => cache.peek('a')).toThrow(UnknownCallError)
  })

  test('V-9: take and peek throw UnknownCallError for an id that was never registered', () => {
    const cache = new ResultCache()
    expect(() => cache.take('nobody')).toThrow(UnknownCallError)
    expect(() => cache.peek('nobody')).toThrow(UnknownCallError)
  })

  test('V-8: an outcome settles once; a later one is refused and changes nothing', () => {
    const cache = new ResultCache()
    cache.register('a')
    expect(cache.settle('a', done('first'))).toBe(true)
    expect(cache.settle('a', done('second'))).toBe(false)
    expect(cache.take('a')).toEqual(done('first'))
    expect(cache.settle('a', done('third'))).toBe(false)
    expect(() => cache.take('a')).toThrow(UnknownCallError)
  })

  test('settle of an id that is not known is false', () => {
    expect(new ResultCache().settle('nobody', done(1))).toBe(false)
  })

  test('an id can be registered once while it is known, and again after it was consumed', () => {
    const cache = new ResultCache()
    cache.register('a')
    expect(() => cache.register('a')).toThrow(DuplicateIdError)
    cache.settle('a', done(1))
    expect(() => cache.register('a')).toThrow(DuplicateIdError)
    cache.take('a')
    cache.register('a')
    expect(cache.peek('a')).toBe('pending')
  })

  test('discard forgets what is in flight, and wakes who waits for it', async () => {
    const cache = new ResultCache()
    cache.register('a')
    const parked = endOf(cache.wait('a'))
    expect(cache.discard('a')).toBe(true)
    expect(await parked).toEqual(unknown)
    expect(cache.settle('a', done(1))).toBe(false)
    expect(cache.gauges()).toMatchObject({ pending: 0, waiters: 0, results: 0 })
  })

  test('discard leaves a finished outcome alone and is false for an unknown id', () => {
    const cache = new ResultCache()
    cache.register('a')
    cache.settle('a', done(1))
    expect(cache.discard('a')).toBe(false)
    expect(cache.take('a')).toEqual(done(1))
    expect(cache.discard('a')).toBe(false)
  })

  test('V-12: finished outcomes stay while everything in flight is failed', async () => {
    const cache = new ResultCache()
    for (const id of ['finished', 'running', 'waited']) cache.register(id)
    cache.settle('finished', done(1))
    const parked = cache.wait('waited')
    for (const id of ['running', 'waited']) cache.settle(id, failed('died'), { broadcast: true })
    expect(cache.take('finished')).toEqual(done(1))
    expect(cache.take('running')).toEqual(failed('died'))
    expect(await parked).toEqual(failed('died'))
  })
})

describe('waiting', () => {
  test('V-7: a wait gets the outcome that is there already, or the one that comes', async () => {
    const cache = new ResultCache()
    cache.register('early')
    cache.register('late')
    cache.settle('early', done(1))
    const parked = cache.wait('late')
    cache.settle('late', done(2))
    expect(await Promise.all([cache.wait('early'), parked])).toEqual([done(1), done(2)])
    expect(cache.gauges()).toMatchObject({ pending: 0, results: 0, waiters: 0 })
  })

  test('V-7: a failed outcome resolves the wait, so that it cannot be mistaken for an error of the waiting', async () => {
    const cache = new ResultCache()
    cache.register('a')
    const parked = cache.wait('a')
    cache.settle('a', failed('its error'))
    expect(await parked).toEqual(failed('its error'))
  })

  test('V-8: of many waiters the first gets the outcome, the others and everyone later UnknownCallError', async () => {
    const cache = new ResultCache()
    cache.register('a')
    const parked = ['first', 'second', 'third'].map(() => endOf(cache.wait('a')))
    cache.settle('a', done(1))
    expect(await Promise.all(parked)).toEqual([{ resolved: done(1) }, unknown, unknown])
    expect(await endOf(cache.wait('a'))).toEqual(unknown)
  })

  test('V-8: with broadcast every parked waiter gets the outcome, nobody later does', async () => {
    const cache = new ResultCache()
    cache.register('a')
    const parked = [cache.wait('a'), cache.wait('a')]
    cache.settle('a', failed('closed'), { broadcast: true })
    expect(await Promise.all(parked)).toEqual([failed('closed'), failed('closed')])
    expect(await endOf(cache.wait('a'))).toEqual(unknown)
  })

  test('V-8: the first waiter that is still there gets the outcome when those before it have left', async () => {
    const cache = new ResultCache()
    const controller = new AbortController()
    cache.register('a')
    const first = endOf(cache.wait('a', { signal: controller.signal }))
    const second = endOf(cache.wait('a'))
    controller.abort('enough')
    cache.settle('a', done(1))
    expect([await first, await second]).toEqual([{ rejected: 'enough' }, { resolved: done(1) }])
  })

  test('V-7: an expired wait neither cancels nor consumes; a later wait re-enters', async () => {
    const clock = new FakeClock()
    const cache = new ResultCache({ clock })
    cache.register('a')
    const expired = endOf(cache.wait('a', { timeoutMs: 100 }))
    clock.advance(100)
    const error = expect.objectContaining({ constructor: AwaitTimeoutError, id: 'a', timeoutMs: 100 })
    expect(await expired).toEqual({ rejected: error })
    expect(cache.peek('a')).toBe('pending')
    const again = cache.wait('a', { timeoutMs: 100 })
    cache.settle('a', done(1))
    expect(await again).toEqual(done(1))
  })

  test('V-7: an aborted wait rejects with signal.reason, and neither cancels nor consumes', async () => {
    const cache = new ResultCache()
    const controller = new AbortController()
    const reason = new Error('the user left')
    cache.register('a')
    const aborted = endOf(cache.wait('a', { signal: controller.signal }))
    controller.abort(reason)
    const { rejected } = (await aborted) as { rejected: unknown }
    expect(rejected).toBe(reason)
    cache.settle('a', done(1))
    expect(await cache.wait('a')).toEqual(done(1))
  })

  test('V-7: timeoutMs 0 takes what is there and expires at once otherwise', async () => {
    const clock = new FakeClock()
    const cache = new ResultCache({ clock })
    cache.register('a')
    expect(await endOf(cache.wait('a', { timeoutMs: 0 }))).toEqual({ rejected: expect.any(AwaitTimeoutError) })
    expect(clock.timers.size).toBe(0)
    cache.settle('a', done(1))
    expect(await cache.wait('a', { timeoutMs: 0 })).toEqual(done(1))
  })

  test('V-8: an unknown id rejects with UnknownCallError, a bad option with OptionError; nothing is thrown', async () => {
    const cache = new ResultCache()
    expect(await endOf(cache.wait('nobody'))).toEqual(unknown)
    cache.register('a')
    expect(await endOf(cache.wait('a', { timeoutMs: -1 }))).toEqual({ rejected: expect.any(OptionError) })
    expect(cache.waiterCount).toBe(0)
  })

  test('the stack of an error tells who waits, not who fired the timer', async () => {
    const clock = new FakeClock()
    const cache = new ResultCache({ clock })
    cache.register('a')
    async function theOneWhoWaits() {
      await cache.wait('a', { timeoutMs: 1 })
    }
    const end = endOf(theOneWhoWaits())
    clock.advance(1)
    const { rejected } = (await end) as { rejected: Error }
    expect(rejected.stack).toContain('theOneWhoWaits')
  })
})

describe('races: who comes first decides, in that moment', () => {
  const reasons = ['the outcome', 'the abort', 'the time'] as const
  const orders = reasons.flatMap((first) =>
    reasons.filter((each) => each !== first).map((second) => ({ first, second })),
  )

  test.each(orders)('V-7: $first, then $second in the same turn', async ({ first, second }) => {
    const clock = new FakeClock()
    const cache = new ResultCache({ clock })
    const controller = new AbortController()
    cache.register('a')
    const end = endOf(cache.wait('a', { signal: controller.signal, timeoutMs: 100 }))
    const happen = {
      'the outcome': () => cache.settle('a', done(1)),
      'the abort': () => controller.abort('aborted'),
      'the time': () => clock.advance(100),
    }
    const ends = {
      'the outcome': { resolved: done(1) },
      'the abort': { rejected: 'aborted' },
      'the time': { rejected: expect.any(AwaitTimeoutError) },
    }
    happen[first]()
    happen[second]()
    expect(await end).toEqual(ends[first])
    expect(cache.waiterCount).toBe(0)
    // The outcome is never lost: whoever did not get it can still fetch it.
    if (second === 'the outcome') expect(cache.take('a')).toEqual(done(1))
  })

  test('V-7: an outcome that is there wins over a signal that is aborted already', async () => {
    const cache = new ResultCache()
    cache.register('a')
    cache.settle('a', done(1))
    expect(await cache.wait('a', { signal: AbortSignal.abort('early') })).toEqual(done(1))
  })

  test('V-7: a signal that is aborted already rejects a pending wait, and gets no listener', async () => {
    const cache = new ResultCache()
    cache.register('a')
    const signal = AbortSignal.abort('early')
    const end = endOf(cache.wait('a', { signal }))
    expect(getEventListeners(signal, 'abort')).toEqual([])
    expect(await end).toEqual({ rejected: 'early' })
    expect(cache.waiterCount).toBe(0)
  })

  test('V-8: an outcome handed to a waiter is out of reach before the waiter runs', async () => {
    const cache = new ResultCache()
    cache.register('a')
    const parked = cache.wait('a')
    cache.settle('a', done(1))
    expect(() => cache.take('a')).toThrow(UnknownCallError)
    expect(await parked).toEqual(done(1))
  })

  test('V-8: of a wait and a take in one turn the first called gets the outcome', async () => {
    const cache = new ResultCache()
    cache.register('a')
    cache.settle('a', done(1))
    const wait = cache.wait('a')
    expect(() => cache.take('a')).toThrow(UnknownCallError)
    expect(await wait).toEqual(done(1))
  })
})

describe('nothing is left behind', () => {
  test('V-7: 5,000 waits on one signal warn of nothing and leave no listener and no timer', async () => {
    const warnings: string[] = []
    const onWarning = ({ name }: Error) => warnings.push(name)
    process.on('warning', onWarning)
    const activeTimeouts = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const before = activeTimeouts()
    const cache = new ResultCache()
    const { signal } = new AbortController()
    const ids = Array.from({ length: 5_000 }, (_, index) => `job ${index}`)
    for (const id of ids) cache.register(id)
    const waits = ids.map((id) => cache.wait(id, { signal, timeoutMs: 60_000 }))
    expect(activeTimeouts()).toBe(before + ids.length)
    for (const id of ids) cache.settle(id, done(id))
    expect(await Promise.all(waits)).toEqual(ids.map(done))
    expect(getEventListeners(signal, 'abort')).toEqual([])
    expect(activeTimeouts()).toBe(before)
    // Warnings are emitted on the next tick.
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', onWarning)
    expect(warnings).toEqual([])
  })

  test('V-7: one abort ends every wait that shares the signal', async () => {
    const cache = new ResultCache()
    const controller = new AbortController()
    const ids = Array.from({ length: 100 }, (_, index) => `job ${index}`)
    for (const id of ids) cache.register(id)
    const ends = ids.map((id) => endOf(cache.wait(id, { signal: controller.signal })))
    controller.abort('all of you')
    expect(await Promise.all(ends)).toEqual(ids.map(() => ({ rejected: 'all of you' })))
    expect(cache.gauges()).toMatchObject({ pending: 100, waiters: 0 })
  })
})

describe('onWaiters', () => {
  test('V-7: a wait that is settled while the abort of its signal is under way gets the outcome, once', async () => {
    const controller = new AbortController()
    const options = { signal: controller.signal }
    const other = new ResultCache()
    const cache = new ResultCache({
      onWaiters: (count) => {
        if (count === 0) other.settle('b', done('just in time'))
      },
    })
    cache.register('a')
    other.register('b')
    const ends = [endOf(cache.wait('a', options)), endOf(other.wait('b', options))]
    controller.abort('aborted')
    expect(await Promise.all(ends)).toEqual([{ rejected: 'aborted' }, { resolved: done('just in time') }])
    expect(other.gauges()).toMatchObject({ waiters: 0, results: 0 })
  })

  test('V-15: it tells when waiting begins and when nobody waits any more, whatever ends the waits', async () => {
    const clock = new FakeClock()
    const onWaiters = vi.fn()
    const cache = new ResultCache({ clock, onWaiters })
    const told = () => onWaiters.mock.calls.flat()
    const controller = new AbortController()
    for (const id of ['a', 'b', 'c']) cache.register(id)

    const ends = [endOf(cache.wait('a')), endOf(cache.wait('a')), endOf(cache.wait('b'))]
    expect(told()).toEqual([1])
    cache.settle('a', done(1))
    expect(told()).toEqual([1])
    cache.discard('b')
    expect(told()).toEqual([1, 0])

    ends.push(endOf(cache.wait('c', { signal: controller.signal })))
    controller.abort()
    expect(told()).toEqual([1, 0, 1, 0])

    ends.push(endOf(cache.wait('c', { timeoutMs: 5 })))
    clock.advance(5)
    expect(told()).toEqual([1, 0, 1, 0, 1, 0])

    cache.settle('c', done(1))
    ends.push(endOf(cache.wait('c')))
    expect(told()).toEqual([1, 0, 1, 0, 1, 0])
    await Promise.all(ends)
  })
})
