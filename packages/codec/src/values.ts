/**
 * Values and what JSON can carry of them (PROTOCOL.md, "Values"; contract D-1, D-5, D-6).
 *
 * What JSON would change silently is refused with its path, so that whoever receives a value can trust it. Both directions copy
 * only what they have to replace: a value that is JSON already is walked and handed back.
 */
import { encodeBase64, tryDecodeBase64 } from './base64.js'
import { FrameTooLargeError, UnserializableError } from './errors.js'
import { describeForeign, tryBytesOf } from './kinds.js'
import { formatPath } from './path.js'
import { FIRST_FLOAT, MAX_DEPTH, setProperty, ValueWalker } from './value-walker.js'

export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject
export interface JsonObject {
  [key: string]: JsonValue
}

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
export class ValueEncoder extends ValueWalker {
  protected readonly carrier = 'JSON'

  /** @param maxBytes - give up once the JSON text must be longer */
  constructor(maxBytes: number) {
    super()
    this.restart(maxBytes)
  }

  protected encodeNumber(value: number, depth: number): number {
    if (!Number.isFinite(value)) this.refuse(depth, String(value), 'send null or a string instead')
    if (value !== 0 && Number.isInteger(value) && Math.abs(value) < FIRST_FLOAT) {
      this.refuse(depth, `the integer ${value}, which is beyond ±(2^53−1)`, 'send it as a string')
    }
    return value
  }

  protected encodeBigInt(value: bigint, depth: number): number {
    const number = Number(value)
    if (Number.isSafeInteger(number)) return number
    return this.refuse(depth, 'a BigInt beyond ±(2^53−1)', 'send it as a string')
  }

  protected refuseSize(size: number, limit: number): never {
    throw new FrameTooLargeError(size, limit, { isLowerBound: true })
  }

  protected encodeForeign(value: object, depth: number): JsonValue {
    const bytes = tryBytesOf(value)
    if (bytes) {
      this.spend((bytes.length / 3) * 4)
      return { __bytes__: true, b64: encodeBase64(bytes) }
    }
    const { description, hint } = describeForeign(value)
    return this.refuse(depth, description, hint)
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

function isBytesForm(value: JsonObject): value is { __bytes__: true; b64: string } {
  return (
    value.__bytes__ === true &&
    typeof value.b64 === 'string' &&
    Object.hasOwn(value, '__bytes__') &&
    Object.hasOwn(value, 'b64') &&
    Object.keys(value).length === 2
  )
}
