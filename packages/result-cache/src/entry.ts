import type { Expiring } from './expiry.js'
import type { Waiter } from './waiter.js'

/** How a job ended. */
export type Outcome<V = unknown, E = unknown> = { state: 'done'; value: V } | { state: 'failed'; error: E }

export type Parked<V, E> = Waiter<Outcome<V, E>>

export class InFlight<V, E> {
  /** In the order they came; most jobs have one or none. */
  waiters: Set<Parked<V, E>> | undefined = undefined
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
