/**
 *     ResultCacheError
 *     ├── UnknownCallError     the caller: nothing is kept under this id, now or any more
 *     ├── AwaitTimeoutError    nobody's fault: the wait's own time was up, the job goes on
 *     └── DuplicateIdError     the owner: this id is taken
 *
 *     TypeError ── OptionError (shared by every package)
 */
import { describeValue, isInstanceAcrossCopies, nameErrors, PyferryError } from '@pyferry/errors'

export abstract class ResultCacheError extends PyferryError {
  /** The id as it was given. */
  abstract readonly id: string
}

/** Nothing is kept under `id`: it was consumed by another, it expired or was evicted, or it was never registered (V-8). */
export class UnknownCallError extends ResultCacheError {
  readonly code = 'ERR_PYFERRY_UNKNOWN_CALL'
  readonly id: string

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstanceAcrossCopies(UnknownCallError, 'ERR_PYFERRY_UNKNOWN_CALL', value)
  }

  constructor(id: string) {
    super(
      `call ${describeValue(id)} is not known: its outcome was consumed already, it expired or was evicted, or it was never registered`,
      { hint: 'an outcome is delivered once: keep it where it arrives, and fetch it before its time to live is over' },
    )
    this.id = id
  }
}

/** A wait took longer than its `timeoutMs`. The job is neither cancelled nor consumed (V-7). */
export class AwaitTimeoutError extends ResultCacheError {
  readonly code = 'ERR_PYFERRY_AWAIT_TIMEOUT'
  readonly id: string
  readonly timeoutMs: number

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstanceAcrossCopies(AwaitTimeoutError, 'ERR_PYFERRY_AWAIT_TIMEOUT', value)
  }

  constructor(id: string, timeoutMs: number) {
    super(`call ${describeValue(id)} was not done within the ${timeoutMs} ms of this wait (timeoutMs)`, {
      hint: 'the call goes on: await the same id again, or raise timeoutMs',
    })
    this.id = id
    this.timeoutMs = timeoutMs
  }
}

/** `register` of an id that is in flight, or whose outcome nobody has fetched. */
export class DuplicateIdError extends ResultCacheError {
  readonly code = 'ERR_PYFERRY_DUPLICATE_ID'
  readonly id: string

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstanceAcrossCopies(DuplicateIdError, 'ERR_PYFERRY_DUPLICATE_ID', value)
  }

  constructor(id: string) {
    super(`call ${describeValue(id)} is registered already`, { hint: 'give every job an id of its own' })
    this.id = id
  }
}

nameErrors({ ResultCacheError, UnknownCallError, AwaitTimeoutError, DuplicateIdError })
