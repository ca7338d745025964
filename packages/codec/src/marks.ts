/** What has been received as JSON with marks, back to what it means (NEGOTIATED.md, "Values and their marks"). */
import { describeValue } from '@pyferry/errors'
import { arrayOf, byteLengthOf, dtypeOfWire } from './arrays.js'
import { ArrowData } from './arrow.js'
import { type Conversions, convertAt } from './conversions.js'
import { UnserializableError } from './errors.js'
import { isDecimal, tryReadInteger } from './integers.js'
import { formatPath, type Keys } from './path.js'
import { setProperty } from './value-walker.js'
import type { JsonObject, JsonValue } from './values.js'

/** Something that no writer of version 1 writes. */
export class MarkFault extends Error {}

/** The attachments of one frame: each is named by exactly one mark. */
export class Attachments {
  readonly #parts: (Uint8Array | undefined)[]
  #left: number

  /** @param parts - in memory of their own, so that it is aligned for whatever it holds */
  constructor(parts: readonly Uint8Array[]) {
    this.#parts = [...parts]
    this.#left = parts.length
  }

  get areAllTaken(): boolean {
    return this.#left === 0
  }

  /** @throws MarkFault */
  take(index: JsonValue | undefined): Uint8Array {
    const part = typeof index === 'number' ? this.#parts[index] : undefined
    if (part === undefined) throw new MarkFault(`there is no attachment ${describeValue(index)}, or it was taken`)
    this.#parts[index as number] = undefined
    this.#left -= 1
    return part
  }
}

type Reader = (inPlace: JsonValue, attachments: Attachments) => unknown

/** A date in milliseconds that JavaScript can hold. */
const MAX_TIME = 8.64e15

const readers: ReadonlyMap<unknown, Reader> = new Map<string, Reader>([
  ['int', readInt],
  ['float', readFloat],
  ['map', readMap],
  ['set', (inPlace) => (Array.isArray(inPlace) ? new Set(inPlace) : fail('a set', inPlace))],
  ['date', readDate],
  ['bytes', (inPlace, attachments) => attachments.take(inPlace)],
  ['array', readArray],
])

/** Applies the marks of one message, in place. */
export class MarkReader {
  readonly #attachments: Attachments
  readonly #conversions: Conversions
  /** The places where codecs have been, by what they are in: what is there is finished, and so is what is in it. */
  #finished: Map<unknown, Set<string | number>> | undefined
  /** Why something could not be made of what came. The marks behind it are applied all the same, since they may be malformed. */
  error: UnserializableError | undefined

  constructor(attachments: Attachments, conversions: Conversions) {
    this.#attachments = attachments
    this.#conversions = conversions
  }

  /**
   * @param root - what errors call `value`
   * @returns `value`, or what stands for it where a mark is about the whole
   * @throws MarkFault
   */
  apply(value: JsonValue, marks: JsonValue, root: string): unknown {
    if (!Array.isArray(marks)) return fail('an array of marks', marks)
    const holder: JsonObject = { value }
    for (const mark of marks) {
      if (!Array.isArray(mark) || !Array.isArray(mark[0])) return fail('a mark', mark)
      const [path, kind] = mark as unknown as [Keys, JsonValue]
      const keys = ['value', ...path]
      const last = keys.pop()!
      let parent: unknown = holder
      for (const key of keys) parent = this.#step(parent, key)
      const isCodec = Array.isArray(kind)
      const inPlace = (isCodec ? step(parent, last) : this.#step(parent, last)) as JsonValue
      const read = this.#read(inPlace, kind, path, root)
      setProperty(parent as Record<string | number, unknown>, last, read)
      if (isCodec) this.#finish(parent, last)
    }
    return holder.value
  }

  #read(inPlace: JsonValue, kind: JsonValue, path: Keys, root: string): unknown {
    const reader = readers.get(kind)
    if (reader !== undefined) {
      const read = reader(inPlace, this.#attachments)
      if (isSmaller(read, inPlace)) this.#refuse(formatPath(root, path), `a ${kind} ${SAME_KEYS}`)
      return read
    }
    if (kind === 'arrow') {
      const data = new ArrowData(this.#attachments.take(inPlace))
      const { arrow } = this.#conversions
      return arrow ? this.#convert(formatPath(root, path), 'reading a table', () => arrow.read(data)) : data
    }
    const [codec, name] = Array.isArray(kind) ? kind : []
    if (codec !== 'codec' || typeof name !== 'string' || (kind as JsonValue[]).length !== 2)
      return fail('a kind of mark', kind)
    const decode = this.#conversions.codecs?.decodingOf(name)
    return decode
      ? this.#convert(formatPath(root, path), `the codec ${JSON.stringify(name)}`, () => decode(inPlace))
      : inPlace
  }

  /** Not after something has failed: what would be given is not what was sent. */
  #convert(path: string, what: string, convert: () => unknown): unknown {
    if (this.error) return undefined
    try {
      return convertAt(path, what, convert)
    } catch (error) {
      this.error = error as UnserializableError
      return undefined
    }
  }

  /** Of the first that cannot be. */
  #refuse(path: string, what: string): void {
    this.error ??= new UnserializableError(path, what)
  }

