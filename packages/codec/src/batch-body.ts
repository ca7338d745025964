/** The body of one frame of version 1, back to its messages (NEGOTIATED.md, "Frames" and "Messages"). */
import { describeValue } from '@pyferry/errors'
import type { Conversions } from './conversions.js'
import { isNestedDeeper, MAX_MARKED_DEPTH } from './depth.js'
import { UnserializableError } from './errors.js'
import { findUnsafeIntegers, mayHoldUnsafeIntegers } from './json-text.js'
import { Attachments, MarkFault, MarkReader } from './marks.js'
import { describeFault, isStrings, isValueForm, validateMessage } from './message-table.js'
import type { CallFailedMessage, HostMessage, UnknownMessage, ValueForm, WorkerMessage } from './messages.js'
import { isPacked, readMsgpack } from './msgpack-reader.js'
import { ATTACHED, IS_PARCEL, Parcels } from './parcels.js'
import { MAX_DEPTH } from './value-walker.js'
import type { JsonObject, JsonValue } from './values.js'

/** Who writes what is read: the first elements of their messages mean different things. */
export type Direction = 'host' | 'worker'

const OPEN_BRACKET = 0x5b

/** `[[],"bytes"]` */
const LEAST_MARK_BYTES = 12

/** Of the array of messages, a message, and the arguments in it. */
const DEPTH_ABOVE = 3

/** A byte order mark is kept, so that it is seen. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The messages of a body, values decoded; of unknown ones only their names. A piece of a parcel has none.
 *
 * @param parcels - of the stream
 * @param onFault - called with what is wrong with it, in words; must throw
 * @param conversions - what is made of values that the protocol does not know
 */
export function readBatch(
  body: Uint8Array,
  direction: Direction,
  parcels: Parcels,
  onFault: (reason: string, cause?: unknown) => never,
  conversions: Conversions = {},
): (HostMessage | WorkerMessage | UnknownMessage)[] {
  const read = direction === 'worker' ? readWorkerMessage : readHostMessage
  try {
    if (Parcels.headBytes(body[0]) !== undefined) {
      parcels.add(body)
      return []
    }
    const { head, parts } = split(body, parcels, onFault)
    const { array, text } = parse(head, onFault)
    const isDeep = isNestedDeeper(array, MAX_MARKED_DEPTH + DEPTH_ABOVE, text)
    const beside = { attachments: new Attachments(parts), conversions }
    let isAllRead = true
    const giveUp = (message: JsonValue[], what: string) => {
      isAllRead = false
      return unreadable(message, direction, what, onFault)
    }
    const messages = array.map((each) => {
      if (!Array.isArray(each) || each.length === 0) return onFault('a message is no array, or an empty one')
      if (isDeep && isNestedDeeper(each, MAX_MARKED_DEPTH + DEPTH_ABOVE - 1, text)) {
        return giveUp(each, `nesting deeper than ${MAX_DEPTH}`)
      }
      try {
        return read(each, beside, onFault)
      } catch (error) {
        if (!(error instanceof RangeError)) throw error
        // More elements in a map or set, or more digits, than the engine can hold.
        return giveUp(each, `what JavaScript cannot hold (${error.message})`)
      }
    })
    if (isAllRead && !beside.attachments.areAllTaken) onFault('an attachment is named by no mark')
    return messages
  } catch (error) {
    if (error instanceof MarkFault) return onFault(error.message)
    throw error
  }
}

/** What the marks of a frame's messages are read with. Few messages have any. */
interface Beside {
  attachments: Attachments
  conversions: Conversions
}

type Fail = (reason: string, cause?: unknown) => never

