/** Every kind of message, one union per direction; same kinds and order of fields as PROTOCOL.md, "Messages". */
import type { UnserializableError, ValueTooLargeError } from './errors.js'

/** A string in the base protocol, an integer from 0 to 2^53−1 in version 1. */
export type CallId = string | number

// --- Host → worker ---

/** How results are wanted: as what they are, or in the plain forms that JSON has for them. */
export type ValueForm = 'faithful' | 'json'

/** One source text; `name` is its file name in tracebacks. */
export interface SourcePart {
  name: string
  code: string
}

export interface DefineMessage {
  type: 'define'
  opID: string
  code: string
  /** Feature `parts`. */
  parts?: SourcePart[]
  /** Feature `modules`: importable names, or absolute paths of files. */
  modules?: string[]
  /** Feature `modules`: absolute folders. */
  importPaths?: string[]
  /** Feature `modules`. */
  expose?: 'all' | 'own' | string[]
}

export interface CallMessage {
  type: 'call'
  callID: CallId
  func: string
  /** Any value that `encodeValue` takes; decoded when received. */
  args: unknown
  /** Feature `spread`: the arguments instead of `args`. */
  spread?: { args: unknown[]; kwargs: Record<string, unknown> }
  /** Of version 1. @default as `accept` has it */
  values?: ValueForm
  /** Only on a received message, never on the wire: why `args` is `undefined` and `spread` absent. */
  valueError?: UnserializableError
}

export interface PingMessage {
  type: 'ping'
}

/** Of the base protocol: this and everything later is of that version. */
export interface AcceptMessage {
  type: 'accept'
  protocol: number
  /** @default false */
  strictValues?: boolean
  /** @default 'faithful' */
  values?: ValueForm
  /** A larger result fails its call. */
  maxResultBytes?: number
  /** For how many microseconds the worker looks for more before each time it sleeps. @default 0 */
  spinUs?: number
  /** What the host reads beside JSON: `msgpack`. @default [] */
  codecs?: string[]
}

export type HostMessage = DefineMessage | CallMessage | PingMessage | AcceptMessage

// --- Worker → host ---

export interface ReadyMessage {
  type: 'ready'
  features?: string[]
  pid?: number
  pythonVersion?: string
  implementation?: string
  /** The highest version that it speaks; absent: the base protocol alone. */
  protocol?: number
}

/** Of version 1: what a worker says first in it. */
export interface HelloMessage {
  type: 'hello'
}

/** Of version 1: what the worker reads beside JSON, from here on. */
export interface CodecsMessage {
  type: 'codecs'
  names: string[]
}

/** How something failed in Python. A worker of somebody else may leave out any of it. */
export interface WireFailure {
  /** Bare class name. */
  errorType?: string
  errorMessage?: string
  traceback?: string
  errorQualname?: string
  errorNotes?: string[]
  /** At most 16 of them, one in another; deeper ones are dropped. */
  errorCause?: WireFailure
  /** `function-not-found`, `unserializable`, `too-large`, or one that we do not know. */
  errorKind?: string
  /** With `function-not-found`: names that exist, closest first. */
  candidates?: string[]
  /** With `unserializable`. */
  errorPath?: string
  /** With `too-large`, in bytes. */
  errorSize?: number
  errorLimit?: number
}

export type OpDoneMessage =
  | { type: 'op_done'; opID: string; ok: true }
  | ({ type: 'op_done'; opID: string; ok: false } & WireFailure)

export type CallDoneMessage = CallSucceededMessage | CallFailedMessage

export interface CallSucceededMessage {
  type: 'call_done'
  callID: CallId
  ok: true
  /** Any value that `encodeValue` takes; decoded when received. */
  result: unknown
  /** Only on a received message, never on the wire: why `result` is `undefined`. */
  valueError?: UnserializableError | ValueTooLargeError
}

export interface CallFailedMessage extends WireFailure {
  type: 'call_done'
  callID: CallId
  ok: false
  valueError?: never
}

export interface PongMessage {
  type: 'pong'
}

export interface ErrorMessage {
  type: 'error'
  errorType: string
  errorMessage: string
}

export type WorkerMessage =
  | ReadyMessage
  | HelloMessage
  | CodecsMessage
  | OpDoneMessage
  | CallDoneMessage
  | PongMessage
  | ErrorMessage

// --- Both ---

export type Message = HostMessage | WorkerMessage

/** What is left of a message whose `type` we do not know. */
export interface UnknownMessage {
  type: string
}
