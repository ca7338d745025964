import { randomBytes } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { ResultCache } from '../src/index.js'
import { FakeClock } from './fake-clock.js'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function heapBytes(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

test('V-11: 1,000,000 finished entries take at most 250 MB of heap, ids and outcome objects included', () => {
  const entryCount = 1_000_000
  const value = { of: 'everyone' }
  const clock = new FakeClock()
  const cache = new ResultCache({ clock })
  const before = heapBytes()
  for (let index = 0; index < entryCount; index += 1) {
    const id = randomBytes(16).toString('hex')
    cache.register(id)
    cache.settle(id, { state: 'done', value }, { bytes: 100 })
    // Spread over ten minutes, as a busy program would leave them.
    if (index % 1_000 === 0) clock.advance(600)
  }
  const taken = heapBytes() - before
  expect(cache.resultCount).toBe(entryCount)
  expect(taken).toBeLessThanOrEqual(250_000_000)

  clock.advance(1_000_000)
  expect(cache.gauges()).toMatchObject({ results: 0, bytes: 0, expired: entryCount })
  expect(heapBytes() - before).toBeLessThanOrEqual(5_000_000)
  // Still in use here, so what was measured above is an emptied cache and not a collected one.
  expect(cache.pendingCount).toBe(0)
})
