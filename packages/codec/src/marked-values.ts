/**
 * Values as version 1 sends them: JSON, and beside it what JSON lacks (NEGOTIATED.md, "Values and their marks"; contract D-1, D-2). Whatever
 * has no place in JSON leaves something there, and a mark tells what is meant; nothing in a value can look like one.
 */
import { byteLengthOf, dtypeOfArray, dtypeOfName, isNDArray, type NDArray, type TypedArray } from './arrays.js'
import { type ArrowData, isArrowData, looksLikeTable } from './arrow.js'
import { type Conversions, convertAt } from './conversions.js'
import { ValueTooLargeError } from './errors.js'
import { textOfInteger } from './integers.js'
import {
  type BlobLike,
  describeForeign,
  type FileHandleLike,
  isBlob,
  isFileHandle,
  tryBytesOf,
  typedArrayNameOf,
} from './kinds.js'
import { MAX_TEXT_BYTES } from './parcels.js'
import { FIRST_FLOAT, ValueWalker } from './value-walker.js'
import type { JsonValue } from './values.js'

export type MarkKind =
  | 'int'
  | 'float'
  | 'map'
  | 'set'
  | 'date'
  | 'bytes'
  | 'array'
  | 'arrow'
  | readonly ['codec', string]

/** How often a value may be replaced by another one before that is taken for a circle. */
const MAX_REPLACEMENTS = 64

/** The way to a place, and what is meant there. */
export type Mark = readonly [path: readonly (string | number)[], kind: MarkKind]

/** An attachment whose bytes take time to get. */
export interface LateAttachment {
  source: BlobLike | FileHandleLike
  /** What errors call it. */
  path: string
  index: number
}

/** Thrown where a text was only wanted if it is small. */
export class LargeText extends Error {}

/** The values of one message. One encoder serves one message after another. */
export class MarkedEncoder extends ValueWalker {
  protected readonly carrier = 'a call'
  #prefix: readonly (string | number)[] = []
  /** Of this message, in the order in which they are to be applied. */
  marks: Mark[] = []
  /** The memory itself, not a copy. */
  attachments: Uint8Array[] = []
  /** Those whose place among the attachments is empty still. */
  late: LateAttachment[] = []

  readonly #conversions: Conversions

  constructor(conversions: Conversions = {}) {
    super()
    this.#conversions = conversions
  }

  #what = ''
  #maxBytes = 0
  #smallBytes: number | undefined
  /** Of the attachments of this message. */
  attachedBytes = 0

  /**
   * Begin with the values of another message.
   *
   * @param what - errors call them
   * @param maxBytes - of text and attachments together
   * @param smallBytes - give up with `LargeText` once their text must be longer
   */
  begin(what: string, maxBytes: number, smallBytes?: number): void {
    this.#smallBytes = smallBytes
    this.restart(Math.min(maxBytes, MAX_TEXT_BYTES, smallBytes ?? MAX_TEXT_BYTES))
    this.#what = what
    this.#maxBytes = maxBytes
    this.attachedBytes = 0
    if (this.marks.length > 0) this.marks = []
    if (this.attachments.length > 0) this.attachments = []
    if (this.late.length > 0) this.late = []
  }

  /** `encode`, where marks call the value something else than errors do. */
  encodeBelow(prefix: readonly (string | number)[], value: unknown, path: string): JsonValue {
    return this.within(prefix, () => this.encode(value, path))
  }

  /** Run what encodes a value that marks call something else than errors do. */
  protected within<T>(prefix: readonly (string | number)[], encode: () => T): T {
    this.#prefix = prefix
    try {
      return encode()
    } finally {
      this.#prefix = []
    }
  }

  protected encodeNumber(value: number, depth: number): JsonValue {
    if (Number.isFinite(value)) {
      if (value === 0) return Object.is(value, -0) ? this.#mark(depth, 'float', '-0') : value
      if (!Number.isInteger(value) || Math.abs(value) >= FIRST_FLOAT) return value
      return this.#mark(depth, 'float', String(value))
    }
    return this.#mark(depth, 'float', Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf')
  }

  protected encodeBigInt(value: bigint, depth: number): JsonValue {
    const number = Number(value)
    if (Number.isSafeInteger(number)) return number
    const text = textOfInteger(value)
    this.spend(text.length)
    return this.#mark(depth, 'int', text)
  }

  protected override encodeObject(value: object, depth: number): JsonValue {
    return this.hasCodec(value) ? this.#encodeByCodecs(value, depth) : super.encodeObject(value, depth)
  }

  protected hasCodec(value: object): boolean {
    return this.#conversions.codecs?.find(value) !== undefined
  }

