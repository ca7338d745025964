/**
 * The liveness of a worker, told to whoever listens: in order, never re-entrant (what a listener causes is told after it has
 * returned), and a listener that throws is reported and hurts nobody (V-13).
 */

import { inspect } from 'node:util'

export interface LivenessEvents {
  /** A worker process is ready: after each real start, never for one that was ready already. */
  ready: () => void
  /** A worker that had been ready ended unexpectedly. */
  died: (error: Error) => void
}

export type LivenessState = keyof LivenessEvents

/** @param error why it died; absent for `'ready'` */
export type LivenessCallback = (state: LivenessState, error?: Error) => void

/** Any logger shaped like pino's or the console; only `error` is called by this package. */
export interface Logger {
  error: (...args: unknown[]) => void
  warn?: (...args: unknown[]) => void
  info?: (...args: unknown[]) => void
  debug?: (...args: unknown[]) => void
}

/** Report what must not be fatal: to the logger, else as a process warning; a logger that throws itself falls back too. */
export function reportFailure(logger: Logger | undefined, message: string, error: unknown): void {
  try {
    if (logger) {
      // The error first: pino drops what follows a message.
      logger.error(error, message)
      return
    }
  } catch {
    // Told by the warning below instead.
  }
  process.emitWarning(`${message}: ${inspect(error)}`, { type: 'PyferryWarning' })
}

/** Call what is not ours: whatever it throws, or rejects with if it is async, is told to `onError` and goes no further. */
export function callSafely(callback: () => unknown, onError: (thrown: unknown) => void): void {
  try {
    const returned = callback()
    // Left alone it would end the host as an unhandled rejection.
    if (returned instanceof Promise) returned.catch(onError)
  } catch (thrown) {
    onError(thrown)
  }
}

export class LivenessFeed {
  readonly #logger: Logger | undefined
  readonly #listeners: { state: LivenessState | undefined; callback: LivenessCallback }[] = []
  readonly #queue: [LivenessState, Error | undefined][] = []
  #isTelling = false

  constructor(logger: Logger | undefined) {
    this.#logger = logger
  }

  /** Listen to one state, or to all when `state` is `undefined`. Returns what stops it. */
  add(state: LivenessState | undefined, callback: LivenessCallback): () => void {
    const listener = { state, callback }
    this.#listeners.push(listener)
    return () => {
      const index = this.#listeners.indexOf(listener)
      if (index >= 0) this.#listeners.splice(index, 1)
    }
  }

  tell(state: LivenessState, error?: Error): void {
    this.#queue.push([state, error])
    if (this.#isTelling) return
    this.#isTelling = true
    try {
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
        for (const listener of [...this.#listeners]) {
          if (listener.state === undefined || listener.state === next[0]) this.#call(listener.callback, ...next)
        }
      }
    } finally {
      this.#isTelling = false
    }
  }

  #call(callback: LivenessCallback, state: LivenessState, error: Error | undefined): void {
    callSafely(
      () => (error === undefined ? callback(state) : callback(state, error)),
      (thrown) => reportFailure(this.#logger, `a liveness callback failed on '${state}'`, thrown),
    )
  }
}
