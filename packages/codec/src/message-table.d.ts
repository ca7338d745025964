import type { Message, UnknownMessage } from './messages.js'
/** What is wrong with a message. */
export interface MessageFault {
  /** Path of the field, `type` included. */
  field: string
  value: unknown
  /** In words. */
  expected: string
}
export declare const messageTypes: readonly string[]
/**
 * Copy the known fields of `body` into a message, in the order they are written, values as they are.
 *
 * @param onFault - called for the first field that is absent or of the wrong type; must throw
 * @returns `{ type }` alone when the type is not one of ours
 */
export declare function validateMessage(
  body: Readonly<Record<string, unknown>>,
  onFault: (fault: MessageFault) => never,
): Message | UnknownMessage
/** A fault as a phrase: `callID must be a string, not 7`. */
export declare function describeFault({ field, value, expected }: MessageFault): string
