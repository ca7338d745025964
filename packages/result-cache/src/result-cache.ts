import { type Clock, maxTimerMs } from './clock.js'
import { Finished, InFlight, type Outcome, type Parked } from './entry.js'
import { AwaitTimeoutError, DuplicateIdError, UnknownCallError } from './errors.js'
import { ExpiryQueue } from './expiry.js'
import {
  type ResultCacheOptions,
  resolveCacheOptions,
  resolveSettleOptions,
  resolveWaitOptions,
  type SettleOptions,
  type WaitOptions,
} from './options.js'
import { type WaitEnd, Waiter } from './waiter.js'

/** What a turn of the event loop evicts at the most: some 4 ms. What is still due goes in the next turns. */
const EVICTED_AT_ONCE = 10_000

/** What a cache holds and what it gave up, at one moment. */
export interface ResultCacheGauges {
  /** Jobs in flight. */
  pending: number
  /** Waits that are parked. */
  waiters: number
  /** Outcomes that nobody has fetched. */
  results: number
  /** What they count towards `maxBytes`. */
  bytes: number
  /** Outcomes dropped because their time was over, since the cache was made. */
  expired: number
  /** Outcomes dropped for `maxResults` or `maxBytes`, since the cache was made. */
  displaced: number
}

/**
 * Outcomes of jobs by id, each delivered once.
 *
 *                register            settle, nobody waits         wait · take
 *     (unknown) ─────────→ in flight ────────────────────→ finished ─────────→ (unknown)
 *                              │                               │
 *                              │ settle, somebody waits        │ ttlMs over, maxResults, maxBytes
 *                              │ discard                       ↓
 *                              └──────────────────────→ (unknown)
 *
 * So a finished entry never has waiters, and only finished entries expire. A timer of the cache itself never keeps the
 * process alive; a wait with a `timeoutMs` does, one without does not (`onWaiters` is there for that).
 */
export class ResultCache<V = unknown, E = unknown> {
  readonly #entries = new Map<string, InFlight<V, E> | Finished<V, E>>()
  readonly #finished: ExpiryQueue<Finished<V, E>>
  readonly #maxResults: number
  readonly #maxBytes: number
  readonly #onWaiters: ((count: number) => void) | undefined
  readonly #clock: Clock
  #expiryTimer: unknown
  #isClosed = false
  #resultCount = 0
  #waiterCount = 0
  #bytes = 0
  #expiredCount = 0
  #displacedCount = 0

  /** @throws OptionError */
  constructor(options: ResultCacheOptions = {}) {
    const { ttlMs, maxResults, maxBytes, onWaiters, clock } = resolveCacheOptions(options)
    this.#finished = new ExpiryQueue(ttlMs)
    this.#maxResults = maxResults
    this.#maxBytes = maxBytes
    this.#onWaiters = onWaiters
    this.#clock = clock
  }

  /**
   * Make `id` known, before its job starts. It is never evicted until it is settled.
   * @throws DuplicateIdError when it is in flight, or finished and unclaimed
   */
  register(id: string): void {
    if (this.#entries.has(id)) throw new DuplicateIdError(id)
    this.#entries.set(id, new InFlight())
  }

  /**
   * Forget an id whose job never started; who waits for it gets `UnknownCallError`.
   * @returns false when it is not in flight, and then nothing changes
   */
  discard(id: string): boolean {
    const entry = this.#entries.get(id)
    if (!(entry instanceof InFlight)) return false
    this.#entries.delete(id)
    this.#dismiss(entry, () => ({ by: 'lost' }))
    return true
  }

  /**
   * Tell how the job ended. The first parked waiter gets the outcome, and is the only one unless `broadcast`; the others
   * get `UnknownCallError`. With nobody waiting the outcome is kept until it is fetched or evicted.
   * @returns false when the id is not in flight (unknown, or settled already), and then nothing changes
   * @throws OptionError
   */
  settle(id: string, outcome: Outcome<V, E>, options?: SettleOptions): boolean {
    const { bytes, broadcast } = resolveSettleOptions(options)
    const entry = this.#entries.get(id)
    if (!(entry instanceof InFlight)) return false
    if (!entry.hasWaiters) {
      this.#keep(new Finished(id, outcome, bytes))
      return true
    }
    this.#entries.delete(id)
    this.#dismiss(entry, (position) => (position === 0 || broadcast ? { by: 'outcome', outcome } : { by: 'lost' }))
    return true
  }

  /**
   * Wait for the outcome, a failed one too, and consume it. A wait that expires or is aborted leaves the job and its
   * outcome alone: wait again. An outcome that is there when `wait` is called wins over an aborted signal and over
   * `timeoutMs` 0; later, whichever comes first wins.
   *
   * Rejects with `UnknownCallError` (consumed, also by another while this waited; evicted; never registered),
   * `AwaitTimeoutError`, the signal's `reason`, or `OptionError`; never throws. Waiters are served in the order they came.
   */
  async wait(id: string, options?: WaitOptions): Promise<Outcome<V, E>> {
    const { signal, timeoutMs } = resolveWaitOptions(options)
    const entry = this.#known(id)
    if (entry instanceof Finished) return this.#consume(entry)
    if (signal?.aborted) throw signal.reason
    if (timeoutMs === 0) throw new AwaitTimeoutError(id, timeoutMs)

    // Errors are made on this side of the `await`, where V8 knows who waits and puts them on the stack.
    const end = await this.#park(entry, { signal, timeoutMs }).ended
    switch (end.by) {
      case 'outcome':
        return end.outcome
      case 'abort':
        throw end.reason
      case 'timeout':
        throw new AwaitTimeoutError(id, timeoutMs)
      case 'lost':
        throw new UnknownCallError(id)
    }
  }

  /**
   * Take the outcome if it is there, consuming it; never waits.
   * @throws UnknownCallError
   */
  take(id: string): { state: 'pending' } | Outcome<V, E> {
    const entry = this.#known(id)
    return entry instanceof Finished ? this.#consume(entry) : { state: 'pending' }
  }

  /**
   * Tell how far the job is; never consumes.
   * @throws UnknownCallError
   */
  peek(id: string): 'pending' | 'done' | 'failed' {
    const entry = this.#known(id)
    return entry instanceof Finished ? entry.outcome.state : 'pending'
  }

  /** Outcomes that nobody has fetched. */
  get resultCount(): number {
    return this.#resultCount
  }

  /** Jobs in flight. */
  get pendingCount(): number {
    return this.#entries.size - this.#resultCount
  }

  /** Waits that are parked. */
  get waiterCount(): number {
    return this.#waiterCount
  }

  /** What the unclaimed outcomes count towards `maxBytes`. */
  get bytes(): number {
    return this.#bytes
  }

  /** Outcomes dropped unclaimed since the cache was made, for whatever reason. */
  get evictedCount(): number {
    return this.#expiredCount + this.#displacedCount
  }

  gauges(): ResultCacheGauges {
    return {
      pending: this.pendingCount,
      waiters: this.#waiterCount,
      results: this.#resultCount,
      bytes: this.#bytes,
      expired: this.#expiredCount,
      displaced: this.#displacedCount,
    }
  }

  /**
   * Stop the expiry: what is there, and what is settled later, stays fetchable until it is fetched. Settles nothing and
   * wakes nobody. Idempotent.
   */
  close(): void {
    this.#isClosed = true
    this.#stopExpiry()
  }

  #known(id: string): InFlight<V, E> | Finished<V, E> {
    const entry = this.#entries.get(id)
    if (!entry) throw new UnknownCallError(id)
    return entry
  }

