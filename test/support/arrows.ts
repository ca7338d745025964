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
