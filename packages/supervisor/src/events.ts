/**
 * The liveness of a worker, told to whoever listens: in order, never re-entrant (what a listener causes is told after it has
 * returned), and a listener that throws is reported and hurts nobody (V-13).
 */

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
      logger.error(message, error)
      return
    }
  } catch {
    // Told by the warning below instead.
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.emitWarning(`${message}: ${detail}`, { type: 'PyferryWarning' })
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
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      for (const listener of [...this.#listeners]) {
        if (listener.state === undefined || listener.state === next[0]) this.#call(listener.callback, ...next)
      }
    }
    this.#isTelling = false
  }

  #call(callback: LivenessCallback, state: LivenessState, error: Error | undefined): void {
    const onError = (thrown: unknown) => reportFailure(this.#logger, `a liveness callback failed on '${state}'`, thrown)
    try {
      const returned: unknown = error === undefined ? callback(state) : callback(state, error)
      // An async callback fails later, and would end the host as an unhandled rejection.
      if (returned instanceof Promise) returned.catch(onError)
    } catch (thrown) {
      onError(thrown)
    }
  }
}
