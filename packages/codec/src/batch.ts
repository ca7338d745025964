/**
 * Messages on their way out in version 1 (NEGOTIATED.md): all that wait are one frame, since a small call costs by the frame and not by the
 * byte. Everything that can be wrong with a message is found when it is added, and its values are what they were then.
 */
import { OptionError } from '@pyferry/errors'
import { FrameTooLargeError } from './errors.js'
import {
  encoder,
  type FrameOptions,
  frameOf,
  HEADER_BYTES,
  resolveMaxFrameBytes,
  stringify,
  utf8Length,
  writeLength,
} from './frame.js'
import { MarkedEncoder } from './marked-values.js'
import { messageTypes, validateMessage } from './message-table.js'
import type { CallMessage, CallSucceededMessage, HostMessage, Message, WorkerMessage } from './messages.js'
import { MAX_DEPTH } from './value-walker.js'
import type { JsonValue } from './values.js'

/** The first byte of a body with attachments; one without begins with `[`. */
export const ATTACHED = 0x01

/** Texts are joined up to so many bytes: a reader has to have a whole frame before it can begin with it. */
const JOIN_BYTES = 256 * 1024

/** The brackets around the messages of a frame. */
const BRACKETS = 2

/** A UTF-16 unit is at most three bytes of UTF-8. */
const MAX_UNIT_BYTES = 3

const MAX_ATTACHMENTS = 2 ** 24 - 1

export class MessageBatch {
  readonly #maxBytes: number
  /** Messages as text, and frames that were made already, in their order. */
  #waiting: (string | Uint8Array)[] = []
  #encoder = new MarkedEncoder()
  /** A getter of a value that is being encoded may send something itself. */
  #isEncoding = false