function split(body: Uint8Array, parcels: Parcels, onFault: Fail): { head: Uint8Array; parts: Uint8Array[] } {
  if (body[0] === OPEN_BRACKET || isPacked(body[0])) return { head: body, parts: [] }
  if (body[0] !== ATTACHED) return onFault('begins with nothing that is known')
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  const count = body.length < 4 ? 0 : view.getUint32(0) & 0xff_ff_ff
  let offset = 8 + 4 * count
  if (body.length < offset) return onFault('ends inside its table of attachments')
  /** What an entry of the table tells of: a parcel, or what comes next in the body. */
  const take = (entry: number): Uint8Array => {
    if (entry >= IS_PARCEL) return parcels.take(entry - IS_PARCEL)
    offset += entry
    return body.subarray(offset - entry, offset)
  }
  const head = take(view.getUint32(4 + 4 * count))
  // Before there is anything for each of them: a table of nothing but empty ones would take fifty times its size.
  if (count * LEAST_MARK_BYTES > head.length) return onFault('has more attachments than its marks can name')
  const parts: Uint8Array[] = []
  for (let index = 0; index < count; index += 1) {
    const part = take(view.getUint32(4 + 4 * index))
    // The frame's memory can go. Not `slice`, which a Buffer takes for `subarray`.
    parts.push(part.buffer === body.buffer ? new Uint8Array(part) : part)
  }
  if (offset !== body.length) return onFault(`its parts are ${offset} bytes of ${body.length}`)
  return head[0] === OPEN_BRACKET || isPacked(head[0]) ? { head, parts } : onFault('its messages are no array')
}

function parse(head: Uint8Array, onFault: Fail): { array: JsonValue[]; text: string } {
  // How deep it is nested is seen while it is read; so no text tells that it may be deeper.
  if (isPacked(head[0])) return { array: unpack(head, onFault), text: '' }
  let text: string
  try {
    text = decoder.decode(head)
  } catch (cause) {
    return onFault('not UTF-8', cause)
  }
  let array: JsonValue[]
  try {
    array = JSON.parse(text) as JsonValue[]
  } catch (cause) {
    return onFault('not JSON', cause)
  }
  if (mayHoldUnsafeIntegers(text) && !findUnsafeIntegers(text).next().done) onFault('holds an integer beyond ±(2^53−1)')
  return { array, text }
}

function unpack(head: Uint8Array, onFault: Fail): JsonValue[] {
  try {
    // Where an integer may be a `bigint`, none of the protocol's own passes for what it should be.
    return readMsgpack(head, MAX_MARKED_DEPTH + DEPTH_ABOVE) as JsonValue[]
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return onFault(`what JavaScript cannot hold (${error.message})`)
  }
}

/** A call or an answer whose values fail it, and it alone (contract D-6). */
function unreadable(
  array: JsonValue[],
  direction: Direction,
  what: string,
  onFault: Fail,
): HostMessage | WorkerMessage {
  const [first, second] = array
  if (typeof first !== 'number') return onFault(`a message holds ${what}`)
  const callID = readId(first, onFault)
  const valueError = new UnserializableError(direction === 'worker' ? 'result' : 'args', `holds ${what}`)
  if (direction === 'worker') return { type: 'call_done', callID, ok: true, result: undefined, valueError }
  return { type: 'call', callID, func: String(second), args: undefined, valueError }
}

function readWorkerMessage(
  array: JsonValue[],
  { attachments, conversions }: Beside,
  onFault: Fail,
): WorkerMessage | UnknownMessage {
  const [first, second, third] = array
  if (typeof first === 'number') {
    if (array.length < 2) return onFault('an answer has no result')
    const callID = readId(first, onFault)
    if (third === undefined || third === null) return { type: 'call_done', callID, ok: true, result: second }
    const marks = new MarkReader(attachments, conversions)
    const result = marks.apply(second!, third, 'result')
    if (marks.error) return { type: 'call_done', callID, ok: true, result: undefined, valueError: marks.error }
    return { type: 'call_done', callID, ok: true, result }
  }
  switch (first) {
    case 'failed': {
      const failed = fieldsOf<CallFailedMessage>('call_done', third, { callID: 'in its place', ok: false }, onFault)
      return { ...failed, callID: readId(second, onFault) }
    }
    case 'defined': {
      const isDone = third === undefined || third === null
      return fieldsOf('op_done', isDone ? {} : third, { opID: second, ok: isDone }, onFault)
    }
    case 'hello':
      return isObject(second) ? { type: 'hello' } : onFault('hello without an object')
    case 'codecs':
      return isStrings(second) ? { type: 'codecs', names: second } : onFault('codecs that are no array of strings')
    case 'pong':
      return { type: 'pong' }
    case 'error':
      return fieldsOf('error', {}, { errorType: second, errorMessage: third }, onFault)
    default:
      return unknownOf(first, onFault)
  }
}

