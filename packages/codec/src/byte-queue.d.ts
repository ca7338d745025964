/**
 * Bytes in, in chunks of any size; exact spans out. Takes no memory for what has not arrived, copies a byte at most twice
 * however it was cut, and costs what it holds: small chunks are joined as they come, since a million views of one byte each
 * would weigh a hundred times their content.
 */
export declare class ByteQueue {
  #private
  /** How many bytes wait. */
  get length(): number
  /** Keeps a reference to `bytes` until they are taken. */
  push(bytes: Uint8Array): void
  /**
   * Take the next `count` bytes, or nothing when fewer wait. The answer is a view of a pushed chunk where they lie in one.
   */
  tryTake(count: number): Uint8Array | undefined
}
