import { describe, expect, test } from 'vitest'
import { type Expiring, ExpiryQueue } from '../src/expiry.js'

interface Entry extends Expiring<Entry> {
  name: string
}

const entry = (name: string): Entry => ({ name, dueTick: 0, older: undefined, newer: undefined })

/** The moment at which `queue` says its oldest entry falls due, seen from `now`. */
const dueAt = (queue: ExpiryQueue<Entry>, now: number) => now + queue.msUntilDue(now)

function takeAllDue(queue: ExpiryQueue<Entry>, now: number): string[] {
  const names: string[] = []
  for (let due = queue.oldestDue(now); due; due = queue.oldestDue(now)) {
    names.push(due.name)
    queue.remove(due)
  }
  return names
}

describe('V-11: an entry falls due at its TTL or later, by at most half of what the contract allows', () => {
  const minute = 60_000
  const day = 24 * 60 * minute
  test.each([
    { ttlMs: 1, lateMs: 500 },
    { ttlMs: 500, lateMs: 500 },
    { ttlMs: 10_000, lateMs: 500 },
    { ttlMs: 100_000, lateMs: 500 },
    { ttlMs: 15 * minute, lateMs: 4_500 },
    { ttlMs: 365 * day, lateMs: 1.825 * day },
  ])('ttl $ttlMs ms: at most $lateMs ms late', ({ ttlMs, lateMs }) => {
    for (const finishedAt of [0, 0.25, 1, 499, 500, 501, 123_456.789, 40 * day]) {
      const queue = new ExpiryQueue<Entry>(ttlMs)
      queue.add(entry('one'), finishedAt)
      const late = dueAt(queue, finishedAt) - (finishedAt + ttlMs)
      expect(late).toBeGreaterThanOrEqual(-1e-3)
      expect(late).toBeLessThanOrEqual(lateMs)
    }
  })
})

test('V-11: what finished in the same tick falls due at the same moment, so one timer serves all of it', () => {
  const queue = new ExpiryQueue<Entry>(10_000)
  queue.add(entry('a'), 1)
  queue.add(entry('b'), 250)
  queue.add(entry('c'), 500)
  queue.add(entry('d'), 501)
  expect(takeAllDue(queue, 10_499)).toEqual([])
  expect(takeAllDue(queue, 10_500)).toEqual(['a', 'b', 'c'])
  expect(dueAt(queue, 10_500)).toBe(11_000)
})

test('V-11: after a jump of the clock everything whose tick has passed is due at once, oldest first', () => {
  const queue = new ExpiryQueue<Entry>(10_000)
  for (const [index, name] of ['a', 'b', 'c', 'd'].entries()) queue.add(entry(name), index * 5_000)
  expect(takeAllDue(queue, 20_000)).toEqual(['a', 'b', 'c'])
  expect(queue.oldest?.name).toBe('d')
})

test('an entry without end is never due', () => {
  const queue = new ExpiryQueue<Entry>(Number.POSITIVE_INFINITY)
  queue.add(entry('a'), 0)
  expect(queue.msUntilDue(Number.MAX_SAFE_INTEGER)).toBe(Number.POSITIVE_INFINITY)
  expect(queue.oldestDue(Number.MAX_SAFE_INTEGER)).toBeUndefined()
  expect(queue.oldest?.name).toBe('a')
})

test('an empty queue has nothing oldest and nothing due', () => {
  const queue = new ExpiryQueue<Entry>(1)
  expect(queue.oldest).toBeUndefined()
  expect(queue.oldestDue(1e9)).toBeUndefined()
  expect(queue.msUntilDue(0)).toBe(Number.POSITIVE_INFINITY)
})

describe('an entry can be taken out wherever it stands', () => {
  test.each([
    { taken: 'a', left: ['b', 'c'] },
    { taken: 'b', left: ['a', 'c'] },
    { taken: 'c', left: ['a', 'b'] },
  ])('$taken of a, b, c', ({ taken, left }) => {
    const queue = new ExpiryQueue<Entry>(1)
    const entries = ['a', 'b', 'c'].map(entry)
    for (const each of entries) queue.add(each, 0)
    const removed = entries.find(({ name }) => name === taken)!
    queue.remove(removed)
    expect(removed).toMatchObject({ older: undefined, newer: undefined })
    queue.add(entry('d'), 0)
    expect(takeAllDue(queue, 1_000)).toEqual([...left, 'd'])
  })

  test('the only one', () => {
    const queue = new ExpiryQueue<Entry>(1)
    const only = entry('only')
    queue.add(only, 0)
    queue.remove(only)
    queue.add(entry('next'), 0)
    expect(takeAllDue(queue, 1_000)).toEqual(['next'])
  })
})
