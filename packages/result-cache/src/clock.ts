/**
 * Where a cache gets the time and its timers from. `Timer` is whatever `setTimer` returns.
 */
export interface Clock<Timer = unknown> {
  /** Milliseconds from any fixed origin; never runs backwards. */
  now(): number
  /**
   * Call `callback` once, about `delayMs` from now. `delayMs` is at most 2³¹−1. While a timer with `keepsAlive` is set the
   * process does not end by itself.
   */
  setTimer(callback: () => void, delayMs: number, keepsAlive: boolean): Timer
  clearTimer(timer: Timer): void
}

export const systemClock: Clock<NodeJS.Timeout> = {
  now: () => performance.now(),
  setTimer(callback, delayMs, keepsAlive) {
    const timer = setTimeout(callback, delayMs)
    return keepsAlive ? timer : timer.unref()
  },
  clearTimer: (timer) => clearTimeout(timer),
}

/** What a signed 32-bit number of milliseconds can hold, 24.8 days: a longer `setTimeout` fires at once. */
export const maxTimerMs = 2 ** 31 - 1
