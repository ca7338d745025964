/**
 * What is too large to hold up a channel in one frame comes and goes in pieces, a **parcel** (NEGOTIATED.md, "Parcels"; contract D-4). No I/O, and
 * nothing is copied that need not be: pieces on their way out are views of what is sent, and one that comes is written where it belongs.
 */
import { HEADER_BYTES, writeLength } from './frame.js'
import { MarkFault } from './marks.js'

/** The first bytes of a body: with attachments, the first piece of a parcel, a further piece. */
export const ATTACHED = 0x01
export const PARCEL = 0x02
export const PIECE = 0x03

/** What stands before the data of a piece: kind and id, and in the first the size of all. */
const PARCEL_HEAD_BYTES = 13
const PIECE_HEAD_BYTES = 5

/**
 * Data of a piece, in bytes: whatever is sent meanwhile waits for one or two of these, 60 µs each. With less the system calls
 * show (measured, see performance.md).
 */
const PIECE_BYTES = 256 * 1024

/** In a table of attachments: this is the number of a parcel, and not a size. */
export const IS_PARCEL = 2 ** 31

/** The longest JSON text of a frame or a parcel, in bytes: V8 holds no longer string. */
export const MAX_TEXT_BYTES = 2 ** 29 - 24

/** Bytes that are read only when they are sent: of a file, say. */
export interface ByteSource {
  /** In bytes. */
  readonly length: number
  /** Exactly these bytes. A rejection gives the message up; it is what its `frames()` throw then. */
  read(offset: number, length: number): Promise<Uint8Array>
}

export type Attachment = Uint8Array | ByteSource

export function isBytes(attachment: Attachment): attachment is Uint8Array {
  return ArrayBuffer.isView(attachment)
}

/** What goes in the frame of a message, and what goes ahead of it in parcels. */
function placeParts<A extends Attachment>(
  head: Uint8Array,
  attachments: readonly A[],
  isInline: (part: Uint8Array) => boolean,
): { body: Uint8Array; parcels: readonly (A | Uint8Array)[] } {
  const parcels: (A | Uint8Array)[] = []
  const place = (part: A | Uint8Array) => (isBytes(part) && isInline(part) ? part : IS_PARCEL + parcels.push(part) - 1)
  const parts = attachments.map(place)
  return { body: attachedBody(place(head), parts), parcels }
}

/** A message, and the parcels that have to be sent before it. */
abstract class WithParcels<A extends Attachment> {
  protected readonly body: Uint8Array
  protected readonly parcels: readonly (A | Uint8Array)[]
  protected readonly maxBytes: number

  /**
   * @param head - the messages, as JSON text or MessagePack
   * @param attachments - in their order, not copied
   * @param isInline - which of them go in the frame
   */
  constructor(head: Uint8Array, attachments: readonly A[], isInline: (part: Uint8Array) => boolean, maxBytes: number) {
    const { body, parcels } = placeParts(head, attachments, isInline)
    this.body = body
    this.parcels = parcels
    this.maxBytes = maxBytes
  }
}

/** A message whose parcels have to be sent before it. `MessageBatch` makes them. */
export class LargeMessage extends WithParcels<Uint8Array> {
  /**
   * The frames to send, one after the other: parcels in pieces, and the message at the end. Each is in parts, which share the memory
   * of what is sent; it must not change until they are written. Frames of others may go between any two of them, but not those of
   * another `LargeMessage` or `StreamedMessage`: the numbers of parcels begin at 0 in each.
   */
  *frames(): Generator<Uint8Array[], void> {
    for (const [id, bytes] of this.parcels.entries()) {
      for (const { offset, length } of piecesOf(bytes.length, this.maxBytes)) {
        yield [pieceHead(id, offset === 0 ? bytes.length : undefined, length), bytes.subarray(offset, offset + length)]
      }
    }
    yield [this.body]
  }
}

/** A message some of whose parcels are read while they are sent, so that nobody holds them. `MessageBatch` makes them. */
export class StreamedMessage extends WithParcels<Attachment> {
  /**
   * As those of a `LargeMessage`; the next piece is read when it is asked for. When that fails, frames that give up what was sent come,
   * and then its error is thrown.
   */
  async *frames(): AsyncGenerator<Uint8Array[], void> {
    let begun = 0
    for (const [id, parcel] of this.parcels.entries()) {
      for (const { offset, length } of piecesOf(parcel.length, this.maxBytes)) {
        let data: Uint8Array
        try {
          data = isBytes(parcel) ? parcel.subarray(offset, offset + length) : await parcel.read(offset, length)
        } catch (error) {
          for (let given = 0; given < begun; given += 1) yield [pieceHead(given, undefined, 0)]
          throw error
        }
        yield [pieceHead(id, offset === 0 ? parcel.length : undefined, length), data]
        begun = id + 1
      }
    }
    yield [this.body]
  }
}

/** The pieces of a parcel: one at least, which may be empty. */
function* piecesOf(size: number, maxFrameBytes: number): Generator<{ offset: number; length: number }> {
  const room = Math.max(1, Math.min(PIECE_BYTES, maxFrameBytes - PARCEL_HEAD_BYTES))
  let offset = 0
  do {
    const length = Math.min(room, size - offset)
    yield { offset, length }
    offset += length
  } while (offset < size)
}

