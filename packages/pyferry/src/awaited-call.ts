/**
 * A call whose one waiter is there before it is sent. Nobody knows its id then, so it needs none, and no entry in the result cache; and one
 * promise does for all of it: half of what a small call costs a host (docs/performance.md).
 */
import type { Outcome } from '@pyferry/result-cache'
import type { PendingCall } from '@pyferry/supervisor'
import { deliver, type Failure } from './call.js'
import { newCallId } from './call-id.js'

export class AwaitedCall implements PendingCall {
  readonly func: string
  readonly context: unknown
  readonly #resolve: (result: unknown) => void
  #id: string | undefined

  constructor(func: string, context: unknown, resolve: (result: unknown) => void) {
    this.func = func
    this.context = context
    this.#resolve = resolve
  }

  /** Tell how it has ended, once. */
  settle(outcome: Outcome<unknown, Failure>): void {
    this.#resolve(outcome.state === 'done' ? outcome.value : deliverLater(outcome))
  }

  /** For an error that tells of it, and for a worker that knows calls by nothing else. */
  get id(): string {
    this.#id ??= newCallId()
    return this.#id
  }
}

/**
 * The engine finds who waits for a promise that rejects, and puts them on the stack, from inside an `async` function that goes on after an
 * `await`. Of the two turns the first one joins the promises.
 */
async function deliverLater(outcome: Outcome<unknown, Failure>): Promise<never> {
  await undefined
  await undefined
  return deliver<never>(outcome)
}
