/** What has been received as JSON with marks, back to what it means (NEGOTIATED.md, "Values and their marks"). */
import { describeValue } from '@pyferry/errors'
import { arrayOf, byteLengthOf, dtypeOfWire } from './arrays.js'
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
    if (part === undefined) throw new MarkFault(`there is no attachment ${JSON.stringify(index)}, or it was taken`)
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

/**
 * Apply `marks` to `value`, in place.
 *
 * @returns `value`, or what stands for it where a mark is about the whole
 * @throws MarkFault
 */
export function applyMarks(value: JsonValue, marks: JsonValue, attachments: Attachments): unknown {
  if (!Array.isArray(marks)) return fail('an array of marks', marks)
  const holder: JsonObject = { value }
  for (const mark of marks) {
    if (!Array.isArray(mark) || !Array.isArray(mark[0])) return fail('a mark', mark)
    const [path, kind] = mark
    const read = readers.get(kind)
    if (read === undefined) return fail('a kind of mark', kind!)
    const keys = ['value', ...path] as (string | number)[]
    const last = keys.pop()!
    const parent = keys.reduce<unknown>(step, holder)
    const inPlace = step(parent, last)
    setProperty(parent as Record<string | number, unknown>, last, read(inPlace as JsonValue, attachments))
  }
  return holder.value
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
  return typeof inPlace === 'string' && /^-?[1-9]\d*$/.test(inPlace) ? BigInt(inPlace) : fail('an integer', inPlace)
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
  return /^-?[1-9]\d*$/.test(inPlace) ? Number(inPlace) : fail('a float', inPlace)
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
