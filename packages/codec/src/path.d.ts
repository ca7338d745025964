/** Object keys and array indexes, from the outermost inwards. */
export type Keys = readonly (string | number)[]
/** Write a path as errors show it (PROTOCOL.md, "Values"): `args.items[3]["a key"]`. */
export declare function formatPath(root: string, keys: Keys): string
