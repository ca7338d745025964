/**
 * The way through a value that is to be sent, whatever it is sent as. It copies only what has to be replaced: a value that is JSON
 * already is walked and handed back.
 */
import { describeValue } from '@pyferry/errors'
import { UnserializableError } from './errors.js'
import { hasOnlyProperties } from './kinds.js'
import { formatPath, shortenPath } from './path.js'
import type { JsonObject, JsonValue } from './values.js'

/** The deepest nesting of arrays and objects that is carried (contract D-1). */
export const MAX_DEPTH = 512

/** Numbers from here on are written with an exponent and arrive as floats; between 2^53 and here they would pass for integers. */
export const FIRST_FLOAT = 1e21

/** The least that an element or a property adds to the text: its separators, and one character for the value. */
const ELEMENT_BYTES = 2
const PROPERTY_BYTES = 5

export abstract class ValueWalker {
  /** Who cannot carry what is refused: the beginning of the sentence. */
  protected abstract readonly carrier: string
  /** The way to the value at hand: at depth `d`, the first `d` of each are valid. */
  protected readonly keys: (string | number)[] = []
  readonly #ancestors: (object | undefined)[] = []
  #maxBytes = 0
  #maxDepth = MAX_DEPTH
  #root = ''
  /** At least so long will the text be. Bounds the walk too, where one object is met along exponentially many ways. */
  #leastBytes = 0

  /** Begin with the values of another message. @param maxBytes - give up once its JSON text must be longer */
  protected restart(maxBytes: number): void {
    this.#maxBytes = maxBytes
    this.#leastBytes = 0
  }

  /**
   * Turn `value` into what JSON carries; the answer is `value` itself when nothing had to be replaced, and shares what is unchanged
   * with it otherwise.
   *
   * @param path - what errors call `value`
   * @param maxDepth - where it counts from elsewhere
   * @throws UnserializableError, FrameTooLargeError
   */
  encode(value: unknown, path: string, maxDepth?: number): JsonValue {
    this.setRoot(path, maxDepth)
    return this.encodeAt(0, value)
  }

  protected setRoot(path: string, maxDepth = MAX_DEPTH): void {
    this.#root = path
    this.#maxDepth = maxDepth
  }

  /** A number that is no safe integer, or is zero of either sign. */
  protected abstract encodeNumber(value: number, depth: number): JsonValue
  protected abstract encodeBigInt(value: bigint, depth: number): JsonValue
  /** An object that is not all in its own properties. */
  protected abstract encodeForeign(value: object, depth: number): JsonValue

  protected encodeAt(depth: number, value: unknown): JsonValue {
    switch (typeof value) {
      case 'string':
        if (!isWellFormed(value)) this.refuse(depth, 'a string with a lone surrogate', LONE_SURROGATE_HINT)
        this.spend(value.length)
        return value
      case 'number':
        return value !== 0 && Number.isSafeInteger(value) ? value : this.encodeNumber(value, depth)
      case 'boolean':
        return value
      case 'object':
        return value === null ? null : this.encodeObject(value, depth)
      case 'undefined':
        return null
      case 'bigint':
        return this.encodeBigInt(value, depth)
      default:
        return this.refuse(depth, describeValue(value))
    }
  }

  /** @param of - whose elements they are, where `array` was made for that */
  protected encodeArray(array: readonly unknown[], depth: number, of: object = array): JsonValue {
    this.enter(of, depth)
    this.spend(array.length * ELEMENT_BYTES)
    let copy: JsonValue[] | undefined
    for (let index = 0; index < array.length; index += 1) {
      const element = array[index]
      this.keys[depth] = index
      const encoded = this.encodeAt(depth + 1, element)
      if (copy === undefined && encoded !== element) copy = Array.prototype.slice.call(array, 0, index) as JsonValue[]
      if (copy !== undefined) copy[index] = encoded
    }
    return copy ?? (array as JsonValue)
  }

