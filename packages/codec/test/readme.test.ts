import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect, it, vi } from 'vitest'

const packages = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

it('the example of the README runs and prints what it says', async () => {
  const example = /```js\n(.*?)```/s.exec(readFileSync(packages('codec/README.md'), 'utf8'))![1]!
  const { outputFiles } = await build({
    stdin: { contents: example, resolveDir: packages('codec') },
    alias: {
      '@pyferry/codec': packages('codec/src/index.ts'),
      '@pyferry/errors': packages('errors/src/index.ts'),
    },
    bundle: true,
    format: 'esm',
    write: false,
  })
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  try {
    await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(outputFiles[0]!.text)}`)
    expect(log.mock.calls).toEqual([['embed', { text: 'hello', salt: new Uint8Array(8) }]])
  } finally {
    log.mockRestore()
  }
})
