import { appendFileSync, openAsBlob, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  ClosedError,
  DiedError,
  kwargs,
  NDArray,
  UnserializableError,
  ValueTooLargeError,
  type Venv,
} from '../src/index.js'
import { death, failureOf, makeFolder, startVenv } from './support.js'

const code = `
import collections, dataclasses, datetime, decimal, enum, uuid
def echo(x): return x
def kind(x): return type(x).__name__
def items(x): return [x.format, list(x.shape), x.tolist()]

class Colour(enum.Enum):
    RED = "red"
@dataclasses.dataclass
class Point:
    x: int
    tags: set
Pair = collections.namedtuple("Pair", "left right")

def plain(name):
    return {
        "enum": Colour.RED, "dataclass": Point(1, {2}), "namedtuple": Pair(1, (2, 3)),
        "decimal": decimal.Decimal("1.10"), "uuid": uuid.UUID(int=1), "date": datetime.date(2026, 1, 2),
        "object": Colour, "bytearray": bytearray(b"ab"),
    }[name]
`

describe('values of the negotiated protocol', () => {
  it('D-1: arrive and come back as what they are', async () => {
    const py = await startVenv(code)
    const values = [
      [Number.NaN, Number.POSITIVE_INFINITY, -0, 2n ** 70n, 0.5],
      new Map<unknown, unknown>([
        [1, 'one'],
        ['two', new Set([2])],
      ]),
      { when: new Date(1_234_567_890_123), bytes: Uint8Array.of(1, 2), ['__proto__']: 1 },
      new Float64Array([1.5, Number.NaN]),
      new BigInt64Array([-1n]),
    ]
    for (const value of values) {
      // Without numpy in the environment an array is a memoryview there, and comes back as what it was.
      expect(await py.callAndAwait('echo', value)).toStrictEqual(value)
    }
  })

  it.each([
    [new Map([[1, 1]]), 'dict'],
    [new Set([1]), 'set'],
    [new Date(0), 'datetime'],
    [2n ** 60n, 'int'],
    [2 ** 60, 'float'],
    [-0, 'float'],
    [Buffer.from('x'), 'bytes'],
    [new DataView(new ArrayBuffer(1)), 'bytes'],
    [new Float32Array(1), 'memoryview'],
  ])('D-1, D-2: %o arrives as %s', async (value, kind) => {
    const py = await startVenv(code)
    expect(await py.callAndAwait('kind', value)).toBe(kind)
  })

  it('D-2: dtype and shape travel', async () => {
    const py = await startVenv(code)
    const array = new NDArray('int16', [2, 3], Int16Array.of(1, 2, 3, 4, 5, 6))
    expect(await py.callAndAwait('items', array)).toEqual([
      'h',
      [2, 3],
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ])
    expect(await py.callAndAwait('echo', array)).toStrictEqual(array)
  })

  it.each([
    ['enum', 'red'],
    ['dataclass', { x: 1, tags: new Set([2]) }],
    ['namedtuple', { left: 1, right: [2, 3] }],
    ['decimal', '1.10'],
    ['uuid', '00000000-0000-0000-0000-000000000001'],
    ['date', '2026-01-02'],
    ['bytearray', Uint8Array.of(97, 98)],
    ['object', "<enum 'Colour'>"],
  ])('D-3: %s arrives in its plain form', async (name, expected) => {
    const py = await startVenv(code)
    expect(await py.callAndAwait('plain', name)).toStrictEqual(expected)
  })

  it('D-3: with strictValues what no rule carries fails its call', async () => {
    const py = await startVenv(code, { strictValues: true })
    await expect(py.callAndAwait('plain', 'object')).rejects.toBeInstanceOf(UnserializableError)
    expect(await py.callAndAwait('plain', 'enum')).toBe('red')
  })

  it('W-2: a thousand calls at once are all answered, each with its own', async () => {
    const py = await startVenv(code, { threads: 4 })
    const values = Array.from({ length: 1_000 }, (_, index) => (index % 7 === 0 ? new Set([index]) : index))
    expect(await Promise.all(values.map((value) => py.callAndAwait('echo', value)))).toStrictEqual(values)
  })

  it('V-9: calls made by a getter of an argument are their own', async () => {
    const py = await startVenv(code)
    let inner: Promise<unknown> | undefined
    const outer = await py.callAndAwait('echo', {
      a: 1n << 70n,
      get b() {
        inner ??= py.callAndAwait('echo', 'inner')
        return Number.NaN
      },
    })
    expect(outer).toStrictEqual({ a: 1n << 70n, b: Number.NaN })
    expect(await inner).toBe('inner')
  })
})

