/**
 * RFC 4648 section 4 in both directions, with what the platform has: `Buffer` where there is one, else `btoa` and `atob`,
 * which know only strings of one character per byte.
 */

/** Bytes per `btoa`: a multiple of 3, so that pieces join without padding, and few enough to be arguments of one call. */
const PIECE_BYTES = 24 * 1024

export function encodeBase64(bytes: Uint8Array): string {
  if (typeof Buffer === 'function') {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
  }
  let text = ''
  for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
    text += btoa(String.fromCharCode(...bytes.subarray(start, start + PIECE_BYTES)))
  }
  return text
}

/** The bytes, in memory of their own; `undefined` when `text` is not padded base64, or holds anything else. */
export function tryDecodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  if (/[^A-Za-z0-9+/]/.test(text.slice(0, text.length - padding))) return undefined
  const bytes = new Uint8Array((text.length / 4) * 3 - padding)
  if (typeof Buffer === 'function') {
    Buffer.from(bytes.buffer).write(text, 'base64')
    return bytes
  }
  const pieceLength = (PIECE_BYTES / 3) * 4
  let filled = 0
  for (let start = 0; start < text.length; start += pieceLength) {
    const piece = atob(text.slice(start, start + pieceLength))
    for (let index = 0; index < piece.length; index += 1) bytes[filled++] = piece.charCodeAt(index)
  }
  return bytes
}
