export { OptionError } from '@pyferry/errors'
export type { TypedArray } from './arrays.js'
export { NDArray } from './arrays.js'
export type { ArrowBridge } from './arrow.js'
export { ArrowData } from './arrow.js'
export type { BatchOptions } from './batch.js'
export { LateMessage, MessageBatch } from './batch.js'
export type { Direction } from './batch-body.js'
export type { ValueCodec } from './codecs.js'
export { ValueCodecs } from './codecs.js'
export type { Conversions } from './conversions.js'
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
export type { FrameReaderOptions } from './frame-reader.js'
export { FrameReader } from './frame-reader.js'
export type {
  AcceptMessage,
  CallDoneMessage,
  CallFailedMessage,
  CallId,
  CallMessage,
  CallSucceededMessage,
  CodecsMessage,
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
  ValueForm,
  WireFailure,
  WorkerMessage,
} from './messages.js'
export type { Attachment, ByteSource, LargeMessage } from './parcels.js'
export { StreamedMessage } from './parcels.js'
export type { JsonObject, JsonValue } from './values.js'
export { decodeValue, encodeValue } from './values.js'