function readHostMessage(
  array: JsonValue[],
  { attachments, conversions }: Beside,
  onFault: Fail,
): HostMessage | UnknownMessage {
  const [first, second, third, fourth, fifth, sixth] = array
  if (typeof first === 'number') {
    if (typeof second !== 'string') return onFault('a call whose function is no string')
    const isNamed = fourth === undefined || fourth === null || isObject(fourth)
    if (!Array.isArray(third) || !isNamed) return onFault('a call whose arguments are not an array and an object')
    const spread = { args: third as unknown[], kwargs: { ...(fourth as JsonObject | null | undefined) } }
    const all = fifth ?? []
    if (!Array.isArray(all)) return onFault('marks that are no array')
    const marks = new MarkReader(attachments, conversions)
    for (const mark of all) applyToArguments(spread, mark, marks)
    const call = { type: 'call', callID: readId(first, onFault), func: second, args: null } as const
    const values = readForm(sixth, onFault)
    const asked = values === undefined ? call : { ...call, values }
    return marks.error ? { ...asked, args: undefined, valueError: marks.error } : { ...asked, spread }
  }
  switch (first) {
    case 'define':
      return fieldsOf('define', third, { opID: second }, onFault)
    case 'ping':
      return { type: 'ping' }
    default:
      return unknownOf(first, onFault)
  }
}

/** The path of a mark begins with the index of an argument, or with the name of a keyword. */
function applyToArguments(
  spread: { args: unknown[]; kwargs: Record<string, unknown> },
  mark: JsonValue,
  marks: MarkReader,
): void {
  const path = Array.isArray(mark) ? mark[0] : undefined
  const [first] = Array.isArray(path) ? path : []
  if (first === undefined) throw new MarkFault('a mark that leads to no argument')
  if (typeof first === 'number') marks.apply(spread.args as JsonValue, [mark], 'args')
  else marks.apply(spread.kwargs as JsonValue, [mark], 'kwargs')
}

/** Among the options of a call. */
function readForm(options: JsonValue | undefined, onFault: Fail): ValueForm | undefined {
  if (options === undefined || options === null) return undefined
  if (!isObject(options)) return onFault('a call whose options are no object')
  const { values = null } = options
  if (values === null) return undefined
  return isValueForm(values) ? values : onFault('a call whose values are neither faithful nor json')
}

function readId(value: JsonValue | undefined, onFault: Fail): number {
  const isId = Number.isSafeInteger(value) && (value as number) >= 0
  return isId ? (value as number) : onFault(`${describeValue(value)} is no id of a call`)
}

/** The fields of a message of the base protocol, some of which stand by themselves here. */
function fieldsOf<M>(
  type: string,
  fields: JsonValue | undefined,
  more: Record<string, JsonValue | undefined>,
  onFault: Fail,
): M {
  if (!isObject(fields)) return onFault(`${type} without an object`)
  return validateMessage({ ...fields, ...more, type }, (fault) => onFault(describeFault(fault))) as M
}

function unknownOf(name: JsonValue | undefined, onFault: Fail): UnknownMessage {
  return typeof name === 'string' ? { type: name } : onFault('a message that begins with neither a number nor a name')
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
