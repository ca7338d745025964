/**
 * Classes that their user has taught to travel (contract D-3): what is sent in place of an instance, and what is made of it on the other
 * side, where both know it by the same name.
 */
import { assertKnownOptions, OptionError } from '@pyferry/errors'

/** One class, in one direction or both. */
// biome-ignore lint/suspicious/noExplicitAny: codecs of different classes stand in one array, and each of their functions takes its own
export interface ValueCodec<T = any, Sent = any> {
  /** Instances of this class, and of those below it that have no codec of their own, are sent by `encode`. */
  type?: abstract new (
    ...args: never[]
  ) => T
  /** What is sent in place of one; itself converted. Asked twice where a large value turns out to go as MessagePack. */
  encode?: (value: T) => unknown
  /** What both sides call it. @default none: what is sent is all that arrives */
  name?: string
  /** What is made of a value that came with this name. @default the value itself */
  decode?: (sent: Sent) => T
}

type Encoding = Required<Pick<ValueCodec, 'type' | 'encode'>> & Pick<ValueCodec, 'name'>

export class ValueCodecs {
  readonly #encodings = new Map<object, Encoding>()
  readonly #decodings = new Map<string, (sent: unknown) => unknown>()

  /** @throws OptionError naming what is wrong with which */
  constructor(codecs: readonly ValueCodec[], option = 'codecs') {
    if (!Array.isArray(codecs)) throw new OptionError(option, codecs, 'an array of codecs')
    for (const [index, codec] of codecs.entries()) this.#add(codec, `${option}[${index}]`)
  }

  get isEmpty(): boolean {
    return this.#encodings.size === 0 && this.#decodings.size === 0
  }

  /** The codec of its class, or of the nearest one above. */
  find(value: object): Encoding | undefined {
    if (this.#encodings.size === 0) return undefined
    for (let above = Object.getPrototypeOf(value); above !== null; above = Object.getPrototypeOf(above)) {
      const found = this.#encodings.get(above)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** What a value that came with this name is read by. */
  decodingOf(name: string): ((sent: unknown) => unknown) | undefined {
    return this.#decodings.get(name)
  }

  #add(codec: ValueCodec, place: string): void {
    if (typeof codec !== 'object' || codec === null)
      throw new OptionError(place, codec, '{ type, encode, name, decode }')
    assertKnownOptions(codec, ['type', 'encode', 'name', 'decode'], `${place}.`)
    const { type, encode, name, decode } = codec
    if (encode === undefined && decode === undefined)
      throw new OptionError(`${place}.encode`, encode, 'encode, decode or both')
    if (name !== undefined && (typeof name !== 'string' || name === '')) {
      throw new OptionError(`${place}.name`, name, 'a string that is not empty')
    }
    if (encode !== undefined) this.#addEncoding({ type, encode, name } as Encoding, place)
    else if (type !== undefined) throw new OptionError(`${place}.encode`, encode, 'a function, beside type')
    if (decode !== undefined) this.#addDecoding(name, decode, place)
  }

  #addEncoding({ type, encode, name }: Encoding, place: string): void {
    const prototype = typeof type === 'function' ? type.prototype : undefined
    if (typeof prototype !== 'object' || prototype === Object.prototype) {
      throw new OptionError(`${place}.type`, type, 'a class, other than Object')
    }
    if (this.#encodings.has(prototype)) throw new OptionError(`${place}.type`, type, 'a class that has no codec yet')
    if (typeof encode !== 'function') throw new OptionError(`${place}.encode`, encode, 'a function')
    this.#encodings.set(prototype, { type, encode, ...(name !== undefined && { name }) })
  }

  #addDecoding(name: string | undefined, decode: (sent: unknown) => unknown, place: string): void {
    if (typeof decode !== 'function') throw new OptionError(`${place}.decode`, decode, 'a function')
    if (name === undefined) throw new OptionError(`${place}.name`, name, 'the name it has on both sides, beside decode')
    if (this.#decodings.has(name)) throw new OptionError(`${place}.name`, name, 'a name that no other decode has')
    this.#decodings.set(name, decode)
  }
}
