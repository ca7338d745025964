/** Values of every kind that travels, as they are sent from JavaScript, and as the page of values says that they come back from Python. */
import fc from 'fast-check'
import { NDArray, type TypedArray } from '../src/index.js'

export interface Pair {
  sent: unknown
  back: unknown
}

interface Kinds {
  /** Whether Python has numpy; there are more kinds of arrays then. @default false */
  hasNumpy?: boolean
}

const same = <T>(value: T): Pair => ({ sent: value, back: value })

const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }))
const key = fc.oneof(text, fc.constantFrom('__proto__', 'constructor', 'toString', 'length', '0', ''))

/** What Python's `datetime` reaches. */
const moment = fc.date({ min: new Date(-62_135_596_800_000), max: new Date(253_402_300_799_999), noInvalidDate: true })

const number = fc.oneof(
  fc.maxSafeInteger(),
  fc.double(),
  fc.constantFrom(Number.NaN, -0, 0, 2 ** 53, -(2 ** 70), 1e21, 1e300, Infinity, -Infinity, Number.MIN_VALUE),
)

const bigint = fc.oneof(
  fc.bigInt(),
  // Beyond what travels as decimal digits.
  fc.bigInt(2n ** 2040n, 2n ** 2060n),
  fc.bigInt(-(2n ** 54n), 2n ** 54n),
)

const scalar: fc.Arbitrary<Pair> = fc.oneof(
  fc.constantFrom<Pair>(same(null), { sent: undefined, back: null }, same(true), same(false)),
  number.map(same),
  bigint.map((sent) => ({ sent, back: Number.isSafeInteger(Number(sent)) ? Number(sent) : sent })),
  text.map(same),
  moment.map(same),
)

/** In memory of others, of which it is a part. */
const bytes = fc
  .record({ data: fc.uint8Array({ maxLength: 40 }), before: fc.nat(9), after: fc.nat(9) })
  .map(({ data, before, after }) => {
    const memory = new Uint8Array(before + data.length + after)
    memory.set(data, before)
    return memory.subarray(before, before + data.length)
  })

const bytesPair: fc.Arbitrary<Pair> = bytes.chain((data) => fc.constantFrom(...formsOf(data)))

function formsOf(data: Uint8Array): Pair[] {
  const back = new Uint8Array(data)
  const { buffer, byteOffset, byteLength } = data
  const forms = [
    data,
    Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength),
    new DataView(buffer, byteOffset, byteLength),
    new Uint8Array(data).buffer,
    new Blob([back]),
    new File([back], 'name.txt'),
  ]
  return forms.map((sent) => ({ sent, back }))
}

const arrays: readonly fc.Arbitrary<TypedArray>[] = [
  ...[fc.int8Array(), fc.int16Array(), fc.uint16Array(), fc.int32Array(), fc.uint32Array(), fc.float32Array()],
  ...[fc.float64Array(), fc.bigInt64Array(), fc.bigUint64Array()],
]

/** A dtype, the array that holds its items, and how many items of that are one of its own. */
type Dtype = readonly [name: string, Items: new (length: number) => TypedArray, perItem: number]

const dtypes: readonly Dtype[] = [
  ['int8', Int8Array, 1],
  ['int16', Int16Array, 1],
  ['uint16', Uint16Array, 1],
  ['int32', Int32Array, 1],
  ['uint32', Uint32Array, 1],
  ['float32', Float32Array, 1],
  ['float64', Float64Array, 1],
  ['int64', BigInt64Array, 1],
  ['uint64', BigUint64Array, 1],
  ['bool', Uint8Array, 1],
]

const numpyDtypes: readonly Dtype[] = [
  ['complex64', Float32Array, 2],
  ['complex128', Float64Array, 2],
  ['datetime64[us]', BigInt64Array, 1],
  ['timedelta64[D]', BigInt64Array, 1],
]

/** Without numpy nothing is a `memoryview` of several dimensions. */
function ndArray(known: readonly Dtype[], hasNumpy: boolean): fc.Arbitrary<Pair> {
  const shape = fc
    .array(fc.nat(4), { maxLength: 3 })
    .filter((sizes) => hasNumpy || sizes.length < 2 || !sizes.includes(0))
  return fc.tuple(fc.constantFrom(...known), shape, fc.infiniteStream(fc.nat(255))).map(([dtype, sizes, stream]) => {
    const [name, Items, perItem] = dtype
    const data = new Items(sizes.reduce((product, size) => product * size, perItem))
    const memory = new Uint8Array(data.buffer)
    for (let at = 0; at < memory.length; at += 1) {
      const byte = stream.next().value!
      memory[at] = name === 'bool' ? byte & 1 : byte
    }
    const array = new NDArray(name, sizes, data as never)
    // With one dimension a typed array says all there is.
    return { sent: array, back: sizes.length === 1 && name in plainNames ? data : array }
  })
}

/** Of dtypes that a typed array of one dimension has. */
const plainNames = Object.fromEntries(dtypes.filter(([name]) => name !== 'bool').map(([name]) => [name, true]))

/** What Python can hash, each once: in Python `1`, `true` and `1n` are one key. */
const hashable: fc.Arbitrary<Pair> = fc.letrec<{ key: Pair }>((tie) => ({
  key: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    bytes.map((sent) => ({ sent, back: new Uint8Array(sent) })),
    fc.array(tie('key'), { maxLength: 3 }).map(listOf),
  ),
})).key

const keys = { maxLength: 5, selector: ({ back }: Pair) => inPython(back) }

