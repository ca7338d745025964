/** How long fuzzing goes on: for a moment among the other tests, or for the minutes that `pnpm fuzz` asks for. */
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'

const ms = Number(process.env.PYFERRY_FUZZ_MS ?? 0)
const firstSeed = Number(process.env.PYFERRY_FUZZ_SEED ?? Date.now() | 0)

/** Of a test that fuzzes. */
export const fuzzTimeLimitMs = 120_000 + ms

/** Look for what breaks `property`, so many runs at least. What is found says the seed that leads there. */
export async function fuzz<T>(property: fc.IProperty<T> | fc.IAsyncProperty<T>, runs: number): Promise<void> {
  const end = Date.now() + ms
  let seed = firstSeed
  do {
    await fc.assert(property, { numRuns: runs, seed })
    seed = (seed + 1) | 0
    // Whoever runs the tests wants to hear from them.
    await setImmediate()
  } while (Date.now() < end)
}
