/** Large values where the environment has a codec for MessagePack, and where it has none: they are the same. */
import { describe, expect, it } from 'vitest'
import { NDArray, UnserializableError, ValueTooLargeError, type VenvConfig } from '../src/index.js'
import { pythonWithLibraries } from './libraries.js'
import { failureOf, startVenv } from './support.js'

const code = `
import math, sys
def echo(*args, **kwargs): return [list(args), kwargs] if kwargs else args[0]
def kinds(x): return [type(each).__name__ for each in x]
def codecs(_=None): return sorted({"msgpack", "ormsgpack"} & set(sys.modules))
def rows(n): return [{"id": i, "name": f"ü{i}", "score": i / 7, "pair": (i, None)} for i in range(n)]
def odd(n): return [list(range(n)), math.nan, -0.0, 2**63, 2**70, {1: 2}, {3}, b"bytes"]
def fails_at_the_end(n): return [*range(n), "\\ud800"]
def raises(x): raise ValueError(f"{len(x)} items")
`

const environments: [string, VenvConfig][] = [
  ['with a codec', { interpreter: pythonWithLibraries }],
  ['without one', {}],
]

const records = Array.from({ length: 20_000 }, (_, id) => ({ id, name: `ü${id}`, score: id / 7, pair: [id, null] }))

it('W-2: a codec is imported when the first large value comes or goes, and not before', async () => {
  for (const first of ['rows', 'echo']) {
    const py = await startVenv(code, { interpreter: pythonWithLibraries })
    await py.callAndAwait('echo', { small: [1, 2] })
    expect(await py.callAndAwait('codecs')).toEqual([])
    await py.callAndAwait(first, first === 'rows' ? 20_000 : records)
    expect(await py.callAndAwait('codecs')).toHaveLength(1)
  }
})

describe.each(environments)('large values, in an environment %s', (_, config) => {
  it('D-1: arrive and come back as what they are, the first ones and all others', async () => {
    const py = await startVenv(code, config)
    const odd = [
      [Number.NaN, Number.POSITIVE_INFINITY, -0, 0.5, 2 ** 60, 1e300, '\u{feff}😀', ''],
      [2n ** 53n, -(2n ** 63n), 2n ** 64n - 1n, 2n ** 70n],
      new Map<unknown, unknown>([[[1, 'a'], new Set([new Date(5), 2])]]),
      { ['__proto__']: 1, nested: [{}, [], null, true] },
      [Uint8Array.of(1, 2), new Uint8Array(100_000), new NDArray('int16', [1, 2], Int16Array.of(1, 2))],
    ]
    for (let turn = 0; turn < 3; turn += 1) {
      expect(await py.callAndAwait('echo', records)).toStrictEqual(records)
      expect(await py.callAndAwait('echo', [odd, records])).toStrictEqual([odd, records])
      expect(await py.callAndAwait('rows', 20_000)).toStrictEqual(records)
    }
  })

  it('D-1: what JSON lacks comes back from among many items', async () => {
    const py = await startVenv(code, config)
    const numbers = Array.from({ length: 5000 }, (_, index) => index)
    const rest = [
      Number.NaN,
      -0,
      2n ** 63n,
      2n ** 70n,
      new Map([[1, 2]]),
      new Set([3]),
      new Uint8Array(Buffer.from('bytes')),
    ]
    for (let turn = 0; turn < 2; turn += 1) {
      expect(await py.callAndAwait('odd', 5000)).toStrictEqual([numbers, ...rest])
    }
  })

  it('D-1: numbers are integers and floats as they are in small ones', async () => {
    const py = await startVenv(code, config)
    const numbers = [1, 0.5, 2 ** 60, -0, Number.NaN, 2n ** 60n, -5]
    const many = Array.from({ length: 30_000 }, (_, index) => numbers[index % numbers.length])
    for (let turn = 0; turn < 2; turn += 1) {
      expect((await py.callAndAwait<string[]>('kinds', many)).slice(0, 7)).toEqual([
        ...['int', 'float', 'float', 'float', 'float', 'int', 'int'],
      ])
    }
  })

  it('D-6: what cannot be carried fails its call, and it alone', async () => {
    const py = await startVenv(code, { ...config, maxResultBytes: 1_000_000 })
    for (let turn = 0; turn < 2; turn += 1) {
      await expect(py.callAndAwait('fails_at_the_end', 5000)).rejects.toThrow('result[5000]')
      expect(await failureOf(py.callAndAwait('rows', 100_000))).toBeInstanceOf(ValueTooLargeError)
      expect((await failureOf(py.callAndAwait('raises', records))).message).toContain('20000 items')
      expect(() => py.call('echo', [records, { a: '\ud800' }])).toThrow(UnserializableError)
      expect(() => py.call('echo', [records, { a: '\ud800' }])).toThrow('args[1].a')
    }
  })

  it('D-4: arguments over the limit are refused before anything is sent', async () => {
    const py = await startVenv(code, { ...config, maxPayloadBytes: 100_000 })
    for (let turn = 0; turn < 2; turn += 1) {
      expect(() => py.call('echo', records)).toThrow(ValueTooLargeError)
      expect(await py.callAndAwait('echo', records.slice(0, 1000))).toStrictEqual(records.slice(0, 1000))
      expect(await py.callAndAwait('rows', 20_000)).toStrictEqual(records)
    }
  })

  it('W-4: in frames of any size', async () => {
    const py = await startVenv(code, { ...config, maxFrameBytes: 4096 })
    for (let turn = 0; turn < 2; turn += 1) expect(await py.callAndAwait('echo', records)).toStrictEqual(records)
  })
})
