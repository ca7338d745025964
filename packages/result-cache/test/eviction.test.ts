import { describe, expect, test } from 'vitest'
import { maxTimerMs } from '../src/clock.js'
import { ResultCache, type ResultCacheOptions, UnknownCallError } from '../src/index.js'
import { FakeClock } from './fake-clock.js'

const done = (value: unknown) => ({ state: 'done', value }) as const

function makeCache(options: ResultCacheOptions = {}) {
  const clock = new FakeClock()
  const cache = new ResultCache({ clock, ...options })
  const finish = (id: string, bytes = 0) => {
    cache.register(id)
    cache.settle(id, done(id), { bytes })
  }
  const kept = (...ids: string[]) => ids.filter((id) => isKnown(cache, id))
  return { clock, cache, finish, kept }
}

function isKnown(cache: ResultCache, id: string): boolean {
  try {
    cache.peek(id)
    return true
  } catch (error) {
    if (error instanceof UnknownCallError) return false
    throw error
  }
}

describe('by time', () => {
  test.each([
    { ttlMs: 50, allowedMs: 1_000 },
    { ttlMs: 60_000, allowedMs: 1_000 },
    { ttlMs: 900_000, allowedMs: 9_000 },
    { ttlMs: 90 * 24 * 3_600_000, allowedMs: 77_760_000 },
  ])('V-11: with ttlMs $ttlMs an outcome is there until then, and gone $allowedMs ms later', ({ ttlMs, allowedMs }) => {
    const { clock, cache, finish, kept } = makeCache({ ttlMs })
    clock.advance(12_345)
    finish('a')
    clock.advance(ttlMs - 1)
    expect(kept('a')).toEqual(['a'])
    clock.advance(1 + allowedMs)
    expect(kept('a')).toEqual([])
    expect(cache.gauges()).toMatchObject({ results: 0, expired: 1, displaced: 0 })
  })

  test('V-11: outcomes that fall due together go in slices, one a turn, so that no turn is long', () => {
    const { clock, cache, finish } = makeCache({ ttlMs: 1_000 })
    for (let index = 0; index < 25_000; index += 1) finish(`id-${index}`)
    const counts = []
    for (clock.jump(3_000); cache.resultCount > 0; clock.jump(0)) counts.push(cache.resultCount)
    expect(counts).toEqual([15_000, 5_000])
    expect(clock.timers.size).toBe(0)
  })

  test('V-11: the time counts from completion, and what is in flight is never evicted', () => {
    const { clock, cache, kept } = makeCache({ ttlMs: 1_000 })
    cache.register('slow')
    clock.advance(1_000_000)
    expect(cache.peek('slow')).toBe('pending')
    cache.settle('slow', done(1))
    clock.advance(999)
    expect(kept('slow')).toEqual(['slow'])
    clock.advance(1_001)
    expect(kept('slow')).toEqual([])
  })

  test('V-11: Infinity keeps outcomes for ever and needs no timer', () => {
    const { clock, cache, finish } = makeCache({ ttlMs: Number.POSITIVE_INFINITY })
    finish('a')
    expect(clock.timers.size).toBe(0)
    clock.advance(1e12)
    expect(cache.take('a')).toEqual(done('a'))
  })

  test('V-11: one timer serves all outcomes, does not keep the process alive, and is there only while they are', () => {
    const { clock, cache, finish } = makeCache()
    expect(clock.timers.size).toBe(0)
    for (let index = 0; index < 1_000; index += 1) {
      finish(`job ${index}`)
      clock.advance(100)
    }
    expect([...clock.timers]).toMatchObject([{ keepsAlive: false }])
    for (let index = 0; index < 1_000; index += 1) cache.take(`job ${index}`)
    expect(clock.timers.size).toBe(0)
    finish('later')
    expect(clock.timers.size).toBe(1)
    clock.advance(1_000_000)
    expect(cache.resultCount).toBe(0)
    expect(clock.timers.size).toBe(0)
  })

  test('V-11: after a sleep of the machine everything that fell due goes at once', () => {
    const { clock, cache, finish, kept } = makeCache({ ttlMs: 60_000 })
    for (const id of ['a', 'b', 'c']) {
      finish(id)
      clock.advance(5_000)
    }
    clock.jump(3_600_000)
    finish('d')
    expect(kept('a', 'b', 'c', 'd')).toEqual(['d'])
    expect(cache.evictedCount).toBe(3)
  })

  test('V-11: a TTL longer than a timer can be is kept in full', () => {
    const { clock, finish, kept } = makeCache({ ttlMs: 3 * maxTimerMs })
    finish('a')
    expect([...clock.timers]).toMatchObject([{ dueAt: maxTimerMs }])
    clock.advance(3 * maxTimerMs - 1)
    expect(kept('a')).toEqual(['a'])
    clock.advance(0.01 * 3 * maxTimerMs)
    expect(kept('a')).toEqual([])
  })

  test('V-11: a consumed outcome is not counted as evicted when its time comes', () => {
    const { clock, cache, finish } = makeCache({ ttlMs: 1_000 })
    finish('a')
    finish('b')
    cache.take('a')
    clock.advance(2_000)
    expect(cache.gauges()).toMatchObject({ results: 0, expired: 1 })
  })
})

