/**
 * One start for all who ask while it is under way. One of them may leave by its signal; the start itself is aborted when all
 * have left, or by `abort`.
 */
export class SharedStart {
  #current: StartUnderWay | undefined

  /** Join the start under way, or begin one. @throws what the start threw, or `signal.reason` */
  async join(begin: (signal: AbortSignal) => Promise<void>, signal?: AbortSignal): Promise<void> {
    // A start that everybody left is still cleaning up after itself: the next one begins when it has ended.
    while (this.#current?.controller.signal.aborted) await this.#current.promise.catch(() => {})
    signal?.throwIfAborted()
    const current = this.#current ?? this.#begin(begin)
    this.#current = current
    current.memberCount += 1
    if (!signal) return current.promise

    let onAbort!: () => void
    const left = new Promise<never>((_, reject) => {
      onAbort = () => {
        current.memberCount -= 1
        if (current.memberCount > 0) return reject(signal.reason)
        // The last one waits until nothing is left behind.
        current.controller.abort(signal.reason)
        void current.promise.then(
          () => reject(signal.reason),
          () => reject(signal.reason),
        )
      }
    })
    const own = dependent(signal)
    own.addEventListener('abort', onAbort, { once: true })
    try {
      await Promise.race([current.promise, left])
    } catch (error) {
      throw signal.aborted ? signal.reason : error
    } finally {
      own.removeEventListener('abort', onAbort)
    }
  }

  /** Abort the start under way, if there is one, and wait until it has ended. */
  async abort(reason: unknown): Promise<void> {
    const current = this.#current
    if (!current) return
    current.controller.abort(reason)
    await current.promise.catch(() => {})
  }

  #begin(begin: (signal: AbortSignal) => Promise<void>): StartUnderWay {
    const controller = new AbortController()
    const { signal } = controller
    const promise = begin(signal)
      .catch((error: unknown) => {
        // What the aborted step said of it is of no interest: the caller knows the reason.
        throw signal.aborted ? signal.reason : error
      })
      .finally(() => {
        this.#current = undefined
      })
    promise.catch(() => {})
    return { promise, controller, memberCount: 0 }
  }
}

/** A signal of our own that follows the caller's: Node warns of a leak at the eleventh listener on one, and programs share theirs. */
function dependent(signal: AbortSignal): AbortSignal {
  // Not there before Node 20.3.
  return 'any' in AbortSignal ? AbortSignal.any([signal]) : signal
}

interface StartUnderWay {
  promise: Promise<void>
  controller: AbortController
  memberCount: number
}
