import { type FrameOptions } from './frame.js'
import type { Message } from './messages.js'
/**
 * Reads messages from a stream of bytes, however it is cut.
 *
 * Values arrive decoded: bytes are `Uint8Array`. Where one cannot be read the message says so in `valueError` and the stream
 * goes on. Fields that are not the protocol's are dropped. A message of an unknown type comes as `UnknownMessage`, whatever
 * `M` says: `M` is what the other end is meant to send.
 *
 * After an error nothing more can be trusted: every later `push`, `tryNext` and `end` throws that same error.
 *
 * @example
 * reader.push(chunk)
 * for (let message = reader.tryNext(); message !== undefined; message = reader.tryNext()) handle(message)
 */
export declare class FrameReader<M extends Message = Message> {
  #private
  /** @throws OptionError for an option that cannot be used */
  constructor(options?: FrameOptions)
  /**
   * Take the next bytes of the stream. They may be kept, not copied, until `tryNext` has read past them, so they must not be
   * changed meanwhile. (Node does not reuse the buffers of `'data'`.) Messages never refer to them.
   *
   * @throws OptionError when `bytes` is no `Uint8Array` (a stream with `setEncoding`, say); the reader stays usable
   * @throws ProtocolError after `end`, and the error of a reader that has failed
   */
  push(bytes: Uint8Array): void
  /**
   * Read the next message, `undefined` when it has not fully arrived.
   *
   * @throws FrameTooLargeError as soon as a length over the limit has arrived; no memory is taken for it
   * @throws MalformedFrameError for a body that is no message
   * @throws TruncatedFrameError after `end`, when only a part of a frame is left
   */
  tryNext(): M | undefined
  /**
   * Tell the reader that the stream has ended. Whole frames that were pushed can still be read.
   *
   * @throws TruncatedFrameError when it ended inside a frame; where whole frames wait before that one, `tryNext` throws it
   * after them
   */
  end(): void
}
