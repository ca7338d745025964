import type { Message } from './messages.js'
/**
 * Decode the values of `message` in place. One that cannot be read fails its call and not the stream (contract D-6): it becomes
 * `undefined`, and `valueError` says why.
 *
 * @param text - the JSON text that `message` was parsed from
 */
export declare function readValues(message: Message, text: string): void
