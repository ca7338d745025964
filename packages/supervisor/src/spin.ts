/**
 * Waiting without going to sleep, for a bounded moment after each call. To wake an idle CPU costs several times what a small call does, and
 * which of the two a call meets depends on where the system has put the worker; a host that looks again and again for 50 µs instead is as fast
 * wherever that is, and uses less processor time than going to sleep and waking does (docs/performance.md). With one CPU it
 * would only be in the worker's way.
 *
 * It pays only while answers come that soon. Where they do not (functions take longer; calls are rare, and each finds the worker fast asleep)
 * looking costs a CPU the 50 µs and does harm: it keeps the system from waking the worker right here, so that each call waits for the other CPU
 * to wake. So the moments in which nothing came are counted; when there are too many, only a few calls are tried now and then, in a row, since
 * the first of them finds the worker asleep.
 */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/** After this nobody waits for a small call any more. */
export const SPIN_US = 50
const SPIN_MS = SPIN_US / 1000

/**
 * Looking pays while an answer comes in this share of the moments. It is 0.9 and more in a dialogue, 0.75 in one beside slow functions, and
 * 0.4 with a pause before each call.
 */
const LEAST_HIT_RATE = 0.6
/** Of the last moment in that share. */
const WEIGHT = 1 / 8
/** While it does not pay, `TRIES` in a row of so many calls are tried. */
const TRY_PERIOD = 64
const TRIES = 4

/** With more calls in flight nobody falls asleep between them, and looking takes the worker its processor time. */
const MAX_IN_FLIGHT = 32

/** Who waits so: nobody, this process, or the worker too. */
export type Spin = 'off' | 'host' | 'both'

export interface SpinnerOptions {
  /** How many answers are still to come. */
  countInFlight: () => number
  /** @default performance.now */
  now?: () => number
  /** Calls back in the next turn of the event loop, after what has arrived was read. @default setImmediate */
  nextTurn?: (callback: () => void) => unknown
}

export class Spinner {
  readonly #countInFlight: () => number
  readonly #now: () => number
  readonly #nextTurn: (callback: () => void) => unknown
  #isSpinning = false
  /** Something was sent since the last turn. */
  #isTouched = false
  #untilMs = 0
  /** No answer has come since this moment began. */
  #isMiss = false
  /** The share of moments in which one came, the last ones counting most. */
  #hitRate = 1
  /** Calls since it has stopped to pay, tried or not. */
  #calls = 0

  constructor({ countInFlight, now = () => performance.now(), nextTurn = setImmediate }: SpinnerOptions) {
    this.#countInFlight = countInFlight
    this.#now = now
    this.#nextTurn = nextTurn
  }

  /** Something was sent in this turn. */
  touch(): void {
    this.#isTouched = true
    if (this.#isSpinning || !this.#isWorthIt()) return
    this.#isSpinning = true
    this.#nextTurn(this.#turn)
  }

  /** An answer has come. */
  onAnswer(): void {
    if (!this.#isMiss) return
    this.#isMiss = false
    this.#hitRate += (1 - this.#hitRate) * WEIGHT
  }

  #isWorthIt(): boolean {
    if (this.#hitRate >= LEAST_HIT_RATE) this.#calls = 0
    else this.#calls += 1
    return this.#calls % TRY_PERIOD < TRIES
  }

  readonly #turn = (): void => {
    const nowMs = this.#now()
    if (this.#isTouched) {
      this.#isTouched = false
      this.#isMiss = true
      this.#untilMs = nowMs + SPIN_MS
    }
    const isOver = nowMs >= this.#untilMs
    const inFlight = this.#countInFlight()
    this.#isSpinning = !isOver && inFlight > 0 && inFlight <= MAX_IN_FLIGHT
    if (this.#isSpinning) this.#nextTurn(this.#turn)
    else {
      if (isOver && this.#isMiss) this.#hitRate -= this.#hitRate * WEIGHT
      this.#isMiss = false
    }
  }
}

/**
 * Who is to spin where so many CPUs may be used. With one CPU `'both'` is `'off'`: two processes that take turns looking for each other on it
 * make a call ten times as long. `'host'` costs a twentieth there and is left to whoever asks for it.
 */
export function resolveSpin(asked: Spin | undefined, canUseTwoCpus: boolean): Spin {
  if (asked === undefined) return canUseTwoCpus ? 'host' : 'off'
  return asked === 'both' && !canUseTwoCpus ? 'off' : asked
}

/** Whether this process may use two CPUs at once: as many as there are, less what a container's quota leaves. */
export function hasTwoCpus(readQuota = readCgroupQuota, count = availableParallelism()): boolean {
  return count >= 2 && (readQuota() ?? count) >= 2
}

/** CPUs that the control group grants (Linux, version 2 and 1); `undefined` where nothing limits it. */
function readCgroupQuota(): number | undefined {
  const quotas = [
    parseQuota(tryRead('/sys/fs/cgroup/cpu.max')),
    parseQuota(`${tryRead('/sys/fs/cgroup/cpu/cpu.cfs_quota_us')} ${tryRead('/sys/fs/cgroup/cpu/cpu.cfs_period_us')}`),
  ]
  return quotas.find((quota) => quota !== undefined)
}

/** `'200000 100000'` is two; `'max 100000'` and `'-1 100000'` are no limit. */
export function parseQuota(text: string): number | undefined {
  const [quota, period] = text.trim().split(/\s+/).map(Number)
  return quota !== undefined && period !== undefined && quota > 0 && period > 0 ? quota / period : undefined
}

function tryRead(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}
