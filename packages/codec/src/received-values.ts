/**
 * The values of a received message. Most hold nothing that JSON did not carry as it is; only a text that may hold more is
 * looked at twice.
 */
import { isNestedDeeper } from './depth.js'
import { UnserializableError } from './errors.js'
import { findUnsafeIntegers, mayHoldBytes, mayHoldUnsafeIntegers } from './json-text.js'
import type { CallMessage, CallSucceededMessage, Message } from './messages.js'
import { formatPath, type Keys } from './path.js'
import { MAX_DEPTH } from './value-walker.js'
import { decodeValue, type JsonValue } from './values.js'

/**
 * Decode the values of `message` in place. One that cannot be read fails its call and not the stream (contract D-6): it becomes
 * `undefined`, and `valueError` says why.
 *
 * @param text - the JSON text that `message` was parsed from
 */
export function readValues(message: Message, text: string): void {
  if (message.type === 'call') readOrTell(message, text, readArguments, forgetArguments)
  else if (message.type === 'call_done' && message.ok) readOrTell(message, text, readResult, forgetResult)
}

function readOrTell<M extends CallMessage | CallSucceededMessage>(
  message: M,
  text: string,
  read: (message: M) => void,
  forget: (message: M) => void,
): void {
  try {
    if (mayHoldUnsafeIntegers(text)) assertSafeIntegers(message, text)
    // Which refuses what is nested too deeply, too.
    if (mayHoldBytes(text) || isDeep(message, text)) read(message)
  } catch (error) {
    if (!(error instanceof UnserializableError)) throw error
    forget(message)
    message.valueError = error
  }
}

function isDeep(message: CallMessage | CallSucceededMessage, text: string): boolean {
  if (message.type === 'call_done') return isNestedDeeper(message.result as JsonValue, MAX_DEPTH, text)
  const { args, spread } = message
  if (spread === undefined) return isNestedDeeper(args as JsonValue, MAX_DEPTH, text)
  return [spread.args, spread.kwargs].some((each) => isNestedDeeper(each as JsonValue, MAX_DEPTH + 1, text))
}

function readArguments(message: CallMessage): void {
  const { args, spread } = message
  if (spread === undefined) {
    message.args = decodeValue(args as JsonValue, 'args')
    return
  }
  message.spread = {
    args: spread.args.map((each, index) => decodeValue(each as JsonValue, formatPath('args', [index]))),
    // Entries define own properties, so that `__proto__` stays a name like any other.
    kwargs: Object.fromEntries(
      Object.entries(spread.kwargs).map(([name, each]) => [
        name,
        decodeValue(each as JsonValue, formatPath('kwargs', [name])),
      ]),
    ),
  }
}

function forgetArguments(message: CallMessage): void {
  message.args = undefined
  delete message.spread
}

function readResult(message: CallSucceededMessage): void {
  message.result = decodeValue(message.result as JsonValue, 'result')
}

function forgetResult(message: CallSucceededMessage): void {
  message.result = undefined
}

function assertSafeIntegers(message: CallMessage | CallSucceededMessage, text: string): void {
  let steps = 0
  for (const keys of findUnsafeIntegers(text)) {
    // Nobody writes that: many of them, far down in what does not count.
    steps += keys.length
    if (steps > text.length) {
      const root = message.type === 'call' ? 'args' : 'result'
      throw new UnserializableError(root, 'comes with too many integers beyond ±(2^53−1)')
    }
    const path = pathOfValue(message, keys)
    // Of a key given twice only the last one counts, so what stands in the text may not be in the message.
    if (path === undefined || Number.isSafeInteger(valueAt(message, keys))) continue
    throw new UnserializableError(path, 'holds an integer beyond ±(2^53−1), which a number cannot hold', {
      hint: 'return it as str, or as float',
    })
  }
}

/** The path errors show for a place in the body; `undefined` for one that is not in a value that counts. */
function pathOfValue(message: CallMessage | CallSucceededMessage, keys: Keys): string | undefined {
  const [first, second] = keys
  if (message.type === 'call_done') return first === 'result' ? formatPath('result', keys.slice(1)) : undefined
  if (message.spread === undefined) return first === 'args' ? formatPath('args', keys.slice(1)) : undefined
  if (first !== 'spread' || (second !== 'args' && second !== 'kwargs')) return undefined
  return formatPath(second, keys.slice(2))
}

function valueAt(message: object, keys: Keys): unknown {
  let value: unknown = message
  for (const key of keys) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Record<string | number, unknown>)[key]
  }
  return value
}
