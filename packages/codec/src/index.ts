export { OptionError } from '@pyferry/errors'
export type { TypedArray } from './arrays.js'
export { NDArray } from './arrays.js'
export type { BatchOptions } from './batch.js'
export { MessageBatch } from './batch.js'
export type { Direction } from './batch-body.js'
export {
  CodecError,
  FrameTooLargeError,
  MalformedFrameError,
  ProtocolError,
  TruncatedFrameError,
  UnserializableError,
  ValueTooLargeError,
} from './errors.js'
export type { FrameOptions } from './frame.js'
export { DEFAULT_MAX_FRAME_BYTES, encodeFrame, encodeFrameParts, MAX_FRAME_BYTES_LIMIT } from './frame.js'
export { FrameReader } from './frame-reader.js'
export type {
  AcceptMessage,
  CallDoneMessage,
  CallFailedMessage,
  CallId,
  CallMessage,
  CallSucceededMessage,
  DefineMessage,
  ErrorMessage,
  HelloMessage,
  HostMessage,
  Message,
  OpDoneMessage,
  PingMessage,
  PongMessage,
  ReadyMessage,
  SourcePart,
  UnknownMessage,
  WireFailure,
  WorkerMessage,
} from './messages.js'
export type { LargeMessage } from './parcels.js'
export type { JsonObject, JsonValue } from './values.js'
export { decodeValue, encodeValue } from './values.js'
