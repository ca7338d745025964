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
