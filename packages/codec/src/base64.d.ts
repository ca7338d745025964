/**
 * RFC 4648 section 4 in both directions, with what the platform has: `Buffer` where there is one, else `btoa` and `atob`,
 * which know only strings of one character per byte.
 */
export declare function encodeBase64(bytes: Uint8Array): string
/** The bytes, in memory of their own; `undefined` when `text` is not padded base64, or holds anything else. */
export declare function tryDecodeBase64(text: string): Uint8Array | undefined
