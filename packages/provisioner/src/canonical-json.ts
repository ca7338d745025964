/** One text for one value, whatever order its fields were written in: what a key is the hash of. */

export type CanonicalValue =
  | string
  | number
  | boolean
  | null
  | readonly CanonicalValue[]
  | { readonly [name: string]: CanonicalValue }

/**
 * JSON without white space, keys sorted by UTF-16 code unit, strings as `JSON.stringify` has them.
 *
 * @throws TypeError for a number that is not a safe integer, and for `undefined` or anything else that JSON would leave out:
 *   two documents must never share a text by omission
 */
export function canonicalJson(value: CanonicalValue): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new TypeError(`canonical JSON holds safe integers only, not ${value}`)
    return JSON.stringify(value)
  }
  if (typeof value !== 'object') throw new TypeError(`canonical JSON cannot hold ${typeof value}`)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  const object = value as { readonly [name: string]: CanonicalValue }
  const fields = Object.keys(object)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonicalJson(object[name] as CanonicalValue)}`)
  return `{${fields.join(',')}}`
}
