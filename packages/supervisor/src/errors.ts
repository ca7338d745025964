/**
 *     SupervisorError
 *     ├── NotStartedError            the caller: start() was not called, or has not succeeded
 *     ├── ClosedError                the caller: close() was called
 *     ├── QueueFullError             the caller: more calls wait than maxQueue allows
 *     ├── UnsupportedByWorkerError   the worker speaks only the base protocol
 *     ├── WorkerFilesError           the machine: the worker's own files could not be put anywhere
 *     ├── HandshakeError             the machine: host and worker did not find each other on their socket
 *     ├── ExitError                  how a process ended
 *     │   ├── StartError             … hung or talked garbage before it was ready
 *     │   └── DiedError              … after it had been ready
 *     ├── PythonError                the user's Python raised
 *     └── FunctionNotFoundError      the user's Python has no such function
 *
 * Errors of a call carry `CallFacts` (contract, section X).
 */
import { type ErrorDetails, isInstanceAcrossCopies, nameErrors, PyferryError } from '@pyferry/errors'

/** Which call an error belongs to. */
export interface CallFacts {
  /** What the caller named the environment: its id, or the interpreter. */
  environment?: string
  /** The name as it was called. */
  function?: string
  callId?: string
  /** Process id of the worker. */
  pid?: number
  /** 1 for the first process of a worker, 2 after its first restart, … */
  incarnation?: number
}

/** Add to an error of a call what it does not say yet. */
export function addFacts(error: Error, facts: CallFacts): void {
  for (const [name, value] of Object.entries(facts)) {
    if (!(name in error) && value !== undefined) Object.assign(error, { [name]: value })
  }
}

/** How a process ended, and the last it said. */
export interface ExitFacts {
  /** `null` when a signal ended it, or when it never ran. */
  exitCode: number | null
  signal: NodeJS.Signals | null
  /** The last of what this process wrote to stderr, at most 8 KiB; empty when stderr is not read (`'inherit'`, `'ignore'`). */
  stderrTail: string
}

export abstract class SupervisorError extends PyferryError {
  declare readonly environment?: string
  declare readonly function?: string
  declare readonly callId?: string
  declare readonly pid?: number
  declare readonly incarnation?: number

  constructor(message: string, details?: ErrorDetails, facts?: CallFacts) {
    super(message, details)
    if (facts) Object.assign(this, facts)
  }
}

/** `call` before `start()` has succeeded. */
export class NotStartedError extends SupervisorError {
  readonly code = 'ERR_PYFERRY_NOT_STARTED'

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstanceAcrossCopies(NotStartedError, 'ERR_PYFERRY_NOT_STARTED', value)
  }
}

/** The worker was closed: nothing starts any more, and calls in flight end with this. */
export class ClosedError extends SupervisorError {
  readonly code = 'ERR_PYFERRY_CLOSED'

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstanceAcrossCopies(ClosedError, 'ERR_PYFERRY_CLOSED', value)
  }
}

/** As many calls wait as `maxQueue` allows. */
export class QueueFullError extends SupervisorError {
  readonly code = 'ERR_PYFERRY_QUEUE_FULL'
  readonly maxQueue: number

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstanceAcrossCopies(QueueFullError, 'ERR_PYFERRY_QUEUE_FULL', value)
  }

  constructor(maxQueue: number, facts?: CallFacts) {
    super(
      `${maxQueue} calls are waiting already, as many as maxQueue allows`,
      { hint: 'await some of the calls first, or raise maxQueue' },
      facts,
    )
    this.maxQueue = maxQueue
  }
}

/** The worker did not name the feature in its ready frame that this needs. */
export class UnsupportedByWorkerError extends SupervisorError {
  readonly code = 'ERR_PYFERRY_UNSUPPORTED_BY_WORKER'
  readonly feature: string

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstanceAcrossCopies(UnsupportedByWorkerError, 'ERR_PYFERRY_UNSUPPORTED_BY_WORKER', value)
  }

  constructor(feature: string, message: string, details?: ErrorDetails, facts?: CallFacts) {
    super(message, details, facts)
    this.feature = feature
  }
}

