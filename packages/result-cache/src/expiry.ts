/**
 * When finished entries fall due.
 *
 * Time is cut into ticks, and an entry belongs to the first tick at or after its expiry, so that one timer serves a whole
 * tick of entries. A timing wheel would keep a slot for each tick; here every entry lives equally long, so entries fall
 * due in the order they finished and the wheel unrolls into a single list, in which a slot is a run of equal ticks:
 *
 *     oldest ─ 812 ─ 812 ─ 812 ─ 813 ─ 815 ─ 815 ─ newest
 *
 * Adding and removing are O(1), visiting what is due is O(due), and the same list tells the oldest entry, which the bounds
 * by count and bytes need.
 */

/** The links of an entry; they belong to the queue that the entry is in. */
export interface Expiring<T> {
  dueTick: number
  older: T | undefined
  newer: T | undefined
}

/** Entries in the order they finished. Knows no timer: the time is an argument. */
export class ExpiryQueue<T extends Expiring<T>> {
  readonly #ttlMs: number
  /** How late an entry may fall due; the contract allows twice this (V-11: 1 s or 1 % of the TTL), the rest is the timer's. */
  readonly #tickMs: number
  #oldest: T | undefined
  #newest: T | undefined

  /** @param ttlMs how long an entry lives; positive, `Infinity` = for ever */
  constructor(ttlMs: number) {
    this.#ttlMs = ttlMs
    this.#tickMs = Math.max(500, ttlMs / 200)
  }

  /** The entry that finished first. */
  get oldest(): T | undefined {
    return this.#oldest
  }

  /** Add an entry that finished at `nowMs`, which is not before the one added last. */
  add(entry: T, nowMs: number): void {
    // 0 for entries that never fall due: Infinity would cost each of them a boxed number.
    entry.dueTick = this.#ttlMs === Number.POSITIVE_INFINITY ? 0 : Math.ceil((nowMs + this.#ttlMs) / this.#tickMs)
    entry.older = this.#newest
    if (this.#newest) this.#newest.newer = entry
    else this.#oldest = entry
    this.#newest = entry
  }

  /** Take an entry of this queue out. */
  remove(entry: T): void {
    if (entry.older) entry.older.newer = entry.newer
    else this.#oldest = entry.newer
    if (entry.newer) entry.newer.older = entry.older
    else this.#newest = entry.older
    entry.older = undefined
    entry.newer = undefined
  }

  /** The entry that finished first, if its tick has come; it stays in the queue. */
  oldestDue(nowMs: number): T | undefined {
    return this.msUntilDue(nowMs) === 0 ? this.#oldest : undefined
  }

  /** Milliseconds from `nowMs` until the oldest entry falls due; `Infinity` when none ever will. */
  msUntilDue(nowMs: number): number {
    if (!this.#oldest || this.#ttlMs === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY
    return Math.max(0, this.#oldest.dueTick * this.#tickMs - nowMs)
  }
}
