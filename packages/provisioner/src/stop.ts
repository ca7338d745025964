/** One signal for everything that can end a piece of work from outside: its reason is the error to reject with. */
import { StoppedError } from './errors.js'

export interface Limit {
  limitMs: number
  what: string
  option?: string
}

export interface Stop {
  readonly signal: AbortSignal
  /** Let go of timer and listener. */
  dispose(): void
}

/**
 * Make a signal that aborts with a `StoppedError`: ABORTED when `outer` does, TIMEOUT after `limitMs`; the first cause wins.
 *
 * @param outer its reason becomes the `cause`
 * @param limit `what` and `option` name it in the message
 */
export function makeStop(outer: AbortSignal | undefined, limit?: Limit): Stop {
  const controller = new AbortController()
  const onAbort = () => {
    controller.abort(new StoppedError('ABORTED', 'it was aborted by its signal', { cause: outer?.reason }))
  }
  if (outer?.aborted) onAbort()
  else outer?.addEventListener('abort', onAbort, { once: true })
  const timer = limit && setTimeout(() => controller.abort(timeoutError(limit)), limit.limitMs)
  const dispose = () => {
    outer?.removeEventListener('abort', onAbort)
    clearTimeout(timer)
  }
  return { signal: controller.signal, dispose }
}

function timeoutError({ limitMs, what, option }: Limit): StoppedError {
  const name = option === undefined ? '' : ` (${option})`
  return new StoppedError('TIMEOUT', `${what} was not done within ${limitMs} ms${name}`, { facts: { limitMs, option } })
}
