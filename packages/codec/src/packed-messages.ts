/** Messages of version 1 that carry values, as the array of one alone in MessagePack; `batch.ts` writes the same as JSON. */
import type { CallMessage, CallSucceededMessage } from './messages.js'
import type { PackedEncoder } from './packed-encoder.js'
import { MAX_DEPTH } from './value-walker.js'
import type { JsonValue } from './values.js'

/** Its arguments are checked on the way, the rest of it was before. */
export function packCall({ callID, func, args, spread, values: form }: CallMessage, values: PackedEncoder): void {
  const { out } = values
  out.array(1)
  const header = out.length
  out.array(6)
  out.number(callID as number)
  values.packJson(func)
  if (spread) values.pack(spread.args, 'args', MAX_DEPTH + 1)
  else {
    out.array(1)
    values.packBelow([0], args, 'args')
  }
  const isNamed = spread !== undefined && Object.keys(spread.kwargs).length > 0
  if (isNamed) values.pack(spread.kwargs, 'kwargs', MAX_DEPTH + 1)
  const isMarked = values.marks.length > 0
  if ((isMarked || form !== undefined) && !isNamed) out.nil()
  if (isMarked) values.packJson(values.marks as unknown as JsonValue)
  else if (form !== undefined) out.nil()
  if (form !== undefined) values.packJson({ values: form })
  out.shrink(header, form !== undefined ? 6 : isMarked ? 5 : isNamed ? 4 : 3)
}

export function packResult({ callID, result }: CallSucceededMessage, values: PackedEncoder): void {
  const { out } = values
  out.array(1)
  const header = out.length
  out.array(3)
  out.number(callID as number)
  values.pack(result, 'result')
  if (values.marks.length > 0) values.packJson(values.marks as unknown as JsonValue)
  else out.shrink(header, 2)
}
