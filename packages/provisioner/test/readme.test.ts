import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, expect, test, vi } from 'vitest'
import { hints } from '../src/hints.js'
import { temporaryFolder } from './fixtures/folders.js'
import { bundle, startHost } from './fixtures/host.js'
import { usePackagesOf } from './fixtures/pip-settings.js'
import { makeWheel, writeFiles } from './fixtures/wheels.js'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

afterEach(() => vi.unstubAllEnvs())

test('the example of the README works as it stands', async () => {
  const folder = temporaryFolder()
  vi.stubEnv('PYFERRY_HOME', join(folder, 'home'))
  usePackagesOf(writeFiles(join(folder, 'links'), [makeWheel({ name: 'six', version: '1.16.0' })]))
  const example = /```js\n(.*?)```/s.exec(readme)?.[1] ?? ''
  const host = startHost(example.replace("'@pyferry/provisioner'", JSON.stringify(pathToFileURL(bundle).href)), {
    cwd: folder,
  })
  expect(await host.said('built')).toContain("version: '1.16.0'")
  expect(await host.said('1.16.0')).toBe('')
  expect(await host.ended).toEqual([0, null])
})

test('X: the codes that the README names are codes', () => {
  const table = readme.slice(readme.indexOf('## Errors'), readme.indexOf('## On disk'))
  const named = [...table.matchAll(/`([A-Z_]{4,})`/g)].map(([, code]) => code)
  expect(named.length).toBeGreaterThan(8)
  expect(named.filter((code) => !((code as string) in hints) && code !== 'ERR_PYFERRY_')).toEqual([])
})
