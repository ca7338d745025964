/**
 *     CodecError
 *     ├── ValueTooLargeError          arguments or a result over a limit on values
 *     └── ProtocolError               the other end: it broke the rules of PROTOCOL.md
 *         ├── FrameTooLargeError      a body over maxFrameBytes, ours (nothing was written) or theirs
 *         ├── TruncatedFrameError     the stream ended inside a frame
 *         └── MalformedFrameError     a body that is no message
 *     TypeError
 *     └── UnserializableError         the caller's value, or the result: JSON cannot carry it
 *
 * `instanceof` holds across copies of this package (contract, section X).
 */
import {
  brandError,
  type ErrorCode,
  type ErrorDetails,
  isInstanceAcrossCopies,
  isPyferryError,
  nameErrors,
  PyferryError,
} from '@pyferry/errors'
import { shortenPath } from './path.js'

export abstract class CodecError extends PyferryError {}

const PROTOCOL_CODES: readonly ErrorCode[] = [
  'ERR_PYFERRY_PROTOCOL',
  'ERR_PYFERRY_FRAME_TOO_LARGE',
  'ERR_PYFERRY_TRUNCATED_FRAME',
  'ERR_PYFERRY_MALFORMED_FRAME',
]

/** The other end broke the protocol. Constructed as it is for what concerns the connection rather than one frame. */
export class ProtocolError extends CodecError {
  readonly code: ErrorCode = 'ERR_PYFERRY_PROTOCOL'

  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: `this` is the class asked about, which may be a subclass
    if (this !== ProtocolError) return isOrdinaryInstance(this, value)
    return isOrdinaryInstance(ProtocolError, value) || PROTOCOL_CODES.some((code) => isPyferryError(value, code))
  }
}

interface FrameTooLargeDetails extends ErrorDetails {
  /** The size is only known to be this or more. @default false */
  isLowerBound?: boolean
}

/** A frame whose body is over the limit. Sending: nothing was written. Receiving: no memory was taken for it. */
export class FrameTooLargeError extends ProtocolError {
  override readonly code = 'ERR_PYFERRY_FRAME_TOO_LARGE'
  /** Of the body, in bytes; a lower bound, and the message says so, when the value was given up before it was written out. */
  readonly size: number
  /** The limit in force, in bytes. */
  readonly limit: number

  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: `this` is the class asked about, which may be a subclass
    if (this !== FrameTooLargeError) return isOrdinaryInstance(this, value)
    return isInstanceAcrossCopies(FrameTooLargeError, 'ERR_PYFERRY_FRAME_TOO_LARGE', value)
  }

  constructor(size: number, limit: number, details?: FrameTooLargeDetails) {
    super(`a frame of ${details?.isLowerBound ? 'at least ' : ''}${size} bytes is over the limit of ${limit} bytes`, {
      hint: 'raise maxFrameBytes, or send a path to the data rather than the data',
      ...details,
    })
    this.size = size
    this.limit = limit
  }
}

interface ValueTooLargeDetails extends ErrorDetails {
  /** The size is only known to be this or more. @default false */
  isLowerBound?: boolean
}

/** The arguments or the result of one call, over a limit: that call alone fails, and nothing of it was sent (contract D-4). */
export class ValueTooLargeError extends CodecError {
  readonly code = 'ERR_PYFERRY_VALUE_TOO_LARGE'
  /** In bytes, text and attachments together; a lower bound, and the message says so, where it was given up before all was written out. */
  readonly size: number
  /** The limit in force, in bytes. */
  readonly limit: number

  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: `this` is the class asked about, which may be a subclass
    if (this !== ValueTooLargeError) return isOrdinaryInstance(this, value)
    return isInstanceAcrossCopies(ValueTooLargeError, 'ERR_PYFERRY_VALUE_TOO_LARGE', value)
  }

  /** @param what - `'arguments'` or `'a result'` */
  constructor(what: string, size: number, limit: number, details?: ValueTooLargeDetails) {
    super(`${what} of ${details?.isLowerBound ? 'at least ' : ''}${size} bytes, over the limit of ${limit} bytes`, {
      hint: 'send bytes or arrays rather than text, a path to the data, or raise maxPayloadBytes or maxResultBytes',
      ...details,
    })
    this.size = size
    this.limit = limit
  }
}

