/**
 * Messages on their way out in version 1 (NEGOTIATED.md): all that wait are one frame, since a small call costs by the frame and not by the
 * byte. Everything that can be wrong with a message is found when it is added, and its values are what they were then.
 */
import { OptionError } from '@pyferry/errors'
import type { Conversions } from './conversions.js'
import { FrameTooLargeError, ValueTooLargeError } from './errors.js'
import { encoder, type FrameOptions, frameOf, resolveMaxFrameBytes, stringify, utf8Length } from './frame.js'
import { LargeText, type LateAttachment, MarkedEncoder } from './marked-values.js'
import { isValueForm, messageTypes, validateMessage } from './message-table.js'
import type { CallMessage, CallSucceededMessage, HostMessage, Message, WorkerMessage } from './messages.js'
import { PackedEncoder } from './packed-encoder.js'
import { packCall, packResult } from './packed-messages.js'
import { type Attachment, attachedBody, isBytes, LargeMessage, MAX_ATTACHMENTS, StreamedMessage } from './parcels.js'
import { MAX_DEPTH } from './value-walker.js'
import type { JsonValue } from './values.js'

/** Texts are joined up to so many bytes: a reader has to have a whole frame before it can begin with it. */
const JOIN_BYTES = 256 * 1024

/** The brackets around the messages of a frame. */
const BRACKETS = 2

/** A UTF-16 unit is at most three bytes of UTF-8. */
const MAX_UNIT_BYTES = 3

/** Attachments up to so many bytes go in the frame, copied: to send one in pieces takes longer (measured, see performance.md). */
const INLINE_BYTES = 64 * 1024

interface Attached {
  readonly attachments: readonly Attachment[]
  readonly attachedBytes: number
}

/** From here on messages go as MessagePack, where the other end reads it: below, JSON is as quick (measured, see performance.md). */
const PACKED_BYTES = 16 * 1024

export interface BatchOptions extends FrameOptions {
  /** Largest arguments, or largest result, of one call in bytes, text and attachments together. @default none */
  maxValueBytes?: number | undefined
  /** What is sent in place of values that the protocol does not know. @default nothing: they are refused */
  conversions?: Conversions | undefined
  /** Whether the other end reads MessagePack; asked for each message that is large. @default () => false */
  packs?: (() => boolean) | undefined
}

/** A message that holds a `Blob` or a `FileHandle`, and waits for the bytes of it. Its other values are what they were, but for large ones. */
export class LateMessage {
  /** Its values, as errors call them. */
  readonly what: string
  /** Its JSON, or messages as MessagePack. */
  readonly head: string | Uint8Array
  /** To be read by whoever sends it, and given to `addLate`. */
  readonly sources: readonly LateAttachment[]
  readonly #attachments: readonly Uint8Array[]

  /** `MessageBatch.add` makes them. */
  constructor(what: string, head: string | Uint8Array, { attachments, late }: MarkedEncoder) {
    this.what = what
    this.head = head
    this.sources = late
    // Copied, where they would be if it were sent now: until then their owner may change them.
    this.#attachments = attachments.map((each) => (each.length <= INLINE_BYTES ? new Uint8Array(each) : each))
  }

  /** All attachments, in their order. @param contents - of the sources */
  attachmentsWith(contents: readonly Attachment[]): Attachment[] {
    const all: Attachment[] = [...this.#attachments]
    for (const [at, { index }] of this.sources.entries()) all[index] = contents[at]!
    return all
  }
}

export class MessageBatch {
  readonly #maxBytes: number
  /** Of a frame that is no piece. */
  readonly #joinBytes: number
  /** Of a message that is not over any of the limits. */
  readonly #smallBytes: number
  readonly #conversions: Conversions | undefined
  readonly #maxValueBytes: number
  readonly #packs: () => boolean
  /** Messages as text, and frames that were made already, in their order. */
  #waiting: (string | Uint8Array)[] = []
  readonly #encoder: MarkedEncoder
  /** A getter of a value that is being encoded may send something itself. */
  #isEncoding = false