  #park(entry: InFlight<V, E>, options: { signal: AbortSignal | undefined; timeoutMs: number }): Parked<V, E> {
    const onLeave = (waiter: Parked<V, E>) => {
      entry.remove(waiter)
      this.#countWaiters(-1)
    }
    const waiter: Parked<V, E> = new Waiter(this.#clock, onLeave, options)
    entry.add(waiter)
    this.#countWaiters(1)
    return waiter
  }

  /** End every wait for an entry that is gone, in the order they came. */
  #dismiss(entry: InFlight<V, E>, endAt: (position: number) => WaitEnd<Outcome<V, E>>): void {
    let position = 0
    for (const waiter of entry.takeWaiters()) {
      waiter.end(endAt(position))
      position += 1
    }
    this.#countWaiters(-position)
  }

  #countWaiters(change: number): void {
    const before = this.#waiterCount
    this.#waiterCount += change
    if ((before === 0) !== (this.#waiterCount === 0)) this.#onWaiters?.(this.#waiterCount)
  }

  #keep(entry: Finished<V, E>): void {
    this.#entries.set(entry.id, entry)
    this.#finished.add(entry, this.#clock.now())
    this.#resultCount += 1
    this.#bytes += entry.bytes
    while (this.#resultCount > this.#maxResults || (this.#bytes > this.#maxBytes && this.#resultCount > 1)) {
      this.#forget(this.#finished.oldest!)
      this.#displacedCount += 1
    }
    this.#startExpiry()
  }

  #consume(entry: Finished<V, E>): Outcome<V, E> {
    this.#forget(entry)
    if (this.#resultCount === 0) this.#stopExpiry()
    return entry.outcome
  }

  #forget(entry: Finished<V, E>): void {
    this.#entries.delete(entry.id)
    this.#finished.remove(entry)
    this.#resultCount -= 1
    this.#bytes -= entry.bytes
  }

  #startExpiry(): void {
    if (this.#isClosed || this.#expiryTimer !== undefined) return
    const untilDueMs = this.#finished.msUntilDue(this.#clock.now())
    if (untilDueMs === Number.POSITIVE_INFINITY) return
    this.#expiryTimer = this.#clock.setTimer(this.#onExpiryTimer, Math.min(Math.ceil(untilDueMs), maxTimerMs), false)
  }

  #stopExpiry(): void {
    if (this.#expiryTimer === undefined) return
    this.#clock.clearTimer(this.#expiryTimer)
    this.#expiryTimer = undefined
  }

  // After a sleep of the machine, or a TTL longer than a timer can be, more or nothing may be due: the clock says.
  readonly #onExpiryTimer = (): void => {
    this.#expiryTimer = undefined
    const now = this.#clock.now()
    for (let count = 0; count < EVICTED_AT_ONCE; count += 1) {
      const due = this.#finished.oldestDue(now)
      if (!due) break
      this.#forget(due)
      this.#expiredCount += 1
    }
    this.#startExpiry()
  }
}
