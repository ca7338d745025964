/**
 * Whatever is sent comes back as the page of values says, in both directions, through a real worker (D-1 to D-5).
 *
 * The values are generated anew in each run. What is found tells the seed that leads there: PYFERRY_FUZZ_SEED takes it.
 */
import { deepStrictEqual } from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UnserializableError, type Venv, type VenvConfig } from '../src/index.js'
import { jsonPair, largePair, type Pair, pair } from './generated-values.js'
import { pythonWithLibraries } from './libraries.js'
import { failureOf, makeFolder, startVenv } from './support.js'

const seed = Number(process.env.PYFERRY_FUZZ_SEED ?? Date.now() % 2 ** 31)
/** How many times as many values as among the other tests: `pnpm fuzz` has time. */
const times = Number(process.env.PYFERRY_FUZZ_TIMES ?? 1)
const timeLimitMs = times * 60_000

const echo = 'def echo(x): return x'

/** Several at once, so that they share frames, and stand in one another's way. */
async function assertComeBack(py: Venv, values: fc.Arbitrary<Pair>, numRuns: number): Promise<void> {
  const property = fc.asyncProperty(fc.array(values, { minLength: 1, maxLength: 6 }), async (pairs) => {
    const back = await Promise.all(pairs.map(({ sent }) => py.callAndAwait('echo', sent)))
    deepStrictEqual(
      back,
      pairs.map((each) => each.back),
    )
  })
  await fc.assert(property, { seed, numRuns: numRuns * times })
}

describe('from JavaScript to Python and back', () => {
  it.each<[string, VenvConfig, fc.Arbitrary<Pair>, number]>([
    ['small ones', {}, pair(), 200],
    ['small ones, with numpy', { interpreter: pythonWithLibraries }, pair({ hasNumpy: true }), 200],
    ['small ones, with several threads', { threads: 4 }, pair(), 100],
    ['small ones, in frames of 1 KiB', { maxFrameBytes: 1024 }, pair(), 100],
    ['large ones', {}, largePair(), 15],
    ['large ones, with numpy', { interpreter: pythonWithLibraries }, largePair({ hasNumpy: true }), 15],
    ['large ones, with several threads', { threads: 4 }, largePair(), 15],
    ['large ones, in frames of 1 KiB', { maxFrameBytes: 1024 }, largePair(), 5],
  ])(
    'D-1, D-2, D-4: %s',
    async (_, config, values, numRuns) => {
      await assertComeBack(await startVenv(echo, config), values, numRuns)
    },
    timeLimitMs,
  )

  it(
    'D-5, W-1: what JSON has and bytes, in the base protocol',
    async () => {
      await assertComeBack(await startVenv(echo, { protocol: 'base' }), jsonPair, 200)
    },
    timeLimitMs,
  )
})

describe('from Python to JavaScript and back', () => {
  it.each<[string, 'small' | 'large', VenvConfig, number]>([
    ['small ones', 'small', {}, 400],
    ['small ones, with several threads', 'small', { threads: 4 }, 100],
    ['small ones, in frames of 1 KiB', 'small', { maxFrameBytes: 1024 }, 100],
    ['large ones', 'large', {}, 40],
    ['large ones, in frames of 1 KiB', 'large', { maxFrameBytes: 1024 }, 10],
  ])(
    'D-2, D-3, D-4: %s',
    async (_, kind, config, count) => {
      const env = { set: { HYPOTHESIS_STORAGE_DIRECTORY: makeFolder() } }
      // Not as a source, which has to fit in a frame.
      const modules = [fileURLToPath(new URL('fixtures/generated.py', import.meta.url))]
      const py = await startVenv('', { interpreter: pythonWithLibraries, modules, env, ...config })
      const made = await py.invoke<number>('generate', kind, seed, count * times)
      const compared = await Promise.all(
        Array.from({ length: made }, async (_, index) => {
          try {
            return await py.invoke('compare', index, await py.invoke('make', index))
          } catch (error) {
            return `${error}`
          }
        }),
      )
      const found = compared.flatMap((problem, index) => (problem === null ? [] : [`${index}: ${problem}`]))
      expect(found, `seed ${seed}`).toEqual([])
      expect(made).toBeGreaterThan((count * times) / 2)
    },
    timeLimitMs,
  )
})

it('D-1, D-6: two NaN are two keys in Python and one in JavaScript: refused, with the path to what has them', async () => {
  const py = await startVenv(`
def twins(kind):
    one, other = float("nan"), float("nan")
    return {"values": [{one, other, 1} if kind == "set" else {one: 1, other: 2}]}
def single(_): return {float("nan"), -0.0, 0.5}
`)
  for (const kind of ['set', 'map']) {
    const error = await failureOf(py.callAndAwait('twins', kind))
    expect(error).toBeInstanceOf(UnserializableError)
    expect(error).toMatchObject({
      path: 'result.values[0]',
      message: `result.values[0]: a ${kind} with keys that are one and the same in JavaScript`,
    })
  }
  expect(await py.callAndAwait('single')).toStrictEqual(new Set([Number.NaN, 0, 0.5]))
})

describe('what cannot travel', () => {
  const steps = fc.array(fc.oneof(fc.nat(5), fc.stringMatching(/^[a-z]{1,5}$/)), { maxLength: 12 })
  const pathOf = (root: string, keys: readonly (string | number)[]) =>
    root + keys.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('')

  const plant = (keys: readonly (string | number)[], culprit: unknown): unknown =>
    keys.reduceRight((value, key) => {
      if (typeof key === 'number') return [...Array.from({ length: key }, () => [0.5]), value, 1]
      return { other: ['x'], [key]: value, 'and more': 2n ** 70n }
    }, culprit)

  it.each<[string, unknown]>([
    ['a lone surrogate', 'a\ud800'],
    ['the other one', '\udc00b'],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['an invalid date', new Date(Number.NaN)],
    ['a regular expression', /x/],
  ])('D-1, D-6: is refused with its path, wherever it is: %s', async (_, culprit) => {
    const py = await startVenv(echo)
    fc.assert(
      fc.property(steps, (keys) => {
        let error: unknown
        try {
          py.call('echo', plant(keys, culprit))
        } catch (thrown) {
          error = thrown
        }
        expect(error).toBeInstanceOf(UnserializableError)
        expect(error).toMatchObject({ path: pathOf('args', keys) })
      }),
      { seed },
    )
    expect(await py.callAndAwait('echo', 'next')).toBe('next')
  })

  it.each(['"\\udc00b"', '(each for each in "")', 'float'])(
    'D-3, D-6: fails its call with its path, wherever it is in a result: %s',
    async (culprit) => {
      const code = `
def plant(keys):
    value = ${culprit}
    for key in reversed(keys):
        value = [*([0.5] for _ in range(key)), value, 1] if isinstance(key, int) else {"other": ["x"], key: value, "more": 2**70}
    return value
`
      const py = await startVenv(code, { strictValues: true })
      await fc.assert(
        fc.asyncProperty(steps, async (keys) => {
          const error = await failureOf(py.callAndAwait('plant', keys))
          expect(error).toBeInstanceOf(UnserializableError)
          expect(error).toMatchObject({ path: pathOf('result', keys) })
        }),
        { seed },
      )
    },
  )
})
