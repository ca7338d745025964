/**
 *     CodecError
 *     └── ProtocolError               the other end: it broke the rules of PROTOCOL.md
 *         ├── FrameTooLargeError      a body over maxFrameBytes, ours (nothing was written) or theirs
 *         ├── TruncatedFrameError     the stream ended inside a frame
 *         └── MalformedFrameError     a body that is no message
 *     TypeError
 *     └── UnserializableError         the caller's value, or the result: JSON cannot carry it
 *
 * `instanceof` holds across copies of this package (contract, section X).
 */
import { type ErrorCode, type ErrorDetails, PyferryError } from '@pyferry/errors'
export declare abstract class CodecError extends PyferryError {}
/** The other end broke the protocol. Constructed as it is for what concerns the connection rather than one frame. */
export declare class ProtocolError extends CodecError {
  readonly code: ErrorCode
  static [Symbol.hasInstance](value: unknown): boolean
}
/** A frame whose body is over the limit. Sending: nothing was written. Receiving: no memory was taken for it. */
export declare class FrameTooLargeError extends ProtocolError {
  readonly code = 'ERR_PYFERRY_FRAME_TOO_LARGE'
  /** Of the body, in bytes; a lower bound when the value was given up before it was written out. */
  readonly size: number
  /** The limit in force, in bytes. */
  readonly limit: number
  static [Symbol.hasInstance](value: unknown): boolean
  constructor(size: number, limit: number, details?: ErrorDetails)
}
/** The stream ended inside a frame. */
export declare class TruncatedFrameError extends ProtocolError {
  readonly code = 'ERR_PYFERRY_TRUNCATED_FRAME'
  /** Of the part that was cut: 4 when it was the length, else the length of the body. */
  readonly expectedBytes: number
  /** Of that part, how many came. */
  readonly receivedBytes: number
  static [Symbol.hasInstance](value: unknown): boolean
  constructor(part: 'length' | 'body', expectedBytes: number, receivedBytes: number, details?: ErrorDetails)
}
/** A body that is not UTF-8, not a JSON object, or not a message. */
export declare class MalformedFrameError extends ProtocolError {
  readonly code = 'ERR_PYFERRY_MALFORMED_FRAME'
  /** What is wrong with it, in words. */
  readonly reason: string
  /** The first bytes of the body, at most 64; what is not printable ASCII is written `\xff`. */
  readonly excerpt: string
  static [Symbol.hasInstance](value: unknown): boolean
  constructor(reason: string, body: Uint8Array, details?: ErrorDetails)
}
/** A value that JSON cannot carry unchanged. Only the call it belongs to fails. */
export declare class UnserializableError extends TypeError {
  readonly code = 'ERR_PYFERRY_UNSERIALIZABLE'
  /** Where it is: `args.items[3].when`, `args[0]`, `kwargs.name`, `result`. */
  readonly path: string
  readonly hint?: string
  readonly cause?: unknown
  static [Symbol.hasInstance](value: unknown): boolean
  /** `reason` becomes the message, with the path in front unless it begins with it. */
  constructor(path: string, reason: string, details?: ErrorDetails)
}