describe('a Blob', () => {
  const code = `
def echo(x=None, **named): return named or x
`
  /** One whose bytes come when the test says so. */
  function heldBlob(): { blob: Blob; give: (bytes: ArrayBuffer) => void } {
    let give!: (bytes: ArrayBuffer) => void
    const bytes = new Promise<ArrayBuffer>((resolve) => {
      give = resolve
    })
    return { blob: Object.assign(new Blob(['held']), { arrayBuffer: () => bytes }), give }
  }

  it('D-2: arrives as bytes, wherever it stands', async () => {
    const py = await startVenv(code)
    const blob = new Blob(['a', Uint8Array.of(0, 255)])
    const bytes = Uint8Array.of(97, 0, 255)
    expect(await py.callAndAwait('echo', blob)).toStrictEqual(bytes)
    expect(await py.invoke('echo', kwargs({ a: [blob, new File([blob], 'x')], b: -0 }))).toStrictEqual({
      a: [bytes, bytes],
      b: -0,
    })
    expect(await py.callAndAwait('echo', new Blob([]))).toStrictEqual(new Uint8Array(0))
  })

  it('D-2: of a file is read from it', async () => {
    const py = await startVenv(code)
    const file = join(makeFolder(), 'file')
    writeFileSync(file, 'on disk')
    expect(await py.callAndAwait('echo', await openAsBlob(file))).toStrictEqual(new TextEncoder().encode('on disk'))
  })

  it('D-2: is sent once it is read, and later calls overtake it where there are several threads; the values beside it are what they were', async () => {
    const py = await startVenv(code, { threads: 2 })
    const { blob, give } = heldBlob()
    const list = [1]
    const id = py.call('echo', { blob, list })
    list.push(2)
    expect(await py.callAndAwait('echo', 'later')).toBe('later')
    expect(py.result(id)).toEqual({ state: 'pending' })
    give(new ArrayBuffer(2))
    expect(await py.await(id)).toStrictEqual({ blob: new Uint8Array(2), list: [1] })
  })

  it('D-2: is sent before what was called after it where there is one thread', async () => {
    const py = await startVenv('seen = []\ndef add(x): seen.append(x); return len(seen)', { threads: 1 })
    const { blob, give } = heldBlob()
    const ids = [py.call('add', blob), py.call('add', 'later')]
    give(new ArrayBuffer(2))
    expect(await Promise.all(ids.map((id) => py.await(id)))).toEqual([1, 2])
  })

  it('D-6: that cannot be read fails its call alone, with the path to it', async () => {
    const py = await startVenv(code)
    const file = join(makeFolder(), 'file')
    writeFileSync(file, 'as it was')
    const blob = await openAsBlob(file)
    appendFileSync(file, ', and more')
    const id = py.call('echo', { files: [new Blob(['good']), blob] })
    expect(await py.callAndAwait('echo', 1)).toBe(1)
    const error = await failureOf(py.await(id))
    expect(error).toBeInstanceOf(UnserializableError)
    expect(error).toMatchObject({ path: 'args.files[1]', function: 'echo', callId: id })
    expect(error.message).toMatch(/^args\.files\[1\]: the Blob could not be read: /)
    expect(error.cause).toMatchObject({ name: 'NotReadableError' })
    expect(py.state).toBe('ready')
  })

  it('V-5: that is too large is refused before it is read', async () => {
    const py = await startVenv(code, { maxPayloadBytes: 2000 })
    expect(() => py.call('echo', new Blob(['x'.repeat(2001)]))).toThrow(ValueTooLargeError)
  })

  it.each<[string, (py: Venv) => Promise<unknown>, new (...args: never[]) => Error]>([
    ['V-15: close() ends', (py) => py.close(), ClosedError],
    ['V-14: the death of the worker ends', (py) => failureOf(py.callAndAwait('exit')), DiedError],
  ])('%s a call whose Blob is being read, and the bytes that come later are nobody’s', async (_, end, type) => {
    const py = await startVenv('import os\ndef echo(x): return x\ndef exit(_): os._exit(3)', { threads: 2 })
    const { blob, give } = heldBlob()
    const id = py.call('echo', blob)
    const died = death(py)
    await end(py)
    await expect(py.await(id)).rejects.toBeInstanceOf(type)
    give(new ArrayBuffer(2))
    if (py.state === 'closed') return
    await died
    await py.start()
    expect(await py.callAndAwait('echo', 5)).toBe(5)
  })

  it('W-1: is refused by name where only the base protocol is spoken', async () => {
    const py = await startVenv(code, { protocol: 'base' })
    await expect(py.invoke('echo', new Blob(['x']))).rejects.toMatchObject({
      message: 'args: JSON cannot carry a Blob',
      hint: 'send await blob.arrayBuffer()',
    })
  })
})
