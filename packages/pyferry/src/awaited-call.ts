/**
 * A call whose one waiter is there before it is sent. Nobody knows its id then, so it needs none, and no entry in the result cache: that is
 * half of what a small call costs a host (docs/performance.md).
 */
import type { Outcome } from '@pyferry/result-cache'
import type { PendingCall } from '@pyferry/supervisor'
import type { Failure } from './call.js'
import { newCallId } from './call-id.js'

export class AwaitedCall implements PendingCall {
  readonly func: string
  readonly context: unknown
  /** Tell how it has ended, once. */
  settle!: (outcome: Outcome<unknown, Failure>) => void
  readonly #ended = new Promise<Outcome<unknown, Failure>>((resolve) => {
    this.settle = resolve
  })
  #id: string | undefined

  constructor(func: string, context: unknown) {
    this.func = func
    this.context = context
  }

  get ended(): Promise<Outcome<unknown, Failure>> {
    return this.#ended
  }

  /** For an error that tells of it, and for a worker that knows calls by nothing else. */
  get id(): string {
    this.#id ??= newCallId()
    return this.#id
  }
}