  #step(container: unknown, key: string | number): unknown {
    if (this.#finished?.get(container)?.has(key)) fail('a place that no codec has finished', key)
    return step(container, key)
  }

  #finish(container: unknown, key: string | number): void {
    this.#finished ??= new Map()
    const keys = this.#finished.get(container)
    if (keys) keys.add(key)
    else this.#finished.set(container, new Set([key]))
  }
}

const SAME_KEYS = 'with keys that are one and the same in JavaScript'

/** Whether a map or a set has lost something: NaN is no other NaN in Python, and here it is. */
function isSmaller(read: unknown, inPlace: JsonValue): boolean {
  return (read instanceof Map || read instanceof Set) && read.size < (inPlace as JsonValue[]).length
}

/** One step along a path: into an array by an index, into an object by a name. What a mark has replaced leads nowhere. */
function step(container: unknown, key: unknown): unknown {
  const isIndex = Array.isArray(container) && typeof key === 'number'
  const isName = isPlainObject(container) && typeof key === 'string'
  if ((isIndex || isName) && Object.hasOwn(container, key)) return (container as Record<string | number, unknown>)[key]
  return fail('a place', key as JsonValue)
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

function readInt(inPlace: JsonValue): bigint {
  const value = typeof inPlace === 'string' ? tryReadInteger(inPlace) : undefined
  return value ?? fail('an integer', inPlace)
}

const floats: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
  '-0': -0,
}

function readFloat(inPlace: JsonValue): number {
  if (typeof inPlace !== 'string') return fail('a float', inPlace)
  if (Object.hasOwn(floats, inPlace)) return floats[inPlace]!
  return isDecimal(inPlace) ? Number(inPlace) : fail('a float', inPlace)
}

function readMap(inPlace: JsonValue): Map<unknown, unknown> {
  const isMap = Array.isArray(inPlace) && inPlace.every((each) => Array.isArray(each) && each.length === 2)
  return isMap ? new Map(inPlace as [unknown, unknown][]) : fail('a map', inPlace)
}

function readDate(inPlace: JsonValue): Date {
  const isTime = Number.isInteger(inPlace) && Math.abs(inPlace as number) <= MAX_TIME
  return isTime ? new Date(inPlace as number) : fail('a date', inPlace)
}

function readArray(inPlace: JsonValue, attachments: Attachments): unknown {
  if (!Array.isArray(inPlace) || inPlace.length !== 3) return fail('an array of numbers', inPlace)
  const [index, wire, shape] = inPlace
  const dtype = typeof wire === 'string' ? dtypeOfWire(wire) : undefined
  if (dtype === undefined) return fail('a dtype', wire ?? null)
  const size = byteLengthOf(dtype, shape)
  const bytes = attachments.take(index)
  if (size !== bytes.length) return fail(`a shape of ${bytes.length} bytes of ${wire}`, shape ?? null)
  return arrayOf(dtype, shape as number[], bytes)
}

function fail(expected: string, received: unknown): never {
  throw new MarkFault(`expected ${expected}, not ${describeValue(received)}`)
}
