/**
 * Who may import whom. Everything else, each leaf among them, stands alone; `@pyferry/errors` is inlined and so in no list.
 *
 *     pyferry ──→ provisioner, result-cache, supervisor, codec
 *     supervisor ──→ codec
 */
export const arrows: Readonly<Record<string, readonly string[]>> = {
  codec: [],
  provisioner: [],
  'result-cache': [],
  supervisor: ['@pyferry/codec'],
  pyferry: ['@pyferry/codec', '@pyferry/provisioner', '@pyferry/result-cache', '@pyferry/supervisor'],
}

/**
 * Libraries of others that are inlined too, so that whoever installs the package installs nothing more. Each is a decision: what it
 * replaces stands in the commit, its licence in the built file.
 */
export const inlined: Readonly<Record<string, readonly { name: string; licence: string }[]>> = {
  pyferry: [
    { name: 'signal-exit', licence: 'The ISC License, Copyright (c) 2015-2023 Benjamin Coe, Isaac Z. Schlueter' },
  ],
}

/** Libraries of others that a package needs where it runs: each a decision, with its reason in the commit that brought it. */
export const libraries: Readonly<Record<string, readonly string[]>> = {
  provisioner: ['smol-toml'],
}

/** Libraries whose values travel when the user has them; never needed. */
export const peers: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  pyferry: { 'apache-arrow': '>=14' },
}

/** Everything that is installed with a package: ours along the arrows, and the libraries of all of them. */
export function installedWith(name: string): string[] {
  const ours = arrows[name] ?? []
  const folders = [name, ...ours.map((each) => each.replace('@pyferry/', ''))]
  return [...ours, ...folders.flatMap((each) => libraries[each] ?? [])]
}
