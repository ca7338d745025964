/**
 * MessagePack back to values (NEGOTIATED.md, "MessagePack"): arrays, maps whose keys are texts, texts, numbers, booleans, bytes and nil. Whatever
 * else there is in MessagePack is refused, and no length is believed before its bytes are there.
 */
import { MarkFault } from './marks.js'
import { setProperty } from './value-walker.js'
import type { JsonObject, JsonValue } from './values.js'

/** What JSON has, integers beyond ±(2^53−1), and bytes. */
export type PackedValue = JsonValue | bigint | Uint8Array

/** Whether messages are MessagePack, by their first byte: that of an array. In JSON it is `[`. */
export function isPacked(first: number | undefined): boolean {
  return first !== undefined && ((first & 0xf0) === 0x90 || first === 0xdc || first === 0xdd)
}

/**
 * Read the one value that `bytes` are.
 *
 * @param maxDepth - how deep arrays and maps may be nested
 * @throws MarkFault for anything else
 * @throws RangeError for a text that is longer than the engine can hold
 */
export function readMsgpack(bytes: Uint8Array, maxDepth: number): PackedValue {
  const reader = new MsgpackReader(bytes)
  const value = reader.read(maxDepth)
  reader.assertAtEnd()
  return value
}

/**
 * Names, and texts up to so many bytes, are looked for among those that were read before: to make a text takes longer, and memory. Names of 32
 * bytes and more are not.
 */
const KNOWN_TEXT_BYTES = 12

/** A power of two. */
const KNOWN_TEXTS = 512

/** Of an array, in elements. */
const BELIEVED_LENGTH = 256

/** Texts up to so many bytes are looked at here, since most are ASCII, which is quicker to read. */
const SHORT_TEXT_BYTES = 256

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Node's own, for bytes that are ASCII: in a third of the decoder's time for a short text. */
const readAscii = (
  globalThis as {
    Buffer?: { prototype: { latin1Slice?: (this: Uint8Array, start: number, end: number) => string } }
  }
).Buffer?.prototype.latin1Slice

class MsgpackReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  /** The texts that were read last, by what their bytes are like, and where those begin. */
  readonly #known: string[] = new Array(KNOWN_TEXTS).fill('')
  readonly #knownAt = new Uint32Array(KNOWN_TEXTS)
  readonly #knownLengths = new Uint8Array(KNOWN_TEXTS)
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  assertAtEnd(): void {
    if (this.#at !== this.#bytes.length) throw new MarkFault(`bytes behind the end of the MessagePack, at ${this.#at}`)
  }

  read(room: number): PackedValue {
    const kind = this.#bytes[this.#take(1)]!
    if (kind < 0x80) return kind
    if (kind < 0x90) return this.#readMap(kind & 0x0f, room)
    if (kind < 0xa0) return this.#readArray(kind & 0x0f, room)
    if (kind < 0xc0) return this.#readShort(kind & 0x1f, KNOWN_TEXT_BYTES)
    if (kind >= 0xe0) return kind - 0x100
    return this.#readLong(kind, room)
  }

  #readLong(kind: number, room: number): PackedValue {
    const view = this.#view
    switch (kind) {
      case 0xc0:
        return null
      case 0xc2:
        return false
      case 0xc3:
        return true
      case 0xc4:
        return this.#readBytes(view.getUint8(this.#take(1)))
      case 0xc5:
        return this.#readBytes(view.getUint16(this.#take(2)))
      case 0xc6:
        return this.#readBytes(view.getUint32(this.#take(4)))
      case 0xca:
        return view.getFloat32(this.#take(4))
      case 0xcb:
        return view.getFloat64(this.#take(8))
      case 0xcc:
        return view.getUint8(this.#take(1))
      case 0xcd:
        return view.getUint16(this.#take(2))
      case 0xce:
        return view.getUint32(this.#take(4))
      case 0xcf:
        return numberOf(view.getBigUint64(this.#take(8)))
      case 0xd0:
        return view.getInt8(this.#take(1))
      case 0xd1:
        return view.getInt16(this.#take(2))
      case 0xd2:
        return view.getInt32(this.#take(4))
      case 0xd3:
        return numberOf(view.getBigInt64(this.#take(8)))
      case 0xd9:
        return this.#readText(view.getUint8(this.#take(1)))
      case 0xda:
        return this.#readText(view.getUint16(this.#take(2)))
      case 0xdb:
        return this.#readText(view.getUint32(this.#take(4)))
      case 0xdc:
        return this.#readArray(view.getUint16(this.#take(2)), room)
      case 0xdd:
        return this.#readArray(view.getUint32(this.#take(4)), room)
      case 0xde:
        return this.#readMap(view.getUint16(this.#take(2)), room)
      case 0xdf:
        return this.#readMap(view.getUint32(this.#take(4)), room)
      default:
        throw new MarkFault(`MessagePack of the kind 0x${kind.toString(16)}, which bodies do not have`)
    }
  }

  #readArray(length: number, room: number): JsonValue {
    if (room === 0) throw new MarkFault('MessagePack that is nested too deeply')
    const inside = room - 1
    // What grows from nothing takes room for 17 elements at once: most arrays that there are many of have a few.
    if (length <= 2) {
      if (length === 0) return []
      const first = this.read(inside) as JsonValue
      return length === 1 ? [first] : [first, this.read(inside) as JsonValue]
    }
    // A longer one is not made at its length, which is only announced.
    const array: PackedValue[] = length <= BELIEVED_LENGTH ? new Array(length) : []
    for (let index = 0; index < length; index += 1) array[index] = this.read(inside)
    return array as JsonValue
  }

  #readMap(size: number, room: number): JsonValue {
    if (room === 0) throw new MarkFault('MessagePack that is nested too deeply')
    const object: JsonObject = {}
    for (let index = 0; index < size; index += 1) {
      const name = this.#readName()
      const value = this.read(room - 1) as JsonValue
      if (name === '__proto__') setProperty(object, name, value)
      else object[name] = value
    }
    return object
  }

  #readName(): string {
    const kind = this.#bytes[this.#at] ?? 0
    if ((kind & 0xe0) === 0xa0) {
      this.#at += 1
      return this.#readShort(kind & 0x1f, 31)
    }
    const name = this.read(0)
    if (typeof name !== 'string') throw new MarkFault('a key in MessagePack that is no text')
    return name
  }

  /** A text of less than 32 bytes, looked for when it has not more than `most`. */
  #readShort(length: number, most: number): string {
    const bytes = this.#bytes
    const start = this.#at
    const end = start + length
    if (length === 0 || length > most || end > bytes.length) return this.#readText(length)
    const slot =
      (length * 31 + bytes[start]! * 7 + bytes[start + (length >> 1)]! * 5 + bytes[end - 1]! * 13) % KNOWN_TEXTS
    if (this.#knownLengths[slot] === length) {
      let at = start
      let known = this.#knownAt[slot]!
      while (at < end && bytes[at] === bytes[known]) {
        at += 1
        known += 1
      }
      if (at === end) {
        this.#at = end
        return this.#known[slot]!
      }
    }
    const text = this.#readText(length)
    this.#known[slot] = text
    this.#knownAt[slot] = start
    this.#knownLengths[slot] = length
    return text
  }

  #readText(length: number): string {
    const start = this.#take(length)
    const end = start + length
    const bytes = this.#bytes
    if (readAscii !== undefined && length <= SHORT_TEXT_BYTES) {
      let at = start
      while (at < end && bytes[at]! < 0x80) at += 1
      if (at === end) return readAscii.call(bytes, start, end)
    }
    try {
      return decoder.decode(bytes.subarray(start, end))
    } catch (error) {
      if (error instanceof RangeError) throw error
      throw new MarkFault('a text in MessagePack that is not UTF-8')
    }
  }

  /** In memory of their own. */
  #readBytes(length: number): Uint8Array {
    const start = this.#take(length)
    return new Uint8Array(this.#bytes.subarray(start, start + length))
  }

  /** Where the next `count` bytes begin. */
  #take(count: number): number {
    const at = this.#at
    if (count > this.#bytes.length - at) throw new MarkFault('MessagePack that ends in the middle')
    this.#at = at + count
    return at
  }
}

function numberOf(value: bigint): PackedValue {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}
