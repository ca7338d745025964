/**
 * Large messages on their way out, one after the other, in pieces (NEGOTIATED.md, "Parcels"; contract D-4). A piece is written when the one before
 * has gone: whatever is small finds a stream that is hardly ahead of it, and memory holds what was sent once, where it always was.
 */
import type { Writable } from 'node:stream'
import { type LargeMessage, type MessageBatch, StreamedMessage } from '@pyferry/codec'

export type Large = LargeMessage | StreamedMessage
type Next = IteratorResult<Uint8Array[], void>

interface Entry {
  /** `undefined` while nobody knows them. */
  frames: { next(): Next | Promise<Next> } | undefined
  /** Whether they are read from somewhere while they are written. */
  isStreamed: boolean
  /** Told when one of them could not be read; the message is given up. */
  onUnsent: ((error: Error) => void) | undefined
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

  /** @param onUnsent - told when a message that is read while it is written could not be read on */
  push(large: Large, onUnsent?: (error: Error) => void): void {
    const frames = large.frames()
    const isStreamed = large instanceof StreamedMessage
    this.#entries.push({ frames, isStreamed, onUnsent, following: this.#makeBatch() })
    if (this.#entries.length === 1) this.#writeNext()
  }

  /**
   * Keep a place for a message that comes later; what is sent after it waits.
   *
   * @param onUnsent - as of `push`
   * @returns to be called once, with what adds the message to a batch, or returns it when it is too large for that, or does neither
   */
  reserve(onUnsent: (error: Error) => void): (add: (batch: MessageBatch) => Large | undefined) => void {
    const entry: Entry = { frames: undefined, isStreamed: false, onUnsent, following: this.#makeBatch() }
    this.#entries.push(entry)
    return (add) => {
      if (entry.frames) return
      const batch = this.#makeBatch()
      const large = add(batch)
      entry.frames = large ? large.frames() : framesOf(batch)
      entry.isStreamed = large instanceof StreamedMessage
      if (this.#entries[0] === entry) this.#writeNext()
    }
  }

  /** End the stream, after all that was pushed; what has not come by now, or has to be read, does not come. */
  end(): void {
    this.#isEnding = true
    const [first] = this.#entries
    // After a part of a message that is read no other large one may go.
    if (first?.isStreamed) this.#entries = []
    if (this.#entries.length === 0) {
      this.#output.end()
      return
    }
    const isWaiting = first!.frames === undefined
    for (const entry of this.#entries) {
      if (entry.isStreamed || entry.frames === undefined) entry.frames = framesOf(this.#makeBatch())
    }
    if (isWaiting) this.#writeNext()
  }

  readonly #writeNext = (error?: Error | null): void => {
    // The worker is gone, and who reports that is not us.
    if (error || this.#output.destroyed || this.#output.writableEnded) this.#entries = []
    for (let [entry] = this.#entries; entry?.frames; [entry] = this.#entries) {
      const next = entry.frames.next()
      if (next instanceof Promise) {
        this.#writeLater(entry, next)
        return
      }
      if (!next.done) {
        this.#write(next.value)
        return
      }
      this.#finish(entry)
    }
  }

  /** The next frame of what is read. */
  #writeLater(entry: Entry, next: Promise<Next>): void {
    const isDropped = () => this.#entries[0] !== entry
    next.then(
      ({ done, value }) => {
        if (isDropped()) return
        if (!done) {
          this.#write(value!)
          return
        }
        this.#finish(entry)
        this.#writeNext()
      },
      (error) => {
        if (isDropped()) return
        entry.onUnsent?.(error)
        this.#finish(entry)
        this.#writeNext()
      },
    )
  }

  /** All of it is written: what had to stay behind it follows. */
  #finish({ following }: Entry): void {
    this.#entries.shift()
    for (const frame of following.takeFrames()) this.#output.write(frame)
    if (this.#entries.length === 0 && this.#isEnding) this.#output.end()
  }

  /** One frame, and the next one when it has gone. */
  #write(parts: readonly Uint8Array[]): void {
    this.#output.cork()
    for (const part of parts.slice(0, -1)) this.#output.write(part)
    this.#output.write(parts.at(-1)!, this.#writeNext)
    this.#output.uncork()
  }
}

function* framesOf(batch: MessageBatch): Generator<Uint8Array[], void> {
  for (const frame of batch.takeFrames()) yield [frame]
}
