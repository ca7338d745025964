/**
 * Values as MessagePack, in one walk that checks and writes (NEGOTIATED.md, "MessagePack"). What is no array, plain object, text or number goes the
 * way that it goes in JSON: something stands in its place, and a mark tells what is meant.
 */
import type { Conversions } from './conversions.js'
import { hasOnlyProperties } from './kinds.js'
import { MarkedEncoder } from './marked-values.js'
import { MsgpackWriter } from './msgpack-writer.js'
import { MAX_TEXT_BYTES } from './parcels.js'
import { isWellFormed, LONE_SURROGATE_HINT } from './value-walker.js'
import type { JsonValue } from './values.js'

/** The values of one message, written one after the other. */
export class PackedEncoder extends MarkedEncoder {
  /** For what stands between the values. */
  readonly out: MsgpackWriter
  readonly #hasCodecs: boolean

  /** @param maxBytes - of MessagePack and attachments together */
  constructor(what: string, maxBytes: number, conversions: Conversions = {}) {
    super(conversions)
    this.begin(what, maxBytes)
    const limit = Math.min(maxBytes, MAX_TEXT_BYTES)
    this.out = new MsgpackWriter(limit, () => this.refuseSize(this.out.length, limit))
    this.#hasCodecs = conversions.codecs !== undefined && !conversions.codecs.isEmpty
  }

  /** As `encode`, but written. */
  pack(value: unknown, path: string, maxDepth?: number): void {
    this.setRoot(path, maxDepth)
    this.#pack(value, 0)
  }

  /** As `encodeBelow`, but written. */
  packBelow(prefix: readonly (string | number)[], value: unknown, path: string): void {
    this.within(prefix, () => this.pack(value, path))
  }

  /** Write what is JSON. */
  packJson(value: JsonValue): void {
    const { out } = this
    if (Array.isArray(value)) {
      out.array(value.length)
      for (const each of value) this.packJson(each)
    } else if (typeof value === 'object' && value !== null) {
      const entries = Object.entries(value)
      out.map(entries.length)
      for (const [name, each] of entries) {
        this.#packText(name)
        this.packJson(each)
      }
    } else if (typeof value === 'string') this.#packText(value)
    else if (typeof value === 'number') out.number(value)
    else if (value === null) out.nil()
    else out.boolean(value)
  }

  #pack(value: unknown, depth: number): void {
    const { out } = this
    switch (typeof value) {
      case 'string':
        if (out.tryShort(value)) return
        if (!isWellFormed(value)) this.refuse(depth, 'a string with a lone surrogate', LONE_SURROGATE_HINT)
        out.text(value)
        return
      case 'number':
        out.number(value)
        return
      case 'boolean':
        out.boolean(value)
        return
      case 'object':
        if (value === null) out.nil()
        else this.#packObject(value, depth)
        return
      case 'undefined':
        out.nil()
        return
      default:
        this.packJson(this.encodeAt(depth, value))
    }
  }

  #packObject(value: object, depth: number): void {
    const isArray = Array.isArray(value)
    if ((this.#hasCodecs && this.hasCodec(value)) || (!isArray && !hasOnlyProperties(value))) {
      this.packJson(this.encodeAt(depth, value))
      return
    }
    this.enter(value, depth)
    this.refuseToJson(value, depth)
    if (isArray) this.#packElements(value, depth)
    else this.#packProperties(value as Record<string, unknown>, depth)
  }

  #packElements(array: readonly unknown[], depth: number): void {
    const { length } = array
    this.out.array(length)
    for (let index = 0; index < length; index += 1) {
      this.keys[depth] = index
      this.#pack(array[index], depth + 1)
    }
  }

  #packProperties(object: Record<string, unknown>, depth: number): void {
    this.checkSymbols(object, depth)
    const { out } = this
    const names = Object.keys(object)
    const header = out.length
    out.map(names.length)
    let count = 0
    for (const name of names) {
      const value = object[name]
      this.keys[depth] = name
      if (value === undefined) {
        this.checkName(name, depth)
        continue
      }
      count += 1
      if (!out.tryShort(name)) {
        this.checkName(name, depth)
        out.text(name)
      }
      this.#pack(value, depth + 1)
    }
    if (count < names.length) out.shrink(header, count)
  }

  #packText(text: string): void {
    if (!this.out.tryShort(text)) this.out.text(text)
  }
}