  /** @throws OptionError for an option that cannot be used */
  constructor(options?: FrameOptions) {
    this.#maxBytes = resolveMaxFrameBytes(options)
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  /**
   * Encode `message`. When it throws, nothing was added.
   *
   * @throws UnserializableError naming the path of what cannot be carried
   * @throws FrameTooLargeError when the message alone would be over the limit
   * @throws OptionError for a message whose type is not of version 1, or whose fields are wrong
   */
  add(message: HostMessage | WorkerMessage): void {
    if (message.type === 'call' || (message.type === 'call_done' && message.ok)) this.#addValues(message)
    else this.#addText(textOf(message))
  }

  /** What waits, as frames; they may share memory, and must not be changed or transferred. */
  takeFrames(): Uint8Array[] {
    const waiting = this.#waiting
    this.#waiting = []
    const frames: Uint8Array[] = []
    let texts: string[] = []
    let mostBytes = BRACKETS
    const close = () => {
      if (texts.length > 0) frames.push(frameOf(`[${texts.join(',')}]`, this.#maxBytes))
      texts = []
      mostBytes = BRACKETS
    }
    const limit = Math.min(JOIN_BYTES, this.#maxBytes)
    for (const each of waiting) {
      if (typeof each !== 'string') {
        close()
        frames.push(each)
        continue
      }
      const most = each.length * MAX_UNIT_BYTES + 1
      if (mostBytes + most > limit) close()
      texts.push(each)
      mostBytes += most
    }
    close()
    return frames
  }

  #addValues(message: CallMessage | CallSucceededMessage): void {
    const values = this.#isEncoding ? new MarkedEncoder() : this.#encoder
    this.#isEncoding = true
    try {
      values.begin(this.#maxBytes)
      const text = message.type === 'call' ? textOfCall(message, values) : textOfResult(message, values)
      if (values.attachments.length === 0) this.#addText(text)
      else this.#waiting.push(attachedFrame(`[${text}]`, values.attachments, this.#maxBytes))
    } finally {
      this.#isEncoding = values !== this.#encoder
    }
  }

  #addText(text: string): void {
    if (text.length * MAX_UNIT_BYTES + BRACKETS > this.#maxBytes) {
      const size = utf8Length(text) + BRACKETS
      if (size > this.#maxBytes) throw new FrameTooLargeError(size, this.#maxBytes)
    }
    this.#waiting.push(text)
  }
}

function textOfCall({ callID, func, args, spread }: CallMessage, values: MarkedEncoder): string {
  assertId(callID)
  if (typeof func !== 'string') throw new OptionError('message.func', func, 'a string')
  // The array and the object themselves are not nesting of the caller's making.
  const list = spread ? values.encode(spread.args, 'args', MAX_DEPTH + 1) : [values.encodeBelow([0], args, 'args')]
  const kwargs = spread && Object.keys(spread.kwargs).length > 0 ? spread.kwargs : undefined
  const named = kwargs && stringify(values.encode(kwargs, 'kwargs', MAX_DEPTH + 1), 'kwargs')
  const head = `[${callID},${JSON.stringify(func)},${stringify(list, 'args')}`
  if (values.marks.length > 0) return `${head},${named ?? 'null'},${JSON.stringify(values.marks)}]`
  return named === undefined ? `${head}]` : `${head},${named}]`
}

function textOfResult({ callID, result }: CallSucceededMessage, values: MarkedEncoder): string {
  assertId(callID)
  const head = `[${callID},${stringify(values.encode(result, 'result'), 'result')}`
  return values.marks.length > 0 ? `${head},${JSON.stringify(values.marks)}]` : `${head}]`
}

function textOf(message: Message): string {
  if (message.type === 'hello') return '["hello",{}]'
  const { callID } = message as { callID?: unknown }
  if (message.type === 'call_done') assertId(callID)
  // The table knows the base protocol, where ids of calls are texts.
  const checked = validateMessage({ ...message, callID: 'in its place' }, ({ field, value, expected }) => {
    throw new OptionError(`message.${field}`, value, expected)
  }) as Message
  return JSON.stringify(arrayOfMessage(checked, callID as JsonValue))
}

function arrayOfMessage(checked: Message, callID: JsonValue): JsonValue[] {
  switch (checked.type) {
    case 'define': {
      const { type, opID, ...fields } = checked
      return [type, opID, fields as unknown as JsonValue]
    }
    case 'op_done': {
      const { type: _, opID, ok, ...failure } = checked
      return ok ? ['defined', opID] : ['defined', opID, failure as JsonValue]
    }
    case 'call_done': {
      const { type: _, callID: __, ok: ___, ...failure } = checked
      return ['failed', callID, failure as unknown as JsonValue]
    }
    case 'ping':
    case 'pong':
      return [checked.type]
    case 'error':
      return ['error', checked.errorType, checked.errorMessage]
    default: {
      const known = ['hello', ...messageTypes.filter((type) => type !== 'ready' && type !== 'accept')]
      throw new OptionError('message.type', checked.type, `one of ${known.join(', ')}`)
    }
  }
}

function assertId(callID: unknown): asserts callID is number {
  if (Number.isSafeInteger(callID) && (callID as number) >= 0) return
  throw new OptionError('message.callID', callID, 'an integer from 0 to 2^53−1')
}

function attachedFrame(text: string, attachments: readonly Uint8Array[], maxBytes: number): Uint8Array {
  const count = attachments.length
  if (count > MAX_ATTACHMENTS) throw new OptionError('attachments', count, `at most ${MAX_ATTACHMENTS} in a message`)
  const attached = attachments.reduce((sum, { length }) => sum + length, 0)
  const headBytes = utf8Length(text)
  const body = 4 + 4 * count + 4 + headBytes + attached
  if (body > maxBytes) throw new FrameTooLargeError(body, maxBytes)
  const frame = new Uint8Array(HEADER_BYTES + body)
  writeLength(frame, body)
  let offset = HEADER_BYTES
  writeLength(frame.subarray(offset), count)
  frame[offset] = ATTACHED
  offset += 4
  for (const each of [...attachments.map(({ length }) => length), headBytes]) {
    writeLength(frame.subarray(offset), each)
    offset += 4
  }
  offset += encoder.encodeInto(text, frame.subarray(offset)).written
  for (const each of attachments) {
    frame.set(each, offset)
    offset += each.length
  }
  return frame
}
