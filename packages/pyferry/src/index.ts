export type { TypedArray, ValueCodec } from '@pyferry/codec'
export {
  ArrowData,
  CodecError,
  FrameTooLargeError,
  MalformedFrameError,
  NDArray,
  ProtocolError,
  TruncatedFrameError,
  UnserializableError,
  ValueTooLargeError,
} from '@pyferry/codec'
export { isPyferryError, OptionError } from '@pyferry/errors'
export type { Environment, EnvironmentSpec, ProvisionEvent } from '@pyferry/provisioner'
export {
  BaseDirInUseError,
  InternalError,
  InterpreterError,
  MachineError,
  NetworkError,
  PackageError,
  ProvisionError,
  SpecError,
  StateError,
  StoppedError,
  ToolError,
  UnsafeRequirementError,
} from '@pyferry/provisioner'
export { AwaitTimeoutError, DuplicateIdError, ResultCacheError, UnknownCallError } from '@pyferry/result-cache'
export type {
  LivenessCallback,
  LivenessEvents,
  LivenessState,
  Logger,
  OutputSink,
  TransportName,
  WorkerState,
} from '@pyferry/supervisor'
export {
  ClosedError,
  DiedError,
  FunctionNotFoundError,
  HandshakeError,
  NotStartedError,
  PythonError,
  QueueFullError,
  StartError,
  SupervisorError,
  UnsupportedByWorkerError,
  WorkerFilesError,
} from '@pyferry/supervisor'

export type { ArrowLibrary } from './arrow.js'
export { useArrow } from './arrow.js'
export type { CallPromise, CallResult, Kwargs } from './call.js'
export { kwargs } from './call.js'
export type { Functions, FunctionTypes, PythonFunction, SpreadForms, UntypedFunctions } from './functions.js'
export type { EnvironmentOptions, VenvConfig } from './options.js'
export type { ProgressDisplay, ProgressOptions } from './progress.js'
export { showProgress } from './progress.js'
export type { AwaitOptions, CallOptions, StartOptions } from './venv.js'
export { Venv } from './venv.js'
