import { realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import * as arrow from 'apache-arrow'
import { beforeEach, describe, expect, it } from 'vitest'
import { ArrowData, OptionError, UnserializableError, useArrow, type Venv } from '../src/index.js'
import { pythonWithLibraries } from './libraries.js'
import { failureOf, startVenv } from './support.js'

const code = `
import datetime
import pandas, polars, pyarrow
columns = {"n": [1, 2, None], "text": ["a", "ü", None], "real": [0.5, -1.0, None]}
def table(): return pyarrow.table(columns)
def batch(): return table().to_batches()[0]
def frame(): return pandas.DataFrame({"x": [1.5, 2.5]}, index=pandas.Index(["a", "b"], name="key"))
def series(): return pandas.Series([1, 2], name="s")
def polar(): return {"frames": [polars.DataFrame(columns)]}
def echo(x): return x
def describe(x): return [f"{type(x).__module__}.{type(x).__name__}", x.to_pydict()]
def long(n): return {"frames": [pandas.DataFrame({"n": range(n)})]}
def mixed(): return [pandas.DataFrame({"x": [1, "a", {}]})]
`

const columns = { n: [1n, 2n, null], text: ['a', 'ü', null], real: [0.5, -1, null] }

/** The columns of a table, as plain arrays. */
const columnsOf = (table: unknown) =>
  Object.fromEntries(
    (table as arrow.Table).schema.fields.map(({ name }) => [name, [...(table as arrow.Table).getChild(name)!]]),
  )

let py: Venv
beforeEach(async () => {
  useArrow(arrow)
  py = await startVenv(code, { interpreter: pythonWithLibraries })
})

describe('D-3: tables', () => {
  it('of pandas, polars and pyarrow arrive as tables of apache-arrow', async () => {
    const table = await py.invoke<arrow.Table>('table')
    expect(table).toBeInstanceOf(arrow.Table)
    expect(columnsOf(table)).toEqual(columns)
    expect(columnsOf(await py.invoke('batch'))).toEqual(columns)
    expect(columnsOf(await py.invoke('frame'))).toEqual({ x: [1.5, 2.5], key: ['a', 'b'] })
    expect(columnsOf(await py.invoke('series'))).toEqual({ s: [1n, 2n] })
    const { frames } = await py.invoke<{ frames: [arrow.Table] }>('polar')
    expect(columnsOf(frames[0])).toEqual(columns)
  })

  it('and batches of apache-arrow arrive as tables of pyarrow, and come back', async () => {
    const table = arrow.tableFromArrays({ a: Int32Array.of(1, 2), b: ['x', 'y'] })
    const expected = ['pyarrow.lib.Table', { a: [1, 2], b: ['x', 'y'] }]
    expect(await py.invoke('describe', table)).toEqual(expected)
    expect(await py.invoke('describe', table.batches[0])).toEqual(expected)
    expect(await py.invoke('describe', new ArrowData(arrow.tableToIPC(table, 'stream')))).toEqual(expected)
    const back = await py.callAndAwait<{ t: [arrow.Table] }>('echo', { t: [table] })
    expect(columnsOf(back.t[0])).toEqual({ a: [1, 2], b: ['x', 'y'] })
    const empty = await py.invoke<arrow.Table>('echo', arrow.tableFromArrays({ a: new Int32Array() }))
    expect([empty.numRows, empty.schema.names]).toEqual([0, ['a']])
  })

  it('D-4: of more than a piece travel both ways', async () => {
    const rows = 300_000
    const { frames } = await py.callAndAwait<{ frames: [arrow.Table] }>('long', rows)
    expect(frames[0].numRows).toBe(rows)
    const numbers = (await py.invoke<arrow.Table>('echo', frames[0])).getChild('n')!.toArray()
    expect(numbers).toEqual(BigInt64Array.from({ length: rows }, (_, index) => BigInt(index)))
  })

  it('that are no tables of Arrow fail their call, with the path', async () => {
    const refused = await failureOf(py.invoke('mixed'))
    expect(refused).toBeInstanceOf(UnserializableError)
    expect(refused).toMatchObject({ path: 'result[0]', message: expect.stringContaining('Arrow cannot hold') })
    const unread = await failureOf(py.callAndAwait('echo', { t: new ArrowData(Uint8Array.of(1)) }))
    expect(unread).toMatchObject({ path: 'args[0].t', message: expect.stringContaining('no Arrow IPC stream') })
    expect(columnsOf(await py.invoke('table'))).toEqual(columns)
  })

  it('of another copy of apache-arrow are refused, and say how they can be sent', () => {
    const require = createRequire(import.meta.url)
    // Node's loader now and then gives the path of the link here, from where the package finds none of its own (seen with 24.9).
    const path = realpathSync(require.resolve('apache-arrow'))
    const copies: (typeof arrow)[] = [require(path), require(path.replace(/\.js$/, '.mjs'))]
    const other = copies.find(({ Table }) => Table !== arrow.Table)!
    const table = other.tableFromArrays({ a: Int32Array.of(1) })
    expect(() => py.call('echo', [table])).toThrow(
      expect.objectContaining({ path: 'args[0]', hint: expect.stringContaining('useArrow') }),
    )
  })

  it.each([null, {}, { ...arrow, Table: 1 }])('V-1: %o is no package apache-arrow', (wrong) => {
    expect(() => useArrow(wrong as never)).toThrow(OptionError)
  })
})
