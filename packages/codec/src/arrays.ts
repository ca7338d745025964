/**
 * Arrays of numbers: numpy's dtypes and our typed arrays (NEGOTIATED.md, "Values and their marks"; contract D-2). All little-endian, which
 * is what every machine that Node runs on has in its memory, but for one.
 */
import { OptionError } from '@pyferry/errors'
import { typedArrayNameOf } from './kinds.js'

export type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array

interface TypedArrayClass {
  readonly name: string
  readonly BYTES_PER_ELEMENT: number
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): TypedArray
}

/** Newer than the lib we compile against, and absent before Node 24: its bits are shown as integers there. */
const Float16 = (globalThis as { Float16Array?: TypedArrayClass }).Float16Array ?? Uint16Array

/** That numpy has, and `memoryview`. */
const MAX_DIMENSIONS = 64

export interface DType {
  /** As numpy prints it: `'float64'`. */
  name: string
  /** As it is written on the wire: `'<f8'`. */
  wire: string
  /** What holds its items. */
  array: TypedArrayClass
  /** Elements of `array` for one item. */
  elements: number
  /** Whether a typed array alone says that it is this one. */
  isNatural: boolean
}

const DTYPES: readonly DType[] = [
  dtype('bool', '|b1', Uint8Array, { isNatural: false }),
  dtype('int8', '|i1', Int8Array),
  dtype('uint8', '|u1', Uint8Array),
  dtype('int16', '<i2', Int16Array),
  dtype('uint16', '<u2', Uint16Array),
  dtype('int32', '<i4', Int32Array),
  dtype('uint32', '<u4', Uint32Array),
  dtype('int64', '<i8', BigInt64Array),
  dtype('uint64', '<u8', BigUint64Array),
  dtype('float16', '<f2', Float16, { isNatural: Float16.name === 'Float16Array' }),
  dtype('float32', '<f4', Float32Array),
  dtype('float64', '<f8', Float64Array),
  dtype('complex64', '<c8', Float32Array, { elements: 2, isNatural: false }),
  dtype('complex128', '<c16', Float64Array, { elements: 2, isNatural: false }),
]

const byName = new Map(DTYPES.map((each) => [each.name, each]))
const byWire = new Map(DTYPES.map((each) => [each.wire, each]))
const byArray = new Map(DTYPES.filter((each) => each.isNatural).map((each) => [each.array.name, each]))

/** numpy's units of time, and how many of them: `[ns]`, `[25s]`. */
const UNIT = /\[\d*(?:[YMWDhms]|[munpfa]s)\]/.source
const TIME_NAME = new RegExp(`^(?:datetime|timedelta)64${UNIT}$`)
const TIME_WIRE = new RegExp(`^<[Mm]8${UNIT}$`)

/** By numpy's name. `undefined` when it is none that is carried. */
export function dtypeOfName(name: string): DType | undefined {
  if (TIME_NAME.test(name)) return timeOf(name.replace(/^(d|t)\w+64/, (_, kind) => (kind === 'd' ? '<M8' : '<m8')))
  return byName.get(name)
}

/** By what stands on the wire. `undefined` when it is none that is carried. */
export function dtypeOfWire(wire: string): DType | undefined {
  return TIME_WIRE.test(wire) ? timeOf(wire) : byWire.get(wire)
}

/** Of a typed array that stands for itself. */
export function dtypeOfArray(array: TypedArray): DType | undefined {
  const name = typedArrayNameOf(array)
  return name === undefined ? undefined : byArray.get(name === 'Uint8ClampedArray' ? 'Uint8Array' : name)
}

/** How many bytes an array of this dtype and shape takes; `undefined` for a shape that is none. */
export function byteLengthOf({ array, elements }: DType, shape: unknown): number | undefined {
  if (!Array.isArray(shape) || shape.length > MAX_DIMENSIONS) return undefined
  if (!shape.every((each) => Number.isSafeInteger(each) && each >= 0)) return undefined
  return shape.reduce((product: number, each: number) => product * each, elements * array.BYTES_PER_ELEMENT)
}

/**
 * An array with dtype and shape, its items in C order: what numpy has and a typed array cannot say.
 *
 * @example
 * new NDArray('float32', [2, 3], new Float32Array(6))
 */
export class NDArray {
  /** As numpy prints it: `'float64'`, `'bool'`, `'complex128'`, `'datetime64[ns]'`. */
  readonly dtype: string
  /** Items along each dimension; `[]` is one item without any. */
  readonly shape: readonly number[]
  /**
   * The items: of `bool` a `Uint8Array` of 0 and 1, of 64-bit integers and times a `BigInt64Array` or `BigUint64Array`, of complex numbers their
   * real and imaginary parts in turn; of `float16` a `Float16Array` where the engine has one, else its bits in a `Uint16Array`.
   */
  readonly data: TypedArray

  /** @throws OptionError for a dtype that is not carried, and for data of another type or length than dtype and shape say */
  constructor(dtype: string, shape: readonly number[], data: TypedArray) {
    const known = dtypeOfName(dtype)
    if (known === undefined) throw new OptionError('dtype', dtype, `one of ${[...byName.keys()].join(', ')}, or a time`)
    const size = byteLengthOf(known, shape)
    if (size === undefined) throw new OptionError('shape', shape, 'an array of at most 64 integers from 0')
    if (!ArrayBuffer.isView(data) || typedArrayNameOf(data) !== known.array.name || data.byteLength !== size) {
      const count = size / known.array.BYTES_PER_ELEMENT
      throw new OptionError(
        'data',
        data,
        `a ${known.array.name} of ${count} elements, for ${dtype} ${describeShape(shape)}`,
      )
    }
    this.dtype = dtype
    this.shape = [...shape]
    this.data = data
  }

  get [Symbol.toStringTag](): string {
    return 'NDArray'
  }
}

/** Whether `value` is one, of this copy of the package or another. */
export function isNDArray(value: object): value is NDArray {
  const { dtype, shape, data } = value as Partial<NDArray>
  const isTagged = Object.prototype.toString.call(value) === '[object NDArray]'
  return isTagged && typeof dtype === 'string' && Array.isArray(shape) && ArrayBuffer.isView(data)
}

/** What `bytes`, whose memory must be aligned and theirs alone, are as an array: a typed array where that says it all. */
export function arrayOf(dtype: DType, shape: readonly number[], bytes: Uint8Array): TypedArray | NDArray {
  const { array: Type, name } = dtype
  const data = new Type(bytes.buffer, bytes.byteOffset, bytes.byteLength / Type.BYTES_PER_ELEMENT)
  return dtype.isNatural && shape.length === 1 ? data : new NDArray(name, shape, data)
}

function dtype(
  name: string,
  wire: string,
  array: unknown,
  { elements = 1, isNatural = true }: { elements?: number; isNatural?: boolean } = {},
): DType {
  return { name, wire, array: array as TypedArrayClass, elements, isNatural }
}

function timeOf(wire: string): DType {
  const name = `${wire[1] === 'M' ? 'datetime64' : 'timedelta64'}${wire.slice(3)}`
  return dtype(name, wire, BigInt64Array, { isNatural: false })
}

function describeShape(shape: readonly number[]): string {
  return shape.length === 0 ? 'without dimensions' : `of shape [${shape.join(', ')}]`
}
