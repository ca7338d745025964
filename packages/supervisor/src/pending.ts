import type { CallId, ValueForm } from '@pyferry/codec'
import type { CallFacts } from './errors.js'

/** A call that was handed to a worker and has not ended. */
export interface PendingCall {
  id: string
  func: string
  /** Whatever the caller wants back with the end of this call. */
  context?: unknown
}

/** What a call passes, one argument or spread ones. Nobody keeps it once it is sent. */
export interface Passed {
  /** @default null */
  args?: unknown
  spread?: { args: readonly unknown[]; kwargs: Readonly<Record<string, unknown>> }
  /** How its result is wanted. @default as the worker has it */
  values?: ValueForm
}

export type CallEnd = { state: 'done'; value: unknown } | { state: 'failed'; error: Error }

/**
 * The calls one process has not answered, oldest first. Each leaves exactly once, by `take` or by `takeAll`, and
 * whoever takes it out reports its end: nothing else holds an unanswered call.
 *
 * They are found by the id that the worker knows them by: their own in the base protocol, a number in the negotiated one.
 */
export class PendingCalls {
  readonly #calls = new Map<CallId, PendingCall>()

  get size(): number {
    return this.#calls.size
  }

  add(wireId: CallId, call: PendingCall): void {
    this.#calls.set(wireId, call)
  }

  /** Take a call out. `undefined` when it is not there: never asked for, or ended already. */
  take(wireId: CallId): PendingCall | undefined {
    const call = this.#calls.get(wireId)
    if (call) this.#calls.delete(wireId)
    return call
  }

  /** Take every call out, oldest first. */
  takeAll(): PendingCall[] {
    const calls = [...this.#calls.values()]
    this.#calls.clear()
    return calls
  }

  /**
   * Tell whether a call runs. A worker that speaks the base protocol does not say what it started, so its oldest
   * `threads` unanswered calls count as running (V-9).
   */
  stateOf(id: string, threads: number): 'queued' | 'running' | undefined {
    let position = 0
    for (const call of this.#calls.values()) {
      if (call.id === id) return position < threads ? 'running' : 'queued'
      position += 1
    }
    return undefined
  }
}

/** The facts of a call that its error will carry. */
export function callFacts(call: PendingCall, worker: CallFacts): CallFacts {
  return { ...worker, function: call.func, callId: call.id }
}
