/**
 * What only the text of a JSON value tells. Above all what `JSON.parse` hides: a number without `.` or exponent beyond
 * ±(2^53−1) is read as the nearest one JavaScript has, and then looks like a float of that size.
 */
import type { Keys } from './path.js'
/**
 * Whether `text` may hold an unsafe integer; never wrong when it says no. Looks at one character in 16, which no run of 16
 * digits gets past, and dismisses the fractions of floats and digits right behind a quote.
 */
export declare function mayHoldUnsafeIntegers(text: string): boolean
/** Whether the key `__bytes__` may occur in `text`, as it is or with some of it escaped. */
export declare function mayHoldBytes(text: string): boolean
/** Find every unsafe integer of `text`, which must be valid JSON, by its keys. Does not recurse. */
export declare function findUnsafeIntegers(text: string): Generator<Keys, void, undefined>