/** The stream ended inside a frame. */
export class TruncatedFrameError extends ProtocolError {
  override readonly code = 'ERR_PYFERRY_TRUNCATED_FRAME'
  /** Of the part that was cut: 4 when it was the length, else the length of the body. */
  readonly expectedBytes: number
  /** Of that part, how many came. */
  readonly receivedBytes: number

  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: `this` is the class asked about, which may be a subclass
    if (this !== TruncatedFrameError) return isOrdinaryInstance(this, value)
    return isInstanceAcrossCopies(TruncatedFrameError, 'ERR_PYFERRY_TRUNCATED_FRAME', value)
  }

  constructor(part: 'length' | 'body', expectedBytes: number, receivedBytes: number, details?: ErrorDetails) {
    super(
      `the stream ended inside a frame: ${receivedBytes} of the ${expectedBytes} bytes of its ${part} came`,
      details,
    )
    this.expectedBytes = expectedBytes
    this.receivedBytes = receivedBytes
  }
}

/** How much of a malformed body its error shows, in bytes. */
const EXCERPT_BYTES = 64

/** A body that is not UTF-8, not a JSON object, or not a message. */
export class MalformedFrameError extends ProtocolError {
  override readonly code = 'ERR_PYFERRY_MALFORMED_FRAME'
  /** What is wrong with it, in words. */
  readonly reason: string
  /** The first bytes of the body, at most 64; what is not printable ASCII is written `\xff`. */
  readonly excerpt: string

  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: `this` is the class asked about, which may be a subclass
    if (this !== MalformedFrameError) return isOrdinaryInstance(this, value)
    return isInstanceAcrossCopies(MalformedFrameError, 'ERR_PYFERRY_MALFORMED_FRAME', value)
  }

  constructor(reason: string, body: Uint8Array, details?: ErrorDetails) {
    const excerpt = printable(body.subarray(0, EXCERPT_BYTES))
    const more = body.length > EXCERPT_BYTES ? `, of ${body.length} bytes` : ''
    super(`malformed frame: ${reason}; its body is «${excerpt}»${more}`, details)
    this.reason = reason
    this.excerpt = excerpt
  }
}

/** A value that JSON cannot carry unchanged. Only the call it belongs to fails. */
export class UnserializableError extends TypeError {
  readonly code = 'ERR_PYFERRY_UNSERIALIZABLE'
  /** Where it is: `args.items[3].when`, `args[0]`, `kwargs.name`, `result`. Whole, also where the message shortens it. */
  readonly path: string
  declare readonly hint?: string
  declare readonly cause?: unknown

  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: `this` is the class asked about, which may be a subclass
    if (this !== UnserializableError) return isOrdinaryInstance(this, value)
    return isInstanceAcrossCopies(UnserializableError, 'ERR_PYFERRY_UNSERIALIZABLE', value)
  }

  /** `reason` becomes the message, with the path in front unless it begins with it; of a long path its first steps and its last. */
  constructor(path: string, reason: string, details?: ErrorDetails) {
    const shown = shortenPath(path)
    super(reason.startsWith(shown) ? reason : `${shown}: ${reason}`)
    brandError(this, details)
    this.path = path
  }
}

nameErrors({
  CodecError,
  ProtocolError,
  FrameTooLargeError,
  TruncatedFrameError,
  MalformedFrameError,
  UnserializableError,
  ValueTooLargeError,
})

function isOrdinaryInstance(type: { prototype: object }, value: unknown): boolean {
  return Object.prototype.isPrototypeOf.call(type.prototype, value as object)
}

function printable(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) {
    const isPrintable = byte >= 0x20 && byte < 0x7f && byte !== 0x5c
    text += isPrintable ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`
  }
  return text
}
