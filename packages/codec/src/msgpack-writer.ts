/**
 * MessagePack, as far as bodies need it (NEGOTIATED.md, "MessagePack"): what JSON has, and every number. Written anew because it is an eighth of
 * what a package brings, and because whoever walks a value to check it can write it on the way (`packed-encoder.ts`).
 */
import { encoder } from './frame.js'

/** Up to so many UTF-16 units a text that is ASCII is copied here: to call the engine's encoder takes longer. */
const SHORT_TEXT = 32

const FIRST_BYTES = 64 * 1024

export class MsgpackWriter {
  #bytes = new Uint8Array(FIRST_BYTES)
  #view = new DataView(this.#bytes.buffer)
  #length = 0
  readonly #maxBytes: number
  readonly #onFull: () => never

  /** @param onFull - called once more than `maxBytes` are written, sooner or later; must throw */
  constructor(maxBytes: number, onFull: () => never) {
    this.#maxBytes = maxBytes
    this.#onFull = onFull
  }

  /** Where the next byte goes. */
  get length(): number {
    return this.#length
  }

  /** What was written, in memory that nothing else uses. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  nil(): void {
    this.#byte(0xc0)
  }

  boolean(value: boolean): void {
    this.#byte(value ? 0xc3 : 0xc2)
  }

  array(length: number): void {
    this.#header(length, 0x90, 0xdc)
  }

  map(size: number): void {
    this.#header(size, 0x80, 0xde)
  }

  /** Correct the header at `at`, of an array or a map that has come to hold less. */
  shrink(at: number, size: number): void {
    const first = this.#bytes[at]!
    if (first < 0xa0) this.#bytes[at] = (first & 0xf0) | size
    else if (first % 2 === 0) this.#view.setUint16(at + 1, size)
    else this.#view.setUint32(at + 1, size)
  }

  /** An integer where it is one that a number tells from its neighbours, a float otherwise, and for -0. */
  number(value: number): void {
    this.#ensure(9)
    const at = this.#length
    const bytes = this.#bytes
    if ((value | 0) === value && (value !== 0 || !Object.is(value, -0))) {
      if (value >= -32 && value < 128) {
        bytes[at] = value
        this.#length = at + 1
      } else if (value >= 0) this.#unsigned(value, 0xcc)
      else if (value >= -128) this.#signed(value, 0xd0, 1)
      else if (value >= -32_768) this.#signed(value, 0xd1, 2)
      else this.#signed(value, 0xd2, 4)
    } else if (Number.isSafeInteger(value) && value !== 0) {
      if (value > 0 && value < 2 ** 32) this.#unsigned(value, 0xcc)
      else {
        const high = Math.floor(value / 2 ** 32)
        bytes[at] = value > 0 ? 0xcf : 0xd3
        this.#view.setInt32(at + 1, high)
        this.#view.setUint32(at + 5, value - high * 2 ** 32)
        this.#length = at + 9
      }
    } else {
      bytes[at] = 0xcb
      this.#view.setFloat64(at + 1, value)
      this.#length = at + 9
    }
  }

  /** Write a short text that is ASCII; `false` for any other, which `text` writes. */
  tryShort(text: string): boolean {
    const { length } = text
    if (length >= SHORT_TEXT) return false
    this.#ensure(1 + length)
    const bytes = this.#bytes
    const start = this.#length + 1
    for (let index = 0; index < length; index += 1) {
      const unit = text.charCodeAt(index)
      if (unit >= 0x80) return false
      bytes[start + index] = unit
    }
    bytes[start - 1] = 0xa0 | length
    this.#length = start + length
    return true
  }

  /** @param text - without lone surrogates */
  text(text: string): void {
    // Before there is memory for it.
    if (this.#length + text.length > this.#maxBytes) this.#onFull()
    this.#ensure(5 + 3 * text.length)
    const at = this.#length
    // Mostly it is ASCII, and then this is the size of its header.
    const guessed = headBytes(text.length)
    const { written } = encoder.encodeInto(text, this.#bytes.subarray(at + guessed))
    const head = headBytes(written)
    if (head !== guessed) this.#bytes.copyWithin(at + head, at + guessed, at + guessed + written)
    if (head === 1) this.#bytes[at] = 0xa0 | written
    else this.#unsigned(written, 0xd9)
    this.#length = at + head + written
  }

  #byte(value: number): void {
    this.#ensure(1)
    this.#bytes[this.#length++] = value
  }

  #header(size: number, short: number, long: number): void {
    this.#ensure(5)
    if (size < 16) this.#bytes[this.#length++] = short | size
    else if (size < 2 ** 16) {
      this.#bytes[this.#length] = long
      this.#view.setUint16(this.#length + 1, size)
      this.#length += 3
    } else {
      this.#bytes[this.#length] = long + 1
      this.#view.setUint32(this.#length + 1, size)
      this.#length += 5
    }
  }

  /** Below 2^32, in as few bytes as it takes. @param first - the kind of the one-byte form, before those of two and four */
  #unsigned(value: number, first: number): void {
    const at = this.#length
    if (value < 2 ** 8) {
      this.#bytes[at] = first
      this.#bytes[at + 1] = value
      this.#length = at + 2
    } else if (value < 2 ** 16) {
      this.#bytes[at] = first + 1
      this.#view.setUint16(at + 1, value)
      this.#length = at + 3
    } else {
      this.#bytes[at] = first + 2
      this.#view.setUint32(at + 1, value)
      this.#length = at + 5
    }
  }

  #signed(value: number, kind: number, size: 1 | 2 | 4): void {
    const at = this.#length
    this.#bytes[at] = kind
    if (size === 1) this.#view.setInt8(at + 1, value)
    else if (size === 2) this.#view.setInt16(at + 1, value)
    else this.#view.setInt32(at + 1, value)
    this.#length = at + 1 + size
  }

  #ensure(count: number): void {
    if (this.#length + count > this.#bytes.length) this.#grow(count)
  }

  #grow(count: number): void {
    if (this.#length > this.#maxBytes) this.#onFull()
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + count))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
    this.#view = new DataView(grown.buffer)
  }
}

/** Of a text of so many bytes. */
function headBytes(length: number): number {
  if (length < 32) return 1
  if (length < 2 ** 8) return 2
  return length < 2 ** 16 ? 3 : 5
}
