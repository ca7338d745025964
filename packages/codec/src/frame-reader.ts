/** Bytes as they come, back to messages (PROTOCOL.md, "Frames"; contract W-4, W-6). No I/O: whoever has a stream pushes it in. */
import { OptionError } from '@pyferry/errors'
import { type Direction, readBatch } from './batch-body.js'
import { ByteQueue } from './byte-queue.js'
import type { Conversions } from './conversions.js'
import {
  FrameTooLargeError,
  MalformedFrameError,
  ProtocolError,
  TruncatedFrameError,
  ValueTooLargeError,
} from './errors.js'
import { type FrameOptions, HEADER_BYTES, resolveMaxFrameBytes } from './frame.js'
import { MarkFault } from './marks.js'
import { describeFault, validateMessage } from './message-table.js'
import type { Message } from './messages.js'
import { Parcels } from './parcels.js'
import { readValues } from './received-values.js'
import type { JsonObject } from './values.js'

export interface FrameReaderOptions extends FrameOptions {
  /**
   * Largest result in the base protocol, in bytes of its frame: a larger one is not kept, and its message says so in `valueError`. In version 1
   * the worker is told of it and keeps to it.
   *
   * @default none
   */
  maxResultBytes?: number | undefined
}

export interface NegotiatedReaderOptions {
  /** Largest parcel in bytes (NEGOTIATED.md, "Parcels"); a stream with a larger one is malformed. @default none */
  maxParcelBytes?: number
  /** What is made of values that the protocol does not know. @default nothing */
  conversions?: Conversions | undefined
}

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
export class FrameReader<M extends Message = Message> {
  readonly #maxFrameBytes: number
  readonly #maxResultBytes: number
  readonly #queue = new ByteQueue()
  /** Of the frame at the front, once its header is read. */
  #bodyLength: number | undefined
  #isEnded = false
  #error: ProtocolError | undefined
  /** Who writes what is read, in version 1; in the base protocol every message says it itself. */
  #direction: Direction | undefined
  #conversions: Conversions | undefined
  /** Of version 1. */
  #parcels: Parcels | undefined
  /** What is still to come of the piece at the front, and where it belongs. */
  #room: Uint8Array | undefined
  /** The messages of the latest frame of version 1, and how many of them were given. */
  #batch: readonly Message[] = []
  #given = 0

  /** @throws OptionError for an option that cannot be used */
  constructor({ maxResultBytes = Number.POSITIVE_INFINITY, ...options }: FrameReaderOptions = {}) {
    this.#maxFrameBytes = resolveMaxFrameBytes(options)
    this.#maxResultBytes = maxResultBytes
  }