  /** @throws UnserializableError for a cycle and for nesting that is too deep */
  protected enter(value: object, depth: number): void {
    if (depth >= this.#maxDepth) this.refuse(depth, `nesting deeper than ${MAX_DEPTH}`)
    for (let above = 0; above < depth; above += 1) {
      if (this.#ancestors[above] === value) {
        const back = shortenPath(this.pathAt(above))
        this.refuse(depth, `a cycle; this one refers back to ${back}`)
      }
    }
    this.#ancestors[depth] = value
  }

  protected spend(bytes: number): void {
    this.#leastBytes += bytes
    if (this.#leastBytes > this.#maxBytes) this.refuseSize(Math.ceil(this.#leastBytes), this.#maxBytes)
  }

  /** The text would be over the limit, `size` bytes or more. */
  protected abstract refuseSize(size: number, limit: number): never

  protected refuse(depth: number, what: string, hint?: string): never {
    throw new UnserializableError(this.pathAt(depth), `${this.carrier} cannot carry ${what}`, { hint })
  }

  /** What errors call the value at hand. */
  protected pathAt(depth: number): string {
    return formatPath(this.#root, this.keys.slice(0, depth))
  }

  protected encodeObject(value: object, depth: number): JsonValue {
    if (Array.isArray(value)) {
      this.refuseToJson(value, depth)
      return this.encodeArray(value, depth)
    }
    if (!hasOnlyProperties(value)) return this.encodeForeign(value, depth)
    this.enter(value, depth)
    this.refuseToJson(value, depth)
    this.checkSymbols(value, depth)
    return this.#encodeProperties(value as Record<string, unknown>, depth)
  }

  #encodeProperties(object: Record<string, unknown>, depth: number): JsonValue {
    const names = Object.keys(object)
    let copy: JsonObject | undefined
    for (let index = 0; index < names.length; index += 1) {
      const name = names[index]!
      const property = object[name]
      const encoded = this.encodeProperty(name, property, depth)
      if (copy === undefined && encoded !== property) {
        copy = {}
        for (const before of names.slice(0, index)) setProperty(copy, before, object[before] as JsonValue)
      }
      if (property === undefined) continue
      if (copy !== undefined) setProperty(copy, name, encoded)
    }
    return copy ?? (object as JsonValue)
  }

  protected encodeProperty(name: string, value: unknown, depth: number): JsonValue {
    this.checkName(name, depth)
    this.keys[depth] = name
    if (value === undefined) return null
    this.spend(name.length + PROPERTY_BYTES)
    return this.encodeAt(depth + 1, value)
  }

  protected checkName(name: string, depth: number): void {
    if (isWellFormed(name)) return
    this.refuse(depth, `the key ${JSON.stringify(name)}, which holds a lone surrogate`, LONE_SURROGATE_HINT)
  }

  protected refuseToJson(value: object, depth: number): void {
    if (typeof (value as { toJSON?: unknown }).toJSON === 'function') {
      this.refuse(depth, `${describeValue(value)} with toJSON`, 'send what its toJSON() returns')
    }
  }

  protected checkSymbols(value: object, depth: number): void {
    for (const symbol of Object.getOwnPropertySymbols(value)) {
      if (Object.prototype.propertyIsEnumerable.call(value, symbol)) {
        this.refuse(depth, `the key ${String(symbol)}`, 'use string keys')
      }
    }
  }
}

export const LONE_SURROGATE_HINT = 'text must be Unicode; send arbitrary data as bytes'

/** The native method is newer than the lib we compile against, and absent from older browsers. */
export const isWellFormed: (text: string) => boolean =
  'isWellFormed' in String.prototype
    ? (text) => (text as unknown as { isWellFormed(): boolean }).isWellFormed()
    : (text) => !/\p{Surrogate}/u.test(text)

/** `object[name] = value` that makes `__proto__` a property like any other. */
export function setProperty<V>(object: Record<string | number, V>, name: string | number, value: V): void {
  if (name !== '__proto__') object[name] = value
  else Object.defineProperty(object, name, { value, configurable: true, enumerable: true, writable: true })
}
