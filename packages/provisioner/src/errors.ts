/**
 *     ProvisionError
 *     ├── SpecError               the caller: what was asked for cannot be built by anybody
 *     │   └── UnsafeRequirementError
 *     ├── InterpreterError        the machine's Python: none, too old, broken, without what a build needs
 *     ├── ToolError               uv or pixi: none, too old, broken, not to be had
 *     ├── PackageError            the packages: not there, in conflict, not buildable, not what was promised
 *     ├── NetworkError            the index or the way to it
 *     ├── MachineError            disk, permissions, the folder
 *     │   └── BaseDirInUseError
 *     ├── StateError              an environment that is there: not whole, or in use
 *     ├── StoppedError            somebody's signal or a limit
 *     └── InternalError           us
 *
 *     TypeError ── OptionError (shared by every package)
 */
import { nameErrors, PyferryError } from '@pyferry/errors'
import type { Phase } from './events.js'
import { hints, type ProvisionCode, retryableCodes } from './hints.js'

export type { ProvisionCode } from './hints.js'

/** What is known about a failure beside its code and its message. All text is free of credentials. */
export interface ProvisionFailure {
  phase?: Phase | undefined
  /** @default the hint of the code */
  hint?: string | undefined
  /** @default what `hints.ts` says of the code */
  retryable?: boolean | undefined
  cause?: unknown
  /** The command that failed, as one line. */
  command?: string | undefined
  exitCode?: number | null | undefined
  /** The last output, at most 64 KB a stream. */
  stdoutTail?: string | undefined
  stderrTail?: string | undefined
  /** Of the whole output of the build. */
  logPath?: string | undefined
  /** What the message says, for programs: `{ requirement: 'six==99' }`. */
  facts?: Readonly<Record<string, unknown>> | undefined
}

type Code<Name extends ProvisionCode> = `ERR_PYFERRY_${Name}`

export abstract class ProvisionError extends PyferryError {
  abstract override readonly code: Code<ProvisionCode>
  /** Whether the same call may succeed later with nothing changed. */
  readonly retryable: boolean
  readonly facts: Readonly<Record<string, unknown>>
  /** What was being done; absent outside `ensure`. */
  declare phase?: Phase
  declare readonly command?: string
  declare readonly exitCode?: number | null
  declare readonly stdoutTail?: string
  declare readonly stderrTail?: string
  /** All that the installers printed, while the file is among the newest. */
  declare logPath?: string

  constructor(name: ProvisionCode, message: string, failure: ProvisionFailure = {}) {
    const { cause, hint = hints[name], retryable = retryableCodes.has(name), facts = {}, ...known } = failure
    super(message, { cause, hint })
    this.retryable = retryable
    this.facts = facts
    const { phase, command, exitCode, stdoutTail, stderrTail, logPath } = known
    const fields = Object.entries({ phase, command, exitCode, stdoutTail, stderrTail, logPath })
    Object.assign(this, Object.fromEntries(fields.filter(([, value]) => value !== undefined)))
  }
}

export type SpecCode =
  | 'SPEC_INVALID'
  | 'SPEC_UNSAFE_REQUIREMENT'
  | 'SOURCE_MISSING'
  | 'LOCKFILE_STALE'
  | 'LOCKFILE_NEEDS_UV'
  | 'HASH_MISSING'
  | 'PATH_TOO_LONG'

/** What was asked for cannot be built on any machine. */
export class SpecError extends ProvisionError {
  readonly code: Code<SpecCode>

  constructor(name: SpecCode, message: string, failure?: ProvisionFailure) {
    super(name, message, failure)
    this.code = `ERR_PYFERRY_${name}`
  }
}

/** A requirement that is not PEP 508, or that a tool might take for something else: an option, a variable, a login. */
export class UnsafeRequirementError extends SpecError {
  declare readonly code: 'ERR_PYFERRY_SPEC_UNSAFE_REQUIREMENT'
  /** As it was given; a password in it is blanked. */
  readonly requirement: string
  /** Where in `requirement` reading ended, in UTF-16 units from 0. */
  readonly position: number

  constructor(requirement: string, position: number, message: string, failure?: ProvisionFailure) {
    super('SPEC_UNSAFE_REQUIREMENT', message, { facts: { requirement, position }, ...failure })
    this.requirement = requirement
    this.position = position
  }
}

export type InterpreterCode =
  | 'PYTHON_NOT_FOUND'
  | 'PYTHON_STUB'
  | 'PYTHON_VERSION_MISMATCH'
  | 'PYTHON_BROKEN'
  | 'VENV_MODULE_MISSING'
  | 'PIP_MISSING'

/** A Python that was looked at and not taken. */
export interface RefusedPython {
  path: string
  reason: string
}

/** No Python here that an environment could be built from. */
export class InterpreterError extends ProvisionError {
  readonly code: Code<InterpreterCode>
  /** Every interpreter that was considered, in order, with the reason against it. */
  readonly refused: readonly RefusedPython[]

  constructor(
    name: InterpreterCode,
    message: string,
    failure: ProvisionFailure & { refused?: readonly RefusedPython[] } = {},
  ) {
    super(name, message, failure)
    this.code = `ERR_PYFERRY_${name}`
    this.refused = failure.refused ?? []
  }
}

export type ToolCode =
  | 'TOOL_NOT_FOUND'
  | 'TOOL_TOO_OLD'
  | 'TOOL_FAILED_TO_START'
  | 'TOOL_DOWNLOAD_FAILED'
  | 'TOOL_CHECKSUM_MISMATCH'

