import { describe, expect, it } from 'vitest'
import { NDArray, UnserializableError } from '../src/index.js'
import { startVenv } from './support.js'

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
