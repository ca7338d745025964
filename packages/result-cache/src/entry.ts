import type { Expiring } from './expiry.js'
import type { Waiter } from './waiter.js'

/** How a job ended. */
export type Outcome<V = unknown, E = unknown> = { state: 'done'; value: V } | { state: 'failed'; error: E }

export type Parked<V, E> = Waiter<Outcome<V, E>>

/** Who waits for it, in the order they came: most jobs have one or none, and to make a set takes as long as all else for those. */
export class InFlight<V, E> {
  #first: Parked<V, E> | undefined = undefined
  #others: Set<Parked<V, E>> | undefined = undefined

  get hasWaiters(): boolean {
    return this.#first !== undefined || (this.#others?.size ?? 0) > 0
  }

  add(waiter: Parked<V, E>): void {
    if (!this.hasWaiters) this.#first = waiter
    else {
      this.#others ??= new Set()
      this.#others.add(waiter)
    }
  }

  remove(waiter: Parked<V, E>): void {
    if (this.#first === waiter) this.#first = undefined
    else this.#others?.delete(waiter)
  }

  /** Take them all. */
  takeWaiters(): Parked<V, E>[] {
    const taken = this.#first === undefined ? [] : [this.#first]
    if (this.#others) taken.push(...this.#others)
    this.#first = undefined
    this.#others = undefined
    return taken
  }
}

/** There may be a million of these: no field that is not needed, and every field set from the beginning. */
export class Finished<V, E> implements Expiring<Finished<V, E>> {
  readonly id: string
  readonly outcome: Outcome<V, E>
  readonly bytes: number
  dueTick = 0
  older: Finished<V, E> | undefined = undefined
  newer: Finished<V, E> | undefined = undefined

  constructor(id: string, outcome: Outcome<V, E>, bytes: number) {
    this.id = id
    this.outcome = outcome
    this.bytes = bytes
  }
}