/** The frame of a body with attachments; where a number stands in place of bytes it is `IS_PARCEL` and the number of a parcel. */
export function attachedBody(head: Uint8Array | number, parts: readonly (Uint8Array | number)[]): Uint8Array {
  const contents = [head, ...parts].filter((each) => typeof each !== 'number')
  const table = [...parts, head].map((each) => (typeof each === 'number' ? each : each.length))
  const size = 4 + 4 * table.length + contents.reduce((sum, { length }) => sum + length, 0)
  const frame = new Uint8Array(HEADER_BYTES + size)
  writeLength(frame, size)
  writeLength(frame.subarray(HEADER_BYTES), parts.length)
  frame[HEADER_BYTES] = ATTACHED
  let offset = HEADER_BYTES + 4
  for (const each of table) {
    writeLength(frame.subarray(offset), each)
    offset += 4
  }
  for (const each of contents) {
    frame.set(each, offset)
    offset += each.length
  }
  return frame
}

export const MAX_ATTACHMENTS = 2 ** 24 - 1

function pieceHead(id: number, size: number | undefined, dataBytes: number): Uint8Array {
  const headBytes = size === undefined ? PIECE_HEAD_BYTES : PARCEL_HEAD_BYTES
  const head = new Uint8Array(HEADER_BYTES + headBytes)
  writeLength(head, headBytes + dataBytes)
  head[HEADER_BYTES] = size === undefined ? PIECE : PARCEL
  writeLength(head.subarray(HEADER_BYTES + 1), id)
  if (size !== undefined) {
    writeLength(head.subarray(HEADER_BYTES + 5), Math.floor(size / 2 ** 32))
    writeLength(head.subarray(HEADER_BYTES + 9), size % 2 ** 32)
  }
  return head
}

/** The parcels of a stream that no message has named yet. */
export class Parcels {
  readonly #open = new Map<number, { bytes: Uint8Array; filled: number }>()
  readonly #maxBytes: number

  /** @param maxBytes - of one parcel */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** How many bytes of a body that begins with `kind` stand before its data; `undefined` when it is no piece. */
  static headBytes(kind: number | undefined): number | undefined {
    return kind === PARCEL ? PARCEL_HEAD_BYTES : kind === PIECE ? PIECE_HEAD_BYTES : undefined
  }

  /**
   * Make room for the data of a piece, or forget the parcel that one without data gives up. Memory that nothing is written to is none yet, so a size that was only announced takes none.
   *
   * @param head - of its body, as many bytes as `headBytes` says
   * @returns where its `dataBytes` belong
   * @throws MarkFault
   */
  roomFor(head: Uint8Array, dataBytes: number): Uint8Array {
    const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
    const id = view.getUint32(1)
    if (head[0] === PARCEL) this.#begin(id, view.getUint32(5) * 2 ** 32 + view.getUint32(9))
    const parcel = this.#open.get(id)
    if (parcel === undefined) throw new MarkFault(`a piece of a parcel ${id} that was not begun`)
    const { bytes, filled } = parcel
    if (head[0] === PIECE && dataBytes === 0) {
      this.#open.delete(id)
      return bytes.subarray(0, 0)
    }
    if (dataBytes > bytes.length - filled) throw new MarkFault(`a piece that goes beyond the end of parcel ${id}`)
    if (dataBytes === 0 && bytes.length > 0) throw new MarkFault(`a piece of parcel ${id} with nothing in it`)
    parcel.filled += dataBytes
    return bytes.subarray(filled, parcel.filled)
  }

  /** A whole piece at once. @throws MarkFault */
  add(body: Uint8Array): void {
    const headBytes = Parcels.headBytes(body[0])!
    if (body.length < headBytes) throw new MarkFault('a piece that ends in its head')
    this.roomFor(body, body.length - headBytes).set(body.subarray(headBytes))
  }

  /** A parcel that has come whole; the memory is the caller's. @throws MarkFault */
  take(id: number): Uint8Array {
    const parcel = this.#open.get(id)
    if (parcel === undefined) throw new MarkFault(`there is no parcel ${id}, or it was taken`)
    if (parcel.filled < parcel.bytes.length) throw new MarkFault(`parcel ${id} has not come whole`)
    this.#open.delete(id)
    return parcel.bytes
  }

  #begin(id: number, size: number): void {
    if (id >= IS_PARCEL) throw new MarkFault(`a parcel of the id ${id}, which no message can name`)
    if (this.#open.has(id)) throw new MarkFault(`a second parcel ${id} while the first one waits`)
    if (size > this.#maxBytes) throw new MarkFault(`a parcel of ${size} bytes, over the limit of ${this.#maxBytes}`)
    this.#open.set(id, { bytes: allocate(size), filled: 0 })
  }
}

function allocate(size: number): Uint8Array {
  try {
    return new Uint8Array(size)
  } catch {
    throw new MarkFault(`a parcel of ${size} bytes, for which there is no memory`)
  }
}
