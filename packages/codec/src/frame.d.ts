import type { Message } from './messages.js'
/** 64 MiB: a quarter second of JSON on either side, and well below what a string can hold. */
export declare const DEFAULT_MAX_FRAME_BYTES: number
/** The longest body that four bytes of length can announce. */
export declare const MAX_FRAME_BYTES_LIMIT: number
/** The length in front of a body, in bytes. */
export declare const HEADER_BYTES = 4
export interface FrameOptions {
  /**
   * Longest body in bytes, 1 to 2^32−1. A body of exactly this length is allowed. JavaScript engines hold no text over about
   * 512 MiB, so a greater limit helps only with text that is not ASCII.
   *
   * @default 67108864 (64 MiB)
   */
  maxFrameBytes?: number
}
/**
 * Encode `message` as one frame, header and body in one array. Values in it (`args`, `spread`,
 * `result`) go through `encodeValue`; fields that are not the protocol's are left out. The bytes are the caller's, but small frames
 * share one `ArrayBuffer`, so it must not be transferred.
 *
 * @throws UnserializableError naming the path of what JSON cannot carry
 * @throws FrameTooLargeError when the body would be over `maxFrameBytes`
 * @throws OptionError for an option that cannot be used, and for a message whose type is unknown or whose fields are wrong
 */
export declare function encodeFrame(message: Message, options?: FrameOptions): Uint8Array
/**
 * Encode `message` like `encodeFrame`, header and body apart, which saves copying a large body once more.
 *
 * @throws what `encodeFrame` throws
 */
export declare function encodeFrameParts(
  message: Message,
  options?: FrameOptions,
): [header: Uint8Array, body: Uint8Array]
/** @throws OptionError for an unknown option, and a limit that is no integer from 1 to 2^32−1 */
export declare function resolveMaxFrameBytes(options: FrameOptions | undefined): number
