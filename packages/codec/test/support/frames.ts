import { FrameReader, type FrameReaderOptions, type Message } from '../../src/index.js'

/** Everything that can be read now. */
export function drain(reader: FrameReader): Message[] {
  const messages: Message[] = []
  for (let message = reader.tryNext(); message !== undefined; message = reader.tryNext()) messages.push(message)
  return messages
}

/** Read a whole stream given in pieces, to its end or its first error. */
export function readStream(pieces: Iterable<Uint8Array>, options?: FrameReaderOptions) {
  return readAll(new FrameReader(options), pieces)
}

/** The same with a reader that was made for it. */
export function readAll(reader: FrameReader, pieces: Iterable<Uint8Array>) {
  const messages: Message[] = []
  try {
    for (const piece of pieces) {
      reader.push(piece)
      for (let message = reader.tryNext(); message !== undefined; message = reader.tryNext()) messages.push(message)
    }
    reader.end()
    return { messages, error: undefined }
  } catch (error) {
    return { messages, error }
  }
}

/**
 * As `readAll`, of a stream that is read in one piece of memory over and over, but for what has a place to be written to.
 *
 * @param most - bytes at once
 */
export function readInPlace(reader: FrameReader, stream: Uint8Array, most: number) {
  const messages: Message[] = []
  const memory = new Uint8Array(most)
  try {
    for (let offset = 0; offset < stream.length; ) {
      const target = reader.room?.subarray(0, most) ?? memory
      const piece = stream.subarray(offset, offset + target.length)
      target.set(piece)
      offset += piece.length
      if (target === memory) reader.push(memory.subarray(0, piece.length))
      else reader.filled(piece.length)
      for (let message = reader.tryNext(); message !== undefined; message = reader.tryNext()) messages.push(message)
      reader.keep()
      memory.fill(0xff)
    }
    reader.end()
    return { messages, error: undefined }
  } catch (error) {
    return { messages, error }
  }
}

/** A frame with this body, whatever it is. */
export function frameOf(body: string | Uint8Array): Uint8Array {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  const frame = new Uint8Array(4 + bytes.length)
  new DataView(frame.buffer).setUint32(0, bytes.length)
  frame.set(bytes, 4)
  return frame
}

export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

/** The error `run` throws. */
export function thrownBy(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