function inPython(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') {
    return Number.isInteger(Number(value)) ? `n${BigInt(Number(value))}` : `n${value}`
  }
  if (typeof value === 'bigint') return `n${value}`
  if (value instanceof Date) return `d${value.getTime()}`
  if (value instanceof Uint8Array) return `b${value}`
  return Array.isArray(value) ? `[${value.map(inPython).join()}]` : `s${value}`
}

function listOf(pairs: readonly Pair[]): Pair {
  return { sent: pairs.map(({ sent }) => sent), back: pairs.map(({ back }) => back) }
}

function objectOf(entries: readonly (readonly [string, Pair])[], prototype: object | null = Object.prototype): Pair {
  const sent = Object.create(prototype) as object
  const back = {}
  for (const [name, each] of entries) {
    define(sent, name, each.sent)
    // What is `undefined` is left out.
    if (each.sent !== undefined) define(back, name, each.back)
    else delete (back as Record<string, unknown>)[name]
  }
  return { sent, back }
}

function define(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, configurable: true, enumerable: true, writable: true })
}

/** An instance of it is sent as what it holds. */
class Plain {}

/** Anything, of any depth. */
export function pair({ hasNumpy = false }: Kinds = {}): fc.Arbitrary<Pair> {
  const known = hasNumpy ? [...dtypes, ...numpyDtypes] : dtypes
  return fc.letrec<{ value: Pair }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      scalar,
      bytesPair,
      fc.oneof(...arrays).map(same),
      fc.uint8ClampedArray().map((sent) => ({ sent, back: new Uint8Array(sent) })),
      ndArray(known, hasNumpy),
      fc.array(tie('value'), { maxLength: 5 }).map(listOf),
      fc.nat(3).map((length) => ({ sent: new Array(length), back: new Array(length).fill(null) })),
      fc
        .tuple(
          fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }),
          fc.constantFrom(Object.prototype, null, Plain.prototype),
        )
        .map(([entries, prototype]) => objectOf(entries, prototype)),
      fc
        .tuple(
          fc.uniqueArray(fc.oneof(hashable, key.map(same)), keys),
          fc.array(tie('value'), { minLength: 5, maxLength: 5 }),
        )
        .map(mapOf),
      fc.tuple(fc.uniqueArray(key.map(same), keys), fc.array(tie('value'), { minLength: 5, maxLength: 5 })).map(mapOf),
      fc.uniqueArray(hashable, keys).map((elements) => ({
        sent: new Set(elements.map(({ sent }) => sent)),
        back: new Set(elements.map(({ back }) => back)),
      })),
    ),
  })).value
}

function mapOf([names, values]: readonly [readonly Pair[], readonly Pair[]]): Pair {
  const sent = new Map(names.map((name, index) => [name.sent, values[index]!.sent]))
  if (names.some(({ back }) => typeof back !== 'string')) {
    return { sent, back: new Map(names.map((name, index) => [name.back, values[index]!.back])) }
  }
  const back = {}
  for (const [index, name] of names.entries()) define(back, name.back as string, values[index]!.back)
  return { sent, back }
}

/** Around the sizes at which values are sent in another way. */
const size = fc.constantFrom(1_000, 65_535, 65_536, 65_537, 262_144, 300_001)

/** What is more than fits in a piece, by itself and among others. */
export function largePair(kinds: Kinds = {}): fc.Arbitrary<Pair> {
  const large = fc.oneof(
    fc
      .tuple(size, fc.uint8Array({ minLength: 1, maxLength: 9 }))
      .chain(([length, pattern]) => fc.constantFrom(...formsOf(new Uint8Array(Buffer.alloc(length, pattern))))),
    fc.tuple(size, text).map(([length, piece]) => same(piece.repeat(Math.ceil(length / Math.max(1, piece.length))))),
    fc.tuple(size, scalar).map(([length, each]) => listOf(new Array<Pair>(length >> 3).fill(each))),
    fc.tuple(size, scalar).map(([length, each]) =>
      objectOf(
        Array.from({ length: length >> 4 }, (_, index) => [`k${index}`, each]),
        () => ({}),
      ),
    ),
    fc.tuple(size, fc.double()).map(([length, each]) => same(new Float64Array(length >> 3).fill(each))),
    fc
      .tuple(size, fc.bigInt64Array({ minLength: 1, maxLength: 1 }))
      .map(([length, [each]]) =>
        same(new NDArray('int64', [length >> 3, 1], new BigInt64Array(length >> 3).fill(each!))),
      ),
  )
  return fc.oneof(large, fc.array(fc.oneof(large, pair(kinds)), { minLength: 2, maxLength: 4 }).map(listOf))
}

/** What the base protocol carries. Its `-0` arrives as `0`. */
export const jsonPair: fc.Arbitrary<Pair> = fc.letrec<{ value: Pair }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<Pair>(same(null), { sent: undefined, back: null }, same(true), same(false), { sent: -0, back: 0 }),
    fc
      .oneof(fc.maxSafeInteger(), fc.double({ noNaN: true, noDefaultInfinity: true }))
      .filter((each) => !Number.isInteger(each) || Number.isSafeInteger(each) || Math.abs(each) >= 1e21)
      .map((each) => (each === 0 ? { sent: each, back: 0 } : same(each))),
    text.map(same),
    bytes.chain((data) => fc.constantFrom(...formsOf(data).slice(0, 4))),
    fc.array(tie('value'), { maxLength: 5 }).map(listOf),
    fc
      .array(fc.tuple(key, tie('value')), { maxLength: 5 })
      .map((entries) => objectOf(entries))
      .filter(({ back }) => !('__bytes__' in (back as object))),
  ),
})).value
