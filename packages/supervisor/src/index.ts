export { OptionError } from '@pyferry/errors'
export type { Definition, SourcePart } from './definition.js'
export type { CallFacts, ExitFacts } from './errors.js'
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
} from './errors.js'
export type { LivenessCallback, LivenessEvents, LivenessState, Logger } from './events.js'
export { callSafely, reportFailure } from './events.js'
export type { Launch, WorkerCommandOptions, WorkerLaunchOptions } from './launch.js'
export { hostEnvironment, workerCommand, workerLaunch } from './launch.js'
export type { WorkerState } from './lifecycle.js'
export type { OutputSink } from './output.js'
export type { CallEnd, Passed, PendingCall } from './pending.js'
export type { TailFileOptions } from './tail-file.js'
export { TailFile } from './tail-file.js'
export type { TransportName } from './transports/transport.js'
export type { WorkerOptions } from './worker.js'
export { Worker } from './worker.js'
