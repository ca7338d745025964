// What a million finished outcomes cost: heap, and time for each operation and each tick. Run with --expose-gc.
import { randomBytes } from 'node:crypto'
import { ResultCache } from '@pyferry/result-cache'

if (typeof globalThis.gc !== 'function') throw new Error('run this as: node --expose-gc benchmarks/result-cache.mjs')

const entryCount = 1_000_000
const ttlMs = 900_000

/** A clock that moves by hand and whose timer, the cache has one at most, fires by hand. */
const clock = {
  time: 0,
  timer: undefined,
  now: () => clock.time,
  setTimer: (callback) => {
    clock.timer = callback
    return callback
  },
  clearTimer: () => {
    clock.timer = undefined
  },
}

const heapBytes = () => {
  globalThis.gc()
  return process.memoryUsage().heapUsed
}

const timed = (run) => {
  const startedAt = performance.now()
  run()
  return performance.now() - startedAt
}

const line = (what, value, unit) => console.log(`${what.padEnd(56)} ${value.padStart(9)} ${unit}`)
const perEntry = (what, ms, count = entryCount) => line(what, ((ms * 1e6) / count).toFixed(0), 'ns each')

const outcome = { state: 'done', value: 'shared by all' }
const ids = Array.from({ length: entryCount }, () => randomBytes(16).toString('hex'))
const cache = new ResultCache({ clock, ttlMs })

const before = heapBytes()
const fillMs = timed(() => {
  for (const [index, id] of ids.entries()) {
    // Spread evenly over one TTL.
    clock.time = (index / entryCount) * ttlMs
    cache.register(id)
    cache.settle(id, outcome)
  }
})
perEntry('register + settle, up to 1,000,000 finished entries', fillMs)
line('heap, ids and values apart', ((heapBytes() - before) / 1e6).toFixed(0), 'MB')

const tickCount = 100_000
const idleMs = timed(() => {
  for (let tick = 0; tick < tickCount; tick += 1) clock.timer()
})
perEntry('a tick with 1,000,000 entries and nothing due', idleMs, tickCount)

const ticks = []
for (clock.time = ttlMs; cache.resultCount > entryCount / 2; clock.time += ttlMs / 200) ticks.push(timed(clock.timer))
ticks.sort((left, right) => left - right)
const evicted = entryCount - cache.resultCount
line(
  `a tick that evicts ${Math.round(evicted / ticks.length).toLocaleString('en')}, median`,
  ticks[ticks.length >> 1].toFixed(2),
  'ms',
)

const remaining = ids.slice(-cache.resultCount)
const takeMs = timed(() => {
  for (const id of remaining) cache.take(id)
})
perEntry('take', takeMs, remaining.length)

const waitCount = 100_000
const waitStart = performance.now()
for (const id of ids.slice(0, waitCount)) {
  cache.register(id)
  const wait = cache.wait(id)
  cache.settle(id, outcome)
  await wait
}
perEntry('register + wait + settle + await', performance.now() - waitStart, waitCount)
