import { assertKnownOptions, OptionError } from '@pyferry/errors'
import { type Clock, systemClock } from './clock.js'

export interface ResultCacheOptions {
  /**
   * How long an outcome that nobody fetches is kept, in milliseconds from its completion; positive, `Infinity` = for ever.
   * It goes at most 1 s or 1 % of this later, whichever is more.
   * @default 900_000
   */
  ttlMs?: number | undefined
  /**
   * How many unclaimed outcomes are kept at most: the oldest finished one goes. A positive integer.
   * @default no bound
   */
  maxResults?: number | undefined
  /**
   * How many bytes of unclaimed outcomes are kept at most, by what `settle` was told of each: the oldest finished ones go.
   * The newest one always stays, also when it alone is larger. A positive integer.
   * @default no bound
   */
  maxBytes?: number | undefined
  /**
   * Called when somebody begins to wait (1) and when nobody waits any more (0), so that the owner can keep the process
   * alive in between. Must not throw.
   */
  onWaiters?: ((count: number) => void) | undefined
  /** @default the process's own time and timers */
  clock?: Clock | undefined
}

export interface SettleOptions {
  /**
   * What the outcome counts towards `maxBytes`.
   * @default 0
   */
  bytes?: number | undefined
  /**
   * Give the outcome to every parked waiter instead of the first alone.
   * @default false
   */
  broadcast?: boolean | undefined
}

export interface WaitOptions {
  /** Stops the waiting, and nothing else: the promise rejects with `signal.reason`. */
  signal?: AbortSignal | undefined
  /**
   * How long to wait, in milliseconds. 0 = only for what is there already.
   * @default Infinity
   */
  timeoutMs?: number | undefined
}

/** @throws OptionError */
export function resolveCacheOptions(options: ResultCacheOptions) {
  assertKnownOptions(options, ['ttlMs', 'maxResults', 'maxBytes', 'onWaiters', 'clock'])
  const { ttlMs = 900_000, maxResults = Number.POSITIVE_INFINITY, maxBytes = Number.POSITIVE_INFINITY } = options
  if (!(typeof ttlMs === 'number' && ttlMs > 0)) {
    throw new OptionError('ttlMs', ttlMs, 'a positive number of milliseconds, or Infinity')
  }
  assertBound('maxResults', maxResults)
  assertBound('maxBytes', maxBytes)
  const { onWaiters, clock = systemClock } = options
  if (onWaiters !== undefined && typeof onWaiters !== 'function') {
    throw new OptionError('onWaiters', onWaiters, 'a function')
  }
  return { ttlMs, maxResults, maxBytes, onWaiters, clock }
}

const DEFAULT_SETTLE = { bytes: 0, broadcast: false }
const DEFAULT_WAIT = { signal: undefined, timeoutMs: Number.POSITIVE_INFINITY }

/** @throws OptionError */
export function resolveSettleOptions(options: SettleOptions | undefined) {
  if (options === undefined) return DEFAULT_SETTLE
  assertKnownOptions(options, ['bytes', 'broadcast'])
  const { bytes = 0, broadcast = false } = options
  if (!(typeof bytes === 'number' && bytes >= 0 && bytes < Number.POSITIVE_INFINITY)) {
    throw new OptionError('bytes', bytes, 'a number of bytes, 0 or more')
  }
  if (typeof broadcast !== 'boolean') throw new OptionError('broadcast', broadcast, 'true or false')
  return { bytes, broadcast }
}

/** Check the options of a wait, for those who have to know before there is something to wait for. @throws OptionError */
export function resolveWaitOptions(options: WaitOptions | undefined): {
  signal: AbortSignal | undefined
  timeoutMs: number
} {
  if (options === undefined) return DEFAULT_WAIT
  assertKnownOptions(options, ['signal', 'timeoutMs'])
  const { signal, timeoutMs = Number.POSITIVE_INFINITY } = options
  // By its shape: a signal may come from another realm.
  if (signal !== undefined && (typeof signal?.aborted !== 'boolean' || typeof signal.addEventListener !== 'function')) {
    throw new OptionError('signal', signal, 'an AbortSignal')
  }
  if (!(typeof timeoutMs === 'number' && timeoutMs >= 0)) {
    throw new OptionError('timeoutMs', timeoutMs, 'a number of milliseconds, 0 or more, or Infinity')
  }
  return { signal, timeoutMs }
}

function assertBound(option: string, value: number): void {
  if (value === Number.POSITIVE_INFINITY || (Number.isSafeInteger(value) && value > 0)) return
  throw new OptionError(option, value, 'a positive integer')
}
