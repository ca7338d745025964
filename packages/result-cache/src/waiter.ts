import { unwatchAbort, watchAbort } from './abort-watch.js'
import { type Clock, maxTimerMs } from './clock.js'

/** How a parked wait came to its end. `lost`: the outcome went to another waiter, or the job was discarded. */
export type WaitEnd<O> =
  | { by: 'outcome'; outcome: O }
  | { by: 'lost' }
  | { by: 'timeout' }
  | { by: 'abort'; reason: unknown }

/**
 * One parked wait. The first to end it decides how, at that moment: what comes later in the same turn finds neither timer
 * nor listener of it.
 */
export class Waiter<O> {
  readonly ended: Promise<WaitEnd<O>>
  #resolve!: (end: WaitEnd<O>) => void
  readonly #clock: Clock
  readonly #signal: AbortSignal | undefined
  /** Only where there is a signal: most waits have none, and there may be many of them. */
  readonly #onAbort: (() => void) | undefined
  #timer: unknown
  readonly #onLeave: (waiter: Waiter<O>) => void

  /**
   * @param onLeave called when the wait has ended by itself, by its signal or its time; before `ended` tells
   * @param timeoutMs positive, `Infinity` = none
   */
  constructor(
    clock: Clock,
    onLeave: (waiter: Waiter<O>) => void,
    { signal, timeoutMs }: { signal: AbortSignal | undefined; timeoutMs: number },
  ) {
    this.#clock = clock
    this.#onLeave = onLeave
    this.#signal = signal
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve
    })
    if (signal) {
      this.#onAbort = () => {
        this.end({ by: 'abort', reason: signal.reason })
        this.#onLeave(this)
      }
      watchAbort(signal, this.#onAbort)
    }
    if (timeoutMs !== Number.POSITIVE_INFINITY) this.#startTimer(timeoutMs)
  }

  /** End the wait. The one who calls this takes the waiter off its list. */
  end(end: WaitEnd<O>): void {
    if (this.#signal && this.#onAbort) unwatchAbort(this.#signal, this.#onAbort)
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
    this.#resolve(end)
  }

  #startTimer(remainingMs: number): void {
    const delayMs = Math.min(remainingMs, maxTimerMs)
    const onTimer = () => {
      if (remainingMs > delayMs) return this.#startTimer(remainingMs - delayMs)
      this.end({ by: 'timeout' })
      this.#onLeave(this)
    }
    // A program that waits for something is not done, so this timer keeps it alive.
    this.#timer = this.#clock.setTimer(onTimer, delayMs, true)
  }
}
