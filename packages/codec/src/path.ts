/** Object keys and array indexes, from the outermost inwards. */
export type Keys = readonly (string | number)[]

/** Write a path as errors show it (PROTOCOL.md, "Values"): `args.items[3]["a key"]`. */
export function formatPath(root: string, keys: Keys): string {
  let path = root
  for (const key of keys) {
    if (typeof key === 'number') path += `[${key}]`
    else path += /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
  }
  return path
}

/** In messages a path has at most so many characters: 512 steps say no more than the first and the last of them. */
const MAX_SHOWN = 120

/** A path as messages show it: a long one by its first steps and its last. */
export function shortenPath(path: string): string {
  if (path.length <= MAX_SHOWN) return path
  // No step is cut, so that none looks like another one; but for a key that is longer than all that is shown.
  const first = path.slice(0, MAX_SHOWN / 2).replace(/[.[][^.[]*$/, '')
  const last = path.slice(-MAX_SHOWN / 2)
  return `${first}…${last.slice(Math.max(0, last.search(/[.[]/)))}`
}