  /** @throws OptionError for an option that cannot be used */
  constructor({
    maxValueBytes = Number.POSITIVE_INFINITY,
    conversions,
    packs = () => false,
    ...options
  }: BatchOptions = {}) {
    this.#maxBytes = resolveMaxFrameBytes(options)
    this.#maxValueBytes = maxValueBytes
    this.#joinBytes = Math.min(JOIN_BYTES, this.#maxBytes)
    this.#smallBytes = Math.min(this.#joinBytes, maxValueBytes)
    this.#conversions = conversions
    this.#packs = packs
    this.#encoder = new MarkedEncoder(conversions)
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  /**
   * Encode `message`. When it throws, nothing was added.
   *
   * @returns the message, not added, when it is too large for a frame among others: whoever sends it takes its own `frames()`; or when it
   * holds a `Blob` or a `FileHandle`: `addLate` adds it once that has been read, or is about to be
   * @throws UnserializableError naming the path of what cannot be carried
   * @throws ValueTooLargeError when its values are over `maxValueBytes`, or their text is longer than a string can be
   * @throws FrameTooLargeError when another message would be over the limit, or the table of its attachments alone
   * @throws OptionError for a message whose type is not of version 1, or whose fields are wrong
   */
  add(message: HostMessage | WorkerMessage): LargeMessage | LateMessage | undefined {
    if (message.type === 'call' || (message.type === 'call_done' && message.ok)) return this.#addValues(message)
    this.#addText(textOf(message))
    return undefined
  }

  /**
   * Add a message whose bytes are there now, to this batch or to that of another.
   *
   * @param contents - of its `sources`, in their order; what is too large to be held is read only when it is sent
   * @returns as `add` does for what is too large; `StreamedMessage` when something of it is still to be read
   * @throws ValueTooLargeError, FrameTooLargeError as `add` does
   */
  addLate(late: LateMessage, contents: readonly Attachment[]): LargeMessage | StreamedMessage | undefined {
    const attachments = late.attachmentsWith(contents)
    const attachedBytes = attachments.reduce((sum, { length }) => sum + length, 0)
    return this.#addAttached(late.what, late.head, { attachments, attachedBytes })
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
    for (const each of waiting) {
      if (typeof each !== 'string') {
        close()
        frames.push(each)
        continue
      }
      const most = each.length * MAX_UNIT_BYTES + 1
      if (mostBytes + most > this.#joinBytes) close()
      texts.push(each)
      mostBytes += most
    }
    close()
    return frames
  }

  #addValues(
    message: CallMessage | CallSucceededMessage,
    mayPack = this.#packs(),
  ): LargeMessage | LateMessage | undefined {
    const values = this.#isEncoding ? new MarkedEncoder(this.#conversions) : this.#encoder
    const isCall = message.type === 'call'
    const what = isCall ? 'arguments' : 'a result'
    this.#isEncoding = true
    try {
      values.begin(what, this.#maxValueBytes, mayPack ? PACKED_BYTES : undefined)
      const text = isCall ? textOfCall(message, values) : textOfResult(message, values)
      if (values.late.length > 0) return new LateMessage(what, text, values)
      const most = text.length * MAX_UNIT_BYTES + BRACKETS
      if (values.attachments.length === 0 && most <= this.#smallBytes) {
        this.#waiting.push(text)
        return undefined
      }
      // Nothing of it is still to be read.
      return this.#addAttached(what, text, values) as LargeMessage | undefined
    } catch (error) {
      if (!(error instanceof LargeText)) throw error
    } finally {
      this.#isEncoding = values !== this.#encoder
    }
    return this.#addPacked(message, what)
  }

  /** Begun anew, since what has been walked so far is little of it. */
  #addPacked(message: CallMessage | CallSucceededMessage, what: string): LargeMessage | LateMessage | undefined {
    const values = new PackedEncoder(what, this.#maxValueBytes, this.#conversions)
    try {
      if (message.type === 'call') packCall(message, values)
      else packResult(message, values)
      const head = values.out.finish()
      if (values.late.length > 0) return new LateMessage(what, head, values)
      return this.#addAttached(what, head, values) as LargeMessage | undefined
    } catch (error) {
      // Too large so, and perhaps not as JSON: nobody's limit depends on what the other end has installed.
      if (error instanceof ValueTooLargeError) return this.#addValues(message, false)
      throw error
    }
  }

  /** What has attachments, or may be over the limit. */
  #addAttached(what: string, head: string | Uint8Array, values: Attached): LargeMessage | StreamedMessage | undefined {
    const { attachments, attachedBytes } = values
    const least = head.length + attachedBytes
    // To encode a long text takes less than to count its bytes.
    const isLarge = attachments.length > 0 || least > this.#joinBytes
    const sent = typeof head === 'string' && isLarge && least <= this.#maxValueBytes ? encodeMessages(head) : head
    const bytes = (typeof sent === 'string' ? utf8Length(sent) + BRACKETS : sent.length) + attachedBytes
    if (bytes > this.#maxValueBytes) throw new ValueTooLargeError(what, bytes, this.#maxValueBytes)
    if (typeof sent !== 'string') return this.#addLarge(sent, values)
    if (bytes > this.#joinBytes) return this.#addLarge(encodeMessages(sent), values)
    this.#waiting.push(sent)
    return undefined
  }

  #addLarge(head: Uint8Array, { attachments, attachedBytes }: Attached): LargeMessage | StreamedMessage | undefined {
    const count = attachments.length
    if (count > MAX_ATTACHMENTS) throw new OptionError('attachments', count, `at most ${MAX_ATTACHMENTS} in a message`)
    const tableBytes = 8 + 4 * count
    const isSmall = (part: Attachment): part is Uint8Array => isBytes(part) && part.length <= INLINE_BYTES
    if (attachments.every(isSmall) && tableBytes + head.length + attachedBytes <= this.#joinBytes) {
      this.#waiting.push(attachedBody(head, attachments))
      return undefined
    }
    const inline = [head, ...attachments].filter(isSmall)
    const inlineBytes = tableBytes + inline.reduce((sum, { length }) => sum + length, 0)
    if (tableBytes > this.#maxBytes) throw new FrameTooLargeError(tableBytes, this.#maxBytes)
    const isInline = (part: Uint8Array) => inlineBytes <= this.#maxBytes && isSmall(part)
    return attachments.every(isBytes)
      ? new LargeMessage(head, attachments, isInline, this.#maxBytes)
      : new StreamedMessage(head, attachments, isInline, this.#maxBytes)
  }

  #addText(text: string): void {
    if (text.length * MAX_UNIT_BYTES + BRACKETS > this.#maxBytes) {
      const size = utf8Length(text) + BRACKETS
      if (size > this.#maxBytes) throw new FrameTooLargeError(size, this.#maxBytes)
    }
    this.#waiting.push(text)
  }
}

function encodeMessages(text: string): Uint8Array {
  return encoder.encode(`[${text}]`)
}

function textOfCall({ callID, func, args, spread, values: form }: CallMessage, values: MarkedEncoder): string {
  assertId(callID)
  if (typeof func !== 'string') throw new OptionError('message.func', func, 'a string')
  if (form !== undefined && !isValueForm(form)) throw new OptionError('message.values', form, "'faithful' or 'json'")
  const listed = spread
    ? textOfList(spread.args, values)
    : `[${stringify(values.encodeBelow(FIRST, args, 'args'), 'args')}]`
  const kwargs = spread && Object.keys(spread.kwargs).length > 0 ? spread.kwargs : undefined
  const named = kwargs && stringify(values.encode(kwargs, 'kwargs', MAX_DEPTH + 1), 'kwargs')
  if (named === undefined && form === undefined && values.marks.length === 0) {
    return `[${callID},${textOfName(func)},${listed}]`
  }
  const head = `[${callID},${textOfName(func)},${listed}`
  const marks = values.marks.length > 0 ? JSON.stringify(values.marks) : undefined
  if (form !== undefined) {
    return `${head},${named ?? 'null'},${marks ?? 'null'},{"values":"${form}"}]`
  }
  if (marks !== undefined) return `${head},${named ?? 'null'},${marks}]`
  return named === undefined ? `${head}]` : `${head},${named}]`
}

/** The way to the one argument of a call. */
const FIRST = [0] as const

/** The array and the object of spread arguments are not nesting of the caller's making. */
function textOfList(args: readonly unknown[], values: MarkedEncoder): string {
  return stringify(values.encode(args, 'args', MAX_DEPTH + 1), 'args')
}

let latestName = ''
let latestNameText = '""'

/** Most calls name the function that the one before them did. */
function textOfName(func: string): string {
  if (func !== latestName) {
    latestName = func
    latestNameText = JSON.stringify(func)
  }
  return latestNameText
}

function textOfResult({ callID, result }: CallSucceededMessage, values: MarkedEncoder): string {
  assertId(callID)
  const head = `[${callID},${stringify(values.encode(result, 'result'), 'result')}`
  return values.marks.length > 0 ? `${head},${JSON.stringify(values.marks)}]` : `${head}]`
}

function textOf(message: Message): string {
  if (message.type === 'hello') return '["hello",{}]'
  if (message.type === 'codecs') return JSON.stringify(['codecs', message.names])
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
      const known = ['hello', 'codecs', ...messageTypes.filter((type) => type !== 'ready' && type !== 'accept')]
      throw new OptionError('message.type', checked.type, `one of ${known.join(', ')}`)
    }
  }
}

function assertId(callID: unknown): asserts callID is number {
  if (Number.isSafeInteger(callID) && (callID as number) >= 0) return
  throw new OptionError('message.callID', callID, 'an integer from 0 to 2^53−1')
}
