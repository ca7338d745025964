/**
 * Values and what JSON can carry of them (PROTOCOL.md, "Values"; contract D-1, D-5, D-6).
 *
 * What JSON would change silently is refused with its path, so that whoever receives a value can trust it. Both directions copy
 * only what they have to replace: a value that is JSON already is walked and handed back.
 */
import { describeValue } from '@pyferry/errors'
import { encodeBase64, tryDecodeBase64 } from './base64.js'
import { FrameTooLargeError, UnserializableError } from './errors.js'
import { describeForeign, hasOnlyProperties, tryBytesOf } from './kinds.js'
import { formatPath } from './path.js'

export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject
export interface JsonObject {
  [key: string]: JsonValue
}

/** The deepest nesting of arrays and objects that is carried (contract D-1). */
export const MAX_DEPTH = 512

/** Numbers from here on are written with an exponent and arrive as floats; between 2^53 and here they would pass for integers. */
const FIRST_FLOAT = 1e21

/** The least that an element or a property adds to the text: its separators, and one character for the value. */
const ELEMENT_BYTES = 2
const PROPERTY_BYTES = 5

/** V8 writes no longer text. Another engine may, but nobody wants to wait for it. */
const MAX_TEXT_LENGTH = 2 ** 29

/**
 * Turn `value` into what JSON carries without loss: `undefined` is left out of objects and is `null` elsewhere, a `BigInt`
 * becomes a number, bytes become `{ __bytes__: true, b64 }`. Getters are read; `toJSON` is never called. The answer is
 * `value` itself when nothing had to be replaced, and shares what is unchanged with it otherwise.
 *
 * @param path - what errors call `value`. @default 'args'
 * @throws UnserializableError for what JSON would change or lose, a cycle, and nesting beyond 512
 * @throws FrameTooLargeError when the JSON text would be longer than a string can be
 */
export function encodeValue(value: unknown, path = 'args'): JsonValue {
  return new ValueEncoder(MAX_TEXT_LENGTH).encode(value, path)
}

/**
 * Turn what JSON carried back into a value: each `{ __bytes__: true, b64 }` becomes a `Uint8Array` in memory of its own.
 * The answer is `value` itself when it holds none.
 *
 * @param path - what errors call `value`. @default 'result'
 * @throws UnserializableError for bytes that are not base64, and for nesting beyond 512
 */
export function decodeValue(value: JsonValue, path = 'result'): unknown {
  return new Decoder(path).decode(value, 0)
}

/** `encodeValue` for the values of one frame, which share its limit. */
export class ValueEncoder {
  readonly #maxBytes: number
  #maxDepth = MAX_DEPTH
  #root = ''
  /** The way to the value at hand: at depth `d`, the first `d` of each are valid. */
  readonly #keys: (string | number)[] = []
  readonly #ancestors: object[] = []
  /** At least so long will the text be. Bounds the walk too, where one object is met along exponentially many ways. */
  #leastBytes = 0

  /** @param maxBytes - give up once the JSON text must be longer */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /**
   * `encodeValue` with a depth that counts from elsewhere.
   *
   * @throws UnserializableError, FrameTooLargeError
   */
  encode(value: unknown, path: string, maxDepth = MAX_DEPTH): JsonValue {
    this.#root = path
    this.#maxDepth = maxDepth
    return this.#encodeAt(0, value)
  }