  /**
   * Take the next bytes of the stream. They may be kept, not copied, until `tryNext` has read past them, so they must not be
   * changed meanwhile. (Node does not reuse the buffers of `'data'`.) Messages never refer to them.
   *
   * @throws OptionError when `bytes` is no `Uint8Array` (a stream with `setEncoding`, say); the reader stays usable
   * @throws ProtocolError after `end`, and the error of a reader that has failed
   */
  push(bytes: Uint8Array): void {
    if (this.#error) throw this.#error
    if (!ArrayBuffer.isView(bytes) || bytes.BYTES_PER_ELEMENT !== 1)
      throw new OptionError('bytes', bytes, 'a Uint8Array')
    if (this.#isEnded) this.#fail(new ProtocolError('bytes came after the end of the stream'))
    this.#queue.push(bytes)
  }

  /**
   * Inside a piece of a parcel, where its next bytes belong; to be asked when `tryNext` has given all it has. Whoever reads a stream may have them
   * written there, from the beginning, rather than push them; `filled` says so.
   */
  get room(): Uint8Array | undefined {
    return this.#room
  }

  /** Say that the next `count` bytes, at most as many as it has, were written into `room`. */
  filled(count: number): void {
    this.#advance(count)
  }

  /** Copy what was pushed last and waits for more, so that its memory is its owner's again. */
  keep(): void {
    this.#queue.keep()
  }

  /**
   * Read the next message, `undefined` when it has not fully arrived.
   *
   * @throws FrameTooLargeError as soon as a length over the limit has arrived; no memory is taken for it
   * @throws MalformedFrameError for a body that is no message
   * @throws TruncatedFrameError after `end`, when only a part of a frame is left
   */
  tryNext(): M | undefined {
    for (;;) {
      if (this.#given < this.#batch.length) return this.#batch[this.#given++] as M
      if (this.#error) throw this.#error
      if (!this.#hasFrame()) {
        if (this.#isEnded) this.#assertNothingLeft()
        return undefined
      }
      const body = this.#queue.tryTake(this.#bodyLength!)!
      this.#bodyLength = undefined
      if (this.#direction === undefined) return this.#read(body) as M
      this.#batch = this.#readBatch(body, this.#direction)
      this.#given = 0
    }
  }

  /**
   * What follows is of version 1 of the negotiated protocol: after the message that both ends have agreed by.
   *
   * @param direction - who writes it
   */
  useNegotiated(
    direction: Direction,
    { maxParcelBytes = Number.MAX_SAFE_INTEGER, conversions }: NegotiatedReaderOptions = {},
  ): void {
    this.#direction = direction
    this.#parcels = new Parcels(maxParcelBytes)
    this.#conversions = conversions
  }

  /**
   * Tell the reader that the stream has ended. Whole frames that were pushed can still be read.
   *
   * @throws TruncatedFrameError when it ended inside a frame; where whole frames wait before that one, `tryNext` throws it
   * after them
   */
  end(): void {
    if (this.#error) throw this.#error
    this.#isEnded = true
    if (!this.#hasFrame()) this.#assertNothingLeft()
  }

  #hasFrame(): boolean {
    for (;;) {
      if (this.#bodyLength === undefined) {
        const header = this.#queue.tryTake(HEADER_BYTES)
        if (header === undefined) return false
        const length = readLength(header)
        if (length > this.#maxFrameBytes) this.#fail(new FrameTooLargeError(length, this.#maxFrameBytes))
        this.#bodyLength = length
      }
      if (this.#room === undefined && this.#queue.length >= this.#bodyLength) return true
      if (this.#parcels === undefined || !this.#movePiece(this.#bodyLength, this.#parcels)) return false
    }
  }

  /** Of a piece of a parcel that has not wholly come, bring what has come where it belongs; `true` when that was all of it. */
  #movePiece(bodyLength: number, parcels: Parcels): boolean {
    if (this.#room === undefined) {
      const headBytes = Parcels.headBytes(this.#queue.peek())
      if (headBytes === undefined || headBytes > Math.min(this.#queue.length, bodyLength)) return false
      const head = this.#queue.tryTake(headBytes)!
      this.#room = this.#guard(head, () => parcels.roomFor(head, bodyLength - headBytes))
    }
    return this.#advance(this.#queue.takeInto(this.#room))
  }

  /** So many bytes of the piece have come to where they belong; `true` when that was all of it. */
  #advance(count: number): boolean {
    this.#room = this.#room!.subarray(count)
    if (this.#room.length > 0) return false
    this.#room = undefined
    this.#bodyLength = undefined
    return true
  }

  #assertNothingLeft(): void {
    const { length } = this.#queue
    if (this.#room)
      this.#fail(new TruncatedFrameError('body', this.#bodyLength!, this.#bodyLength! - this.#room.length))
    if (this.#bodyLength !== undefined) this.#fail(new TruncatedFrameError('body', this.#bodyLength, length))
    if (length > 0) this.#fail(new TruncatedFrameError('length', HEADER_BYTES, length))
  }

  #read(bytes: Uint8Array): Message {
    const text = this.#parse('not UTF-8', bytes, () => decoder.decode(bytes))
    const body = this.#parse('not JSON', bytes, () => JSON.parse(text) as unknown)
    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
      return this.#fail(new MalformedFrameError('not a JSON object', bytes))
    }
    const message = validateMessage(body as JsonObject, (fault) =>
      this.#fail(new MalformedFrameError(describeFault(fault), bytes)),
    ) as Message
    if (message.type === 'call_done' && message.ok && bytes.length > this.#maxResultBytes) {
      message.result = undefined
      message.valueError = new ValueTooLargeError('a result', bytes.length, this.#maxResultBytes)
    } else readValues(message, text)
    return message
  }

  #readBatch(bytes: Uint8Array, direction: Direction): readonly Message[] {
    const fail = (reason: string, cause?: unknown) => this.#fail(new MalformedFrameError(reason, bytes, { cause }))
    return readBatch(bytes, direction, this.#parcels!, fail, this.#conversions) as Message[]
  }

  /** What is wrong with a piece is wrong with the stream. */
  #guard<T>(head: Uint8Array, read: () => T): T {
    try {
      return read()
    } catch (error) {
      if (error instanceof MarkFault) return this.#fail(new MalformedFrameError(error.message, head))
      throw error
    }
  }

  #parse<T>(reason: string, bytes: Uint8Array, parse: () => T): T {
    try {
      return parse()
    } catch (cause) {
      return this.#fail(new MalformedFrameError(reason, bytes, { cause }))
    }
  }

  #fail(error: ProtocolError): never {
    this.#error = error
    throw error
  }
}

/** A byte order mark is kept, so that `JSON.parse` refuses it. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function readLength(header: Uint8Array): number {
  return ((header[0]! << 24) | (header[1]! << 16) | (header[2]! << 8) | header[3]!) >>> 0
}
