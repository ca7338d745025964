import type { Clock } from '../src/index.js'

interface FakeTimer {
  callback: () => void
  dueAt: number
  keepsAlive: boolean
}

/** A clock that stands still until told otherwise. */
export class FakeClock implements Clock<FakeTimer> {
  readonly timers = new Set<FakeTimer>()
  #now = 0

  now(): number {
    return this.#now
  }

  setTimer(callback: () => void, delayMs: number, keepsAlive: boolean): FakeTimer {
    const timer = { callback, dueAt: this.#now + delayMs, keepsAlive }
    this.timers.add(timer)
    return timer
  }

  clearTimer(timer: FakeTimer): void {
    this.timers.delete(timer)
  }

  /** Let time pass, firing each timer at its moment. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#now = next.dueAt
      this.#fire(next)
    }
    this.#now = end
  }

  /** Let time pass as a sleep of the machine does: every timer that fell due meanwhile fires after it. */
  jump(ms: number): void {
    this.#now += ms
    for (const timer of [...this.timers].filter(({ dueAt }) => dueAt <= this.#now)) this.#fire(timer)
  }

  #next(end: number): FakeTimer | undefined {
    return [...this.timers].filter(({ dueAt }) => dueAt <= end).sort((a, b) => a.dueAt - b.dueAt)[0]
  }

  #fire(timer: FakeTimer): void {
    if (this.timers.delete(timer)) timer.callback()
  }
}