describe('by bounds', () => {
  test('V-11: over maxResults the oldest finished goes, by completion and not by registration', () => {
    const { cache, kept } = makeCache({ maxResults: 2 })
    for (const id of ['a', 'b', 'c', 'running']) cache.register(id)
    for (const id of ['c', 'a', 'b']) cache.settle(id, done(id))
    expect(kept('a', 'b', 'c', 'running')).toEqual(['a', 'b', 'running'])
    expect(cache.gauges()).toMatchObject({ pending: 1, results: 2, displaced: 1, expired: 0 })
  })

  test('V-11: what is consumed makes room', () => {
    const { cache, finish, kept } = makeCache({ maxResults: 2 })
    finish('a')
    finish('b')
    cache.take('a')
    finish('c')
    expect(kept('a', 'b', 'c')).toEqual(['b', 'c'])
    expect(cache.evictedCount).toBe(0)
  })

  test('an outcome that goes straight to a waiter displaces nothing', async () => {
    const { cache, finish, kept } = makeCache({ maxResults: 1, maxBytes: 10 })
    finish('kept', 10)
    cache.register('a')
    const parked = cache.wait('a')
    cache.settle('a', done(1), { bytes: 10 })
    await parked
    expect(kept('kept')).toEqual(['kept'])
  })

  test('over maxBytes the oldest finished go until the rest fits', () => {
    const { cache, finish, kept } = makeCache({ maxBytes: 100 })
    finish('a', 40)
    finish('b', 40)
    finish('c', 20)
    expect(cache.bytes).toBe(100)
    finish('d', 50)
    expect(kept('a', 'b', 'c', 'd')).toEqual(['c', 'd'])
    expect(cache.gauges()).toMatchObject({ bytes: 70, displaced: 2 })
  })

  test('the newest outcome stays even when it alone is larger than maxBytes, until the next one', () => {
    const { cache, finish, kept } = makeCache({ maxBytes: 100 })
    finish('a', 10)
    finish('huge', 1_000)
    expect(kept('a', 'huge')).toEqual(['huge'])
    finish('b', 10)
    expect(kept('huge', 'b')).toEqual(['b'])
    expect(cache.bytes).toBe(10)
  })
})

describe('close', () => {
  test('V-15: what is finished stays fetchable without a timer, also what is settled afterwards', () => {
    const { clock, cache, finish } = makeCache({ ttlMs: 1_000 })
    finish('a')
    cache.register('b')
    cache.close()
    cache.close()
    cache.settle('b', done('b'))
    expect(clock.timers.size).toBe(0)
    clock.advance(1_000_000)
    expect([cache.take('a'), cache.take('b')]).toEqual([done('a'), done('b')])
  })
})
