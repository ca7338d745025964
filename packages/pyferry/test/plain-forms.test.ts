import { describe, expect, it } from 'vitest'
import { kwargs, OptionError, UnsupportedByWorkerError } from '../src/index.js'
import { pythonWithLibraries } from './libraries.js'
import { failureOf, makeVenv, python, startVenv } from './support.js'

const code = `
import datetime
def all(x): return {"set": {1}, "bytes": b"ab", 2: datetime.datetime(2024, 2, 29, tzinfo=datetime.timezone.utc)}
def big(x): return [2**60]
def echo(x): return [type(x).__name__, x]
def pair(first, second): return [first, second]
`
const plain = { set: [1], bytes: { __bytes__: true, b64: 'YWI=' }, 2: '2024-02-29T00:00:00+00:00' }
const faithful = new Map<unknown, unknown>([
  ['set', new Set([1])],
  ['bytes', Uint8Array.of(97, 98)],
  [2, new Date(Date.UTC(2024, 1, 29))],
])

describe("D-3: values: 'json'", () => {
  it('gives results that are JSON; arguments arrive as what they are', async () => {
    const py = await startVenv(code, { values: 'json' })
    expect(await py.callAndAwait('all')).toStrictEqual(plain)
    expect(await py.invoke('all', 1)).toStrictEqual(plain)
    expect(await py.callAndAwait('echo', new Set([1]))).toStrictEqual(['set', [1]])
    expect(await failureOf(py.callAndAwait('big'))).toMatchObject({ path: 'result[0]' })
  })

  it('is for one call, or all but one', async () => {
    const py = await startVenv(code)
    expect(await py.await(py.call('all', null, { values: 'json' }))).toStrictEqual(plain)
    expect(await py.callAndAwait('all', null, { values: 'json', timeoutMs: 60_000 })).toStrictEqual(plain)
    expect(await py.callAndAwait('all')).toStrictEqual(faithful)
    const other = await startVenv(code, { values: 'json' })
    expect(await other.callAndAwait('all', null, { values: 'faithful' })).toStrictEqual(faithful)
  })

  it('V-6: is for one call with spread arguments, by name and as a method', async () => {
    const py = await startVenv(code)
    const json = py.with({ values: 'json' })
    expect(await json.invoke('all', 1)).toStrictEqual(plain)
    expect(await json.functions.all!(1)).toStrictEqual(plain)
    expect(await py.invoke('pair', new Set([1]), kwargs({ second: Uint8Array.of(97) }))).toStrictEqual([
      new Set([1]),
      Uint8Array.of(97),
    ])
    expect(await json.invoke('pair', new Set([1]), kwargs({ second: Uint8Array.of(97) }))).toStrictEqual([
      [1],
      { __bytes__: true, b64: 'YQ==' },
    ])
    expect(await failureOf(json.functions.big!(0))).toMatchObject({ path: 'result[0]' })
    const other = await startVenv(code, { values: 'json' })
    expect(await other.with({ values: 'faithful' }).invoke('all', 1)).toStrictEqual(faithful)
  })

  it('gives frames as records and arrays as arrays', async () => {
    const frames = `
import numpy, pandas, polars, pyarrow
def frames(x):
    columns = {"n": [1.5, None]}
    return [pandas.DataFrame(columns), polars.DataFrame(columns), pyarrow.table(columns)]
def array(x): return numpy.eye(2)
`
    const py = await startVenv(frames, { interpreter: pythonWithLibraries, values: 'json' })
    const records = [{ n: 1.5 }, { n: null }]
    expect(await py.callAndAwait('frames')).toStrictEqual([records, records, records])
    expect(await py.callAndAwait('array')).toStrictEqual([
      [1, 0],
      [0, 1],
    ])
  })

  it('V-1: is refused by name when it is something else, and beside the base protocol', async () => {
    expect(() => makeVenv({ values: 'xml' as never })).toThrow(OptionError)
    expect(() => makeVenv({ values: 'json', protocol: 'base' })).toThrow(/^option values must be left out/)
    const py = await startVenv(code)
    expect(() => py.call('all', null, { values: 'xml' as never })).toThrow(OptionError)
    expect(() => py.call('all', null, { value: 'json' } as never)).toThrow(OptionError)
    await expect(py.callAndAwait('all', null, { values: 1 as never })).rejects.toBeInstanceOf(OptionError)
    const base = makeVenv({ sources: [code], protocol: 'base', interpreter: python })
    await base.start()
    expect(() => base.call('echo', 1, { values: 'json' })).toThrow(UnsupportedByWorkerError)
    await expect(base.with({ values: 'json' }).invoke('echo', 1)).rejects.toBeInstanceOf(UnsupportedByWorkerError)
    expect(await base.callAndAwait('echo', 1)).toEqual(['int', 1])
  })
})