  #encodeAt(depth: number, value: unknown): JsonValue {
    switch (typeof value) {
      case 'string':
        if (!isWellFormed(value)) this.#refuse(depth, 'a string with a lone surrogate', LONE_SURROGATE_HINT)
        this.#spend(value.length)
        return value
      case 'number':
        if (!Number.isSafeInteger(value)) this.#checkNumber(value, depth)
        return value
      case 'boolean':
        return value
      case 'object':
        return value === null ? null : this.#encodeObject(value, depth)
      case 'undefined':
        return null
      case 'bigint':
        return this.#encodeBigInt(value, depth)
      default:
        return this.#refuse(depth, describeValue(value))
    }
  }

  #checkNumber(value: number, depth: number): void {
    if (!Number.isFinite(value)) this.#refuse(depth, String(value), 'send null or a string instead')
    if (Number.isInteger(value) && Math.abs(value) < FIRST_FLOAT) {
      this.#refuse(depth, `the integer ${value}, which is beyond ±(2^53−1)`, 'send it as a string')
    }
  }

  #encodeBigInt(value: bigint, depth: number): number {
    const number = Number(value)
    if (Number.isSafeInteger(number)) return number
    return this.#refuse(depth, 'a BigInt beyond ±(2^53−1)', 'send it as a string')
  }

  #encodeObject(value: object, depth: number): JsonValue {
    if (Array.isArray(value)) {
      this.#enter(value, depth)
      return this.#encodeArray(value, depth)
    }
    if (hasOnlyProperties(value)) {
      this.#enter(value, depth)
      this.#checkSymbols(value, depth)
      return this.#encodeProperties(value as Record<string, unknown>, depth)
    }
    const bytes = tryBytesOf(value)
    if (bytes) return this.#encodeBytes(bytes)
    const { description, hint } = describeForeign(value)
    return this.#refuse(depth, description, hint)
  }

  #encodeBytes(bytes: Uint8Array): JsonValue {
    this.#spend((bytes.length / 3) * 4)
    return { __bytes__: true, b64: encodeBase64(bytes) }
  }

  #encodeArray(array: readonly unknown[], depth: number): JsonValue {
    this.#spend(array.length * ELEMENT_BYTES)
    let copy: JsonValue[] | undefined
    for (let index = 0; index < array.length; index += 1) {
      const element = array[index]
      this.#keys[depth] = index
      const encoded = this.#encodeAt(depth + 1, element)
      if (copy === undefined && encoded !== element) copy = Array.prototype.slice.call(array, 0, index) as JsonValue[]
      if (copy !== undefined) copy[index] = encoded
    }
    return copy ?? (array as JsonValue)
  }

  #encodeProperties(object: Record<string, unknown>, depth: number): JsonValue {
    const names = Object.keys(object)
    let copy: JsonObject | undefined
    for (let index = 0; index < names.length; index += 1) {
      const name = names[index]!
      if (!isWellFormed(name)) {
        this.#refuse(depth, `the key ${JSON.stringify(name)}, which holds a lone surrogate`, LONE_SURROGATE_HINT)
      }
      const property = object[name]
      this.#keys[depth] = name
      const encoded = this.#encodeAt(depth + 1, property)
      if (copy === undefined && encoded !== property) {
        copy = {}
        for (const before of names.slice(0, index)) setProperty(copy, before, object[before] as JsonValue)
      }
      if (property === undefined) continue
      this.#spend(name.length + PROPERTY_BYTES)
      if (copy !== undefined) setProperty(copy, name, encoded)
    }
    return copy ?? (object as JsonValue)
  }

  #enter(value: object, depth: number): void {
    if (depth >= this.#maxDepth) this.#refuse(depth, `nesting deeper than ${MAX_DEPTH}`)
    for (let above = 0; above < depth; above += 1) {
      if (this.#ancestors[above] === value) {
        this.#refuse(depth, `a cycle; this one refers back to ${formatPath(this.#root, this.#keys.slice(0, above))}`)
      }
    }
    this.#ancestors[depth] = value
    if (typeof (value as { toJSON?: unknown }).toJSON === 'function') {
      this.#refuse(depth, `${describeValue(value)} with toJSON`, 'send what its toJSON() returns')
    }
  }

  #checkSymbols(value: object, depth: number): void {
    for (const symbol of Object.getOwnPropertySymbols(value)) {
      if (Object.prototype.propertyIsEnumerable.call(value, symbol)) {
        this.#refuse(depth, `the key ${String(symbol)}`, 'use string keys')
      }
    }
  }

  #spend(bytes: number): void {
    this.#leastBytes += bytes
    if (this.#leastBytes <= this.#maxBytes) return
    throw new FrameTooLargeError(Math.ceil(this.#leastBytes), this.#maxBytes, { isLowerBound: true })
  }

  #refuse(depth: number, what: string, hint?: string): never {
    const path = formatPath(this.#root, this.#keys.slice(0, depth))
    throw new UnserializableError(path, `JSON cannot carry ${what}`, { hint })
  }
}

class Decoder {
  readonly #root: string
  readonly #keys: (string | number)[] = []

  constructor(root: string) {
    this.#root = root
  }

  decode(value: JsonValue, depth: number): unknown {
    if (typeof value !== 'object' || value === null) return value
    if (depth >= MAX_DEPTH) this.#refuse(depth, `nesting deeper than ${MAX_DEPTH}`)
    if (Array.isArray(value)) return this.#decodeArray(value, depth)
    return isBytesForm(value) ? this.#decodeBytes(value.b64, depth) : this.#decodeProperties(value, depth)
  }

  #decodeBytes(b64: string, depth: number): Uint8Array {
    return tryDecodeBase64(b64) ?? this.#refuse(depth, 'bytes that are not base64')
  }

  #decodeArray(array: JsonValue[], depth: number): unknown {
    let copy: unknown[] | undefined
    for (let index = 0; index < array.length; index += 1) {
      const element = array[index]!
      this.#keys[depth] = index
      const decoded = this.decode(element, depth + 1)
      if (copy === undefined && decoded !== element) copy = array.slice()
      if (copy !== undefined) copy[index] = decoded
    }
    return copy ?? array
  }

  #decodeProperties(object: JsonObject, depth: number): unknown {
    let copy: Record<string, unknown> | undefined
    for (const name of Object.keys(object)) {
      const property = object[name]!
      this.#keys[depth] = name
      const decoded = this.decode(property, depth + 1)
      if (decoded === property) continue
      // Spread defines own properties, `__proto__` included, where assignment would set the prototype.
      copy ??= { ...object }
      setProperty(copy, name, decoded)
    }
    return copy ?? object
  }

  #refuse(depth: number, what: string): never {
    throw new UnserializableError(formatPath(this.#root, this.#keys.slice(0, depth)), `holds ${what}`)
  }
}

const LONE_SURROGATE_HINT = 'text must be Unicode; send arbitrary data as bytes'

/** The native method is newer than the lib we compile against, and absent from older browsers. */
const isWellFormed: (text: string) => boolean =
  'isWellFormed' in String.prototype
    ? (text) => (text as unknown as { isWellFormed(): boolean }).isWellFormed()
    : (text) => !/\p{Surrogate}/u.test(text)

function isBytesForm(value: JsonObject): value is { __bytes__: true; b64: string } {
  return (
    value.__bytes__ === true &&
    typeof value.b64 === 'string' &&
    Object.hasOwn(value, '__bytes__') &&
    Object.hasOwn(value, 'b64') &&
    Object.keys(value).length === 2
  )
}

/** `object[name] = value` that makes `__proto__` a property like any other. */
function setProperty<V>(object: Record<string, V>, name: string, value: V): void {
  if (name !== '__proto__') object[name] = value
  else Object.defineProperty(object, name, { value, configurable: true, enumerable: true, writable: true })
}
