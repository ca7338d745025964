/** What becomes of values beyond what the protocol itself knows: brought along by whoever uses this package. */
import { describeValue } from '@pyferry/errors'
import type { ArrowBridge } from './arrow.js'
import type { ValueCodecs } from './codecs.js'
import { UnserializableError } from './errors.js'

export interface Conversions {
  codecs?: ValueCodecs
  arrow?: ArrowBridge
}

/**
 * Run what is not ours on one value.
 *
 * @param what - has failed then: `the codec of Money`
 * @throws UnserializableError for whatever it throws, with that as its cause
 */
export function convertAt<T>(path: string, what: string, convert: () => T): T {
  try {
    return convert()
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : describeValue(cause)
    throw new UnserializableError(path, `${what} failed: ${said}`, {
      cause,
      hint: (cause as { hint?: string } | null)?.hint,
    })
  }
}
