/**
 * Large messages on their way out, one after the other, in pieces (NEGOTIATED.md, "Parcels"; contract D-4). A piece is written when the one before
 * has gone: whatever is small finds a stream that is hardly ahead of it, and memory holds what was sent once, where it always was.
 */
import type { Writable } from 'node:stream'
import type { LargeMessage, MessageBatch } from '@pyferry/codec'

interface Entry {
  frames: Iterator<Uint8Array[], void>
  /** What was sent after it and has to stay behind it. */
  following: MessageBatch
}

export class Outbox {
  readonly #output: Writable
  readonly #makeBatch: () => MessageBatch
  #entries: Entry[] = []
  #isEnding = false

  constructor(output: Writable, makeBatch: () => MessageBatch) {
    this.#output = output
    this.#makeBatch = makeBatch
  }

  /** Takes what is to go after the last of the large messages; `undefined` when there are none. */
  get lastBatch(): MessageBatch | undefined {
    return this.#entries.at(-1)?.following
  }

  push(large: LargeMessage): void {
    this.#entries.push({ frames: large.frames(), following: this.#makeBatch() })
    if (this.#entries.length === 1) this.#writeNext()
  }

  /** End the stream, after all that was pushed. */
  end(): void {
    this.#isEnding = true
    if (this.#entries.length === 0) this.#output.end()
  }

  readonly #writeNext = (error?: Error | null): void => {
    // The worker is gone, and who reports that is not us.
    if (error || this.#output.destroyed || this.#output.writableEnded) this.#entries = []
    const [entry] = this.#entries
    if (entry === undefined) return
    const next = entry.frames.next()
    if (next.done) {
      this.#entries.shift()
      for (const frame of entry.following.takeFrames()) this.#output.write(frame)
      if (this.#entries.length > 0) this.#writeNext()
      else if (this.#isEnding) this.#output.end()
      return
    }
    this.#output.cork()
    for (const part of next.value.slice(0, -1)) this.#output.write(part)
    this.#output.write(next.value.at(-1)!, this.#writeNext)
    this.#output.uncork()
  }
}