  protected encodeForeign(value: object, depth: number): JsonValue {
    if (isMap(value)) return this.#encodeMap(value, depth)
    if (isSet(value)) return this.#mark(depth, 'set', this.encodeArray([...value], depth, value))
    if (isDate(value) && !Number.isNaN(value.getTime())) return this.#mark(depth, 'date', value.getTime())
    if (isNDArray(value)) return this.#encodeNDArray(value, depth)
    const bytes = tryBytesOf(value)
    if (bytes) return this.#mark(depth, 'bytes', this.#attach(bytes))
    if (typedArrayNameOf(value) !== undefined) {
      const array = value as TypedArray
      const dtype = dtypeOfArray(array)
      if (dtype) return this.#encodeItems(array, dtype.wire, [array.length], depth)
    }
    if (isBlob(value)) return this.#mark(depth, 'bytes', this.#attachLate(value, value.size, depth))
    if (isFileHandle(value)) {
      if (value.fd < 0) return this.refuse(depth, 'a FileHandle that is closed')
      return this.#mark(depth, 'bytes', this.#attachLate(value, 0, depth))
    }
    const table = this.#tableOf(value, depth)
    if (table) return this.#mark(depth, 'arrow', this.#attach(table.bytes))
    const { description, hint } = describeForeign(value)
    return this.refuse(depth, description, hint)
  }

  /** A codec may give an instance of a class that has one too; the names are told in the order in which they are to be undone. */
  #encodeByCodecs(value: object, depth: number): JsonValue {
    const { codecs } = this.#conversions
    const names: string[] = []
    let sent: unknown = value
    for (let turn = 0; ; turn += 1) {
      const codec = typeof sent === 'object' && sent !== null ? codecs?.find(sent) : undefined
      if (codec === undefined) break
      const { type, encode, name } = codec
      if (turn === MAX_REPLACEMENTS) this.refuse(depth, `what the codec of ${type.name} leads to: it never ends`)
      sent = convertAt(this.pathAt(depth), `the codec of ${type.name}`, () => encode(sent))
      if (name !== undefined) names.unshift(name)
    }
    const inPlace = this.encodeAt(depth, sent)
    for (const name of names) this.#mark(depth, ['codec', name], inPlace)
    return inPlace
  }

  #tableOf(value: object, depth: number): ArrowData | undefined {
    if (isArrowData(value)) return value
    const { arrow } = this.#conversions
    return arrow && looksLikeTable(value)
      ? convertAt(this.pathAt(depth), 'writing a table', () => arrow.tryWrite(value))
      : undefined
  }

  /** One whose keys are all strings is an object, as it is the other way round. */
  #encodeMap(map: ReadonlyMap<unknown, unknown>, depth: number): JsonValue {
    const entries = [...map]
    if (entries.every(([key]) => typeof key === 'string')) {
      this.enter(map, depth)
      const named = entries as [string, unknown][]
      // What is in a map is there also where it is `undefined`; only a property is left out.
      return Object.fromEntries(named.map(([name, value]) => [name, this.encodeProperty(name, value, depth)]))
    }
    return this.#mark(depth, 'map', this.encodeArray(entries, depth, map))
  }

  #encodeNDArray(array: NDArray, depth: number): JsonValue {
    const { dtype, shape, data } = array
    const known = dtypeOfName(dtype)
    // Whoever has made it by hand, or changed it since.
    if (known === undefined || typedArrayNameOf(data) === undefined || byteLengthOf(known, shape) !== data.byteLength) {
      return this.refuse(depth, `an NDArray whose data is not what dtype ${dtype} and shape [${shape}] say`)
    }
    return this.#encodeItems(data, known.wire, shape, depth)
  }

  #encodeItems(data: TypedArray, dtype: string, shape: readonly number[], depth: number): JsonValue {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    return this.#mark(depth, 'array', [this.#attach(bytes), dtype, [...shape]])
  }

  protected refuseSize(size: number, limit: number): never {
    if (limit === this.#smallBytes && limit < this.#maxBytes) throw new LargeText()
    throw new ValueTooLargeError(this.#what, size, limit, { isLowerBound: true })
  }

  #attach(bytes: Uint8Array): number {
    this.#spendAttached(bytes.length)
    return this.attachments.push(bytes) - 1
  }

  /** @param size - as far as it can be known now */
  #attachLate(source: LateAttachment['source'], size: number, depth: number): number {
    this.#spendAttached(size)
    const index = this.attachments.push(new Uint8Array(0)) - 1
    this.late.push({ source, path: this.pathAt(depth), index })
    return index
  }

  #spendAttached(bytes: number): void {
    this.attachedBytes += bytes
    if (this.attachedBytes > this.#maxBytes) this.refuseSize(this.attachedBytes, this.#maxBytes)
  }

  #mark<V extends JsonValue>(depth: number, kind: MarkKind, inPlace: V): V {
    this.marks.push([[...this.#prefix, ...this.keys.slice(0, depth)], kind])
    return inPlace
  }
}

function isMap(value: object): value is Map<unknown, unknown> {
  return hasSlot(value, '[object Map]', mapSize)
}

function isSet(value: object): value is Set<unknown> {
  return hasSlot(value, '[object Set]', setSize)
}

function isDate(value: object): value is Date {
  return hasSlot(value, '[object Date]', Date.prototype.getTime)
}

const mapSize = Object.getOwnPropertyDescriptor(Map.prototype, 'size')!.get!
const setSize = Object.getOwnPropertyDescriptor(Set.prototype, 'size')!.get!

/** Whether it is what it calls itself, of whatever realm: throwing is slow, so only those are asked. */
function hasSlot(value: object, tag: string, read: (this: never) => unknown): boolean {
  if (Object.prototype.toString.call(value) !== tag) return false
  try {
    read.call(value as never)
    return true
  } catch {
    return false
  }
}
