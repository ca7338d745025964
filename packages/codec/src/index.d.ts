export { OptionError } from '@pyferry/errors'
export {
  CodecError,
  FrameTooLargeError,
  MalformedFrameError,
  ProtocolError,
  TruncatedFrameError,
  UnserializableError,
} from './errors.js'
export type { FrameOptions } from './frame.js'
export { DEFAULT_MAX_FRAME_BYTES, encodeFrame, encodeFrameParts, MAX_FRAME_BYTES_LIMIT } from './frame.js'
export { FrameReader } from './frame-reader.js'
export type {
  CallDoneMessage,
  CallFailedMessage,
  CallMessage,
  CallSucceededMessage,
  DefineMessage,
  ErrorMessage,
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
export type { JsonObject, JsonValue } from './values.js'
export { decodeValue, encodeValue } from './values.js'
