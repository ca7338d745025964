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
