/** Work of one name is done one after the other within this process. */

export interface TurnBefore {
  didWait: boolean
  /** What the work before rejected with. */
  failure: unknown
}

const turns = new Map<string, Promise<TurnBefore>>()

/**
 * Do `work` when whatever has the name now is done. An abort ends the wait with the signal's reason, and the turn is still no shorter
 * than the one before.
 */
export async function takeTurn<T>(
  name: string,
  signal: AbortSignal,
  work: (before: TurnBefore) => Promise<T>,
): Promise<T> {
  const before = turns.get(name)
  const run = (async () => {
    const outcome = before ? await waitUnlessAborted(before, signal) : { didWait: false, failure: undefined }
    return await work(outcome)
  })()
  const turn = (async () => {
    await before
    return await run.then(
      () => ({ didWait: true, failure: undefined }),
      (failure: unknown) => ({ didWait: true, failure }),
    )
  })()
  turns.set(name, turn)
  void turn.then(() => {
    if (turns.get(name) === turn) turns.delete(name)
  })
  return await run
}

function waitUnlessAborted(before: Promise<TurnBefore>, signal: AbortSignal): Promise<TurnBefore> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    void before.then((outcome) => {
      signal.removeEventListener('abort', onAbort)
      resolve(outcome)
    })
  })
}