/** No folder could be found to put the worker's Python files in. */
export class WorkerFilesError extends SupervisorError {
  readonly code = 'ERR_PYFERRY_WORKER_FILES'

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstanceAcrossCopies(WorkerFilesError, 'ERR_PYFERRY_WORKER_FILES', value)
  }
}

/** Host and worker did not find each other on their socket (`transport: 'unix'` or `'tcp'`); the cause of a `StartError`. */
export class HandshakeError extends SupervisorError {
  readonly code = 'ERR_PYFERRY_HANDSHAKE'
  readonly transport: 'unix' | 'tcp'
  /** Connections that were dropped, because they did not say what only the worker had been told. */
  readonly refusedCount: number

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstanceAcrossCopies(HandshakeError, 'ERR_PYFERRY_HANDSHAKE', value)
  }

  constructor(message: string, transport: 'unix' | 'tcp', refusedCount: number, details?: ErrorDetails) {
    super(message, details)
    this.transport = transport
    this.refusedCount = refusedCount
  }
}

/** A process that ended, or had to be ended, and what it left. */
export abstract class ExitError extends SupervisorError implements ExitFacts {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly stderrTail: string

  constructor(message: string, exit: ExitFacts, details?: ErrorDetails, facts?: CallFacts) {
    super(message, details, facts)
    this.exitCode = exit.exitCode
    this.signal = exit.signal
    this.stderrTail = exit.stderrTail
  }
}

/** The worker ended, hung, or talked garbage before it was ready (V-4). */
export class StartError extends ExitError {
  readonly code = 'ERR_PYFERRY_START'

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstanceAcrossCopies(StartError, 'ERR_PYFERRY_START', value)
  }
}

/** A worker that had been ready ended without being asked to; so did the call this error belongs to (V-14). */
export class DiedError extends ExitError {
  readonly code = 'ERR_PYFERRY_DIED'

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstanceAcrossCopies(DiedError, 'ERR_PYFERRY_DIED', value)
  }
}

/** What Python raised (V-18). */
export class PythonError extends SupervisorError {
  readonly code = 'ERR_PYFERRY_PYTHON'
  /** `ValueError`; outside built-ins and sources with its module: `json.decoder.JSONDecodeError`. */
  readonly pythonType: string
  /** As Python prints it; empty when the worker sent none. */
  readonly traceback: string
  /** PEP 678 notes, in order. */
  readonly notes: readonly string[]

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstanceAcrossCopies(PythonError, 'ERR_PYFERRY_PYTHON', value)
  }

  constructor(
    message: string,
    python: { pythonType: string; traceback: string; notes: readonly string[] },
    details?: ErrorDetails,
    facts?: CallFacts,
  ) {
    super(message, details, facts)
    this.pythonType = python.pythonType
    this.traceback = python.traceback
    this.notes = python.notes
  }
}

/** There is no such function in Python, or it may not be called from outside (V-6). */
export class FunctionNotFoundError extends SupervisorError {
  readonly code = 'ERR_PYFERRY_FUNCTION_NOT_FOUND'
  /** The closest existing names, closest first, at most five. */
  readonly candidates: readonly string[]

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstanceAcrossCopies(FunctionNotFoundError, 'ERR_PYFERRY_FUNCTION_NOT_FOUND', value)
  }

  constructor(message: string, candidates: readonly string[], facts?: CallFacts) {
    const hint = candidates.length > 0 ? `did you mean ${candidates.join(', ')}?` : undefined
    super(message, { hint }, facts)
    this.candidates = candidates
  }
}

nameErrors({
  SupervisorError,
  NotStartedError,
  ClosedError,
  QueueFullError,
  UnsupportedByWorkerError,
  WorkerFilesError,
  HandshakeError,
  StartError,
  DiedError,
  PythonError,
  FunctionNotFoundError,
})