/** A tool that was looked at and not taken. */
export interface RefusedTool {
  path: string
  /** Absent when it did not tell. */
  version?: string
  reason: string
}

/** No uv or pixi here that can be used, or none to be had. */
export class ToolError extends ProvisionError {
  readonly code: Code<ToolCode>
  /** Every executable that was considered, in order, with the reason against it. */
  readonly refused: readonly RefusedTool[]

  constructor(name: ToolCode, message: string, failure: ProvisionFailure & { refused?: readonly RefusedTool[] } = {}) {
    super(name, message, failure)
    this.code = `ERR_PYFERRY_${name}`
    this.refused = failure.refused ?? []
  }
}

export type PackageCode =
  | 'NO_MATCHING_DISTRIBUTION'
  | 'RESOLUTION_CONFLICT'
  | 'BUILD_FAILED'
  | 'SDIST_FORBIDDEN'
  | 'HASH_MISMATCH'
  | 'INSTALL_FAILED'
  | 'VERIFY_FAILED'

/** The packages asked for could not be had, or what was installed is not what was planned. */
export class PackageError extends ProvisionError {
  readonly code: Code<PackageCode>

  constructor(name: PackageCode, message: string, failure?: ProvisionFailure) {
    super(name, message, failure)
    this.code = `ERR_PYFERRY_${name}`
  }
}

export type NetworkCode = 'NETWORK_UNREACHABLE' | 'AUTH_FAILED' | 'TLS_FAILED' | 'OFFLINE_MISS'

/** The package index, or the way to it. */
export class NetworkError extends ProvisionError {
  readonly code: Code<NetworkCode>

  constructor(name: NetworkCode, message: string, failure?: ProvisionFailure) {
    super(name, message, failure)
    this.code = `ERR_PYFERRY_${name}`
  }
}

export type MachineCode =
  | 'DISK_FULL'
  | 'PERMISSION_DENIED'
  | 'HOME_READ_ONLY'
  | 'HOME_UNSAFE'
  | 'HOME_INCOMPATIBLE'
  | 'BASE_DIR_IN_USE'
  | 'SPAWN_FAILED'

/** Disk, permissions, processes: this machine, not what was asked of it. */
export class MachineError extends ProvisionError {
  readonly code: Code<MachineCode>

  constructor(name: MachineCode, message: string, failure?: ProvisionFailure) {
    super(name, message, failure)
    this.code = `ERR_PYFERRY_${name}`
  }
}

/** Somebody else owns the folder: another process, thread or `Venv`. */
export class BaseDirInUseError extends MachineError {
  declare readonly code: 'ERR_PYFERRY_BASE_DIR_IN_USE'
  readonly baseDir: string
  /** Process id of the owner as it sees itself (another number outside its container); `undefined` when not known. */
  readonly pid: number | undefined

  constructor(baseDir: string, pid: number | undefined) {
    const owner = pid === undefined ? 'another process' : pid === process.pid ? 'this process' : `process ${pid}`
    super('BASE_DIR_IN_USE', `baseDir ${baseDir} is in use by ${owner}`, { facts: { path: baseDir, pid } })
    this.baseDir = baseDir
    this.pid = pid
  }
}

/** Something that should not have happened, ours or the system's: see `cause`. */
export class InternalError extends ProvisionError {
  readonly code = 'ERR_PYFERRY_INTERNAL'

  constructor(message: string, failure?: ProvisionFailure) {
    super('INTERNAL', message, failure)
  }
}

export type StateCode = 'ENV_BROKEN' | 'ENV_IN_USE'

/** An environment that was named by its id is not as it would have to be for what was asked. */
export class StateError extends ProvisionError {
  readonly code: Code<StateCode>

  constructor(name: StateCode, message: string, failure?: ProvisionFailure) {
    super(name, message, failure)
    this.code = `ERR_PYFERRY_${name}`
  }
}

export type StoppedCode = 'TIMEOUT' | 'LOCK_TIMEOUT' | 'ABORTED'

/** Ended from outside before it was done. Its `cause` is `signal.reason` when a signal was aborted. */
export class StoppedError extends ProvisionError {
  readonly code: Code<StoppedCode>

  constructor(name: StoppedCode, message: string, failure?: ProvisionFailure) {
    super(name, message, failure)
    this.code = `ERR_PYFERRY_${name}`
  }
}

/** What a build can fail with by itself, by name. */
const recreatable = { SpecError, InterpreterError, ToolError, PackageError, NetworkError, MachineError }

/**
 * Make an error again from what another process has written down of it.
 *
 * @returns `undefined` for one that is not known
 */
export function recreateError(
  { name, code, message }: { name: string; code: string; message: string },
  failure: ProvisionFailure,
): ProvisionError | undefined {
  const type = (recreatable as Readonly<Record<string, new (...args: never[]) => ProvisionError>>)[name]
  const short = code.replace(/^ERR_PYFERRY_/, '')
  return type && short in hints ? new type(short as never, message as never, failure as never) : undefined
}

nameErrors({
  ProvisionError,
  SpecError,
  UnsafeRequirementError,
  InterpreterError,
  ToolError,
  PackageError,
  NetworkError,
  MachineError,
  BaseDirInUseError,
  StateError,
  StoppedError,
  InternalError,
})
