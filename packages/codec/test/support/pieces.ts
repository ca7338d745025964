/** Frames of version 1 in other ways that mean the same: as parcels, in pieces, in MessagePack. */
import { PackedEncoder } from '../../src/packed-encoder.js'
import { ATTACHED, attachedBody, LargeMessage } from '../../src/parcels.js'

/** @param inlineBytes - what is longer goes in a parcel @param maxBytes - of a frame, which bounds its pieces */
export function inPieces(frame: Uint8Array, inlineBytes: number, maxBytes: number): Uint8Array[] {
  const [head, ...attachments] = partsOf(frame.subarray(4))
  const large = new LargeMessage(head!, attachments, ({ length }) => length <= inlineBytes, maxBytes)
  return [...large.frames()].map((parts) => Buffer.concat(parts))
}

/** The same messages as MessagePack. */
export function inMessagePack(frame: Uint8Array): Uint8Array {
  const [head, ...attachments] = partsOf(frame.subarray(4))
  const encoder = new PackedEncoder('messages', Number.POSITIVE_INFINITY)
  encoder.packJson(JSON.parse(new TextDecoder().decode(head)))
  return attachedBody(encoder.out.finish(), attachments)
}

/** The messages and the attachments of a body that names no parcels. */
function partsOf(body: Uint8Array): Uint8Array[] {
  if (body[0] !== ATTACHED) return [body]
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  const count = view.getUint32(0) & 0xff_ff_ff
  let offset = 8 + 4 * count
  return [count, ...Array(count).keys()].map((entry) => {
    const size = view.getUint32(4 + 4 * entry)
    offset += size
    return body.subarray(offset - size, offset)
  })
}
