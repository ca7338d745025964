/**
 * Bytes in, in chunks of any size; exact spans out. Takes no memory for what has not arrived, copies a byte at most twice
 * however it was cut, and costs what it holds: small chunks are joined as they come, since a million views of one byte each
 * would weigh a hundred times their content.
 */

/** Chunks below this many bytes are copied together: a copy of that size costs less than keeping one more view. */
const JOIN_BELOW_BYTES = 1024

/** Small chunks are joined in blocks of this many bytes. */
const BLOCK_BYTES = 16 * 1024

export class ByteQueue {
  #chunks: Uint8Array[] = []
  #length = 0
  /** The block of ours whose first `#blockUsed` bytes end in the last chunk. */
  #block: Uint8Array | undefined
  #blockUsed = 0

  /** How many bytes wait. */
  get length(): number {
    return this.#length
  }

  /** Keeps a reference to `bytes` until they are taken. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#length += bytes.length
    if (this.#chunks.length > 0 && bytes.length < JOIN_BELOW_BYTES) this.#join(bytes)
    else {
      this.#chunks.push(bytes)
      this.#block = undefined
    }
  }

  /**
   * Take the next `count` bytes, or nothing when fewer wait. The answer is a view of a pushed chunk where they lie in one.
   */
  tryTake(count: number): Uint8Array | undefined {
    if (count > this.#length) return undefined
    this.#length -= count
    const first = this.#chunks[0]
    if (first === undefined) return new Uint8Array(0)
    if (first.length > count) {
      this.#chunks[0] = first.subarray(count)
      return first.subarray(0, count)
    }
    if (first.length === count) {
      this.#chunks.shift()
      return first
    }
    return this.#gather(count)
  }

  /** The next byte, left where it is. */
  peek(): number | undefined {
    return this.#chunks[0]?.[0]
  }

  /** Move as many bytes as wait, and have room there, to the beginning of `target`; tells how many. */
  takeInto(target: Uint8Array): number {
    let filled = 0
    while (filled < target.length && this.#length > 0) {
      const part = this.tryTake(Math.min(this.#chunks[0]!.length, target.length - filled))!
      target.set(part, filled)
      filled += part.length
    }
    return filled
  }

  /** Copy what was pushed last, where that was not done already: the memory is its owner's again. */
  keep(): void {
    const last = this.#chunks.length - 1
    if (last >= 0 && this.#block === undefined) this.#chunks[last] = new Uint8Array(this.#chunks[last]!)
  }

  #join(bytes: Uint8Array): void {
    if (this.#block === undefined || this.#block.length - this.#blockUsed < bytes.length) {
      this.#block = new Uint8Array(BLOCK_BYTES)
      this.#blockUsed = 0
      this.#chunks.push(this.#block.subarray(0, 0))
    }
    const block = this.#block
    const last = this.#chunks.length - 1
    const start = this.#blockUsed - this.#chunks[last]!.length
    block.set(bytes, this.#blockUsed)
    this.#blockUsed += bytes.length
    this.#chunks[last] = block.subarray(start, this.#blockUsed)
  }

  #gather(count: number): Uint8Array {
    const span = new Uint8Array(count)
    let filled = 0
    let used = 0
    while (filled < count) {
      const chunk = this.#chunks[used]!
      const part = chunk.length <= count - filled ? chunk : chunk.subarray(0, count - filled)
      span.set(part, filled)
      filled += part.length
      if (part.length === chunk.length) used += 1
      else this.#chunks[used] = chunk.subarray(part.length)
    }
    this.#chunks.splice(0, used)
    return span
  }
}
