export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject
export interface JsonObject {
  [key: string]: JsonValue
}
/** The deepest nesting of arrays and objects that is carried (contract D-1). */
export declare const MAX_DEPTH = 512
/**
 * Turn `value` into what JSON carries without loss: `undefined` is left out of objects and is `null` elsewhere, a `BigInt`
 * becomes a number, bytes become `{ __bytes__: true, b64 }`. Getters are read; `toJSON` is never called. The answer is
 * `value` itself when nothing had to be replaced, and shares what is unchanged with it otherwise.
 *
 * @param path - what errors call `value`. @default 'args'
 * @throws UnserializableError for what JSON would change or lose, a cycle, and nesting beyond 512
 * @throws FrameTooLargeError when the JSON text would be longer than a string can be
 */
export declare function encodeValue(value: unknown, path?: string): JsonValue
/** What `encodeFrame` knows beside the value. */
export interface EncodeLimits {
  /** Give up, with a `FrameTooLargeError`, once the JSON text must be longer. */
  maxBytes: number
  /** @default 512 */
  maxDepth?: number
}
/** `encodeValue` for a frame that has a limit. */
export declare function encodeValueWithin(value: unknown, path: string, { maxBytes, maxDepth }: EncodeLimits): JsonValue
/**
 * Turn what JSON carried back into a value: each `{ __bytes__: true, b64 }` becomes a `Uint8Array` in memory of its own.
 * The answer is `value` itself when it holds none.
 *
 * @param path - what errors call `value`. @default 'result'
 * @throws UnserializableError for bytes that are not base64, and for nesting beyond 512
 */
export declare function decodeValue(value: JsonValue, path?: string): unknown
