import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { makeDocument } from '../src/document.js'
import { computeKey } from '../src/key.js'
import type { InterpreterInfo } from '../src/probe.js'
import { readSettings } from '../src/settings.js'
import { readSource } from '../src/source.js'
import { type EnvironmentSpec, resolveSpec } from '../src/spec.js'
import { temporaryFolder } from './fixtures/folders.js'

const python: InterpreterInfo = {
  version: '3.13.0',
  release: '3.13.0',
  implementation: 'cpython',
  executable: '/opt/python/3.13.0/bin/python3',
  base: '/opt/python/3.13.0/bin/python3',
  prefix: '/opt/python/3.13.0',
  ownPrefix: '/opt/python/3.13.0',
  soabi: 'cpython-313-x86_64-linux-gnu',
  os: 'linux',
  arch: 'x86_64',
  libc: 'glibc-2.36',
  wheelFolder: null,
  standardLibrary: '/opt/python/3.13.0/lib/python3.13',
  hasVenv: true,
}

async function idOf(given: EnvironmentSpec, info = python, variables = {}): Promise<string> {
  const spec = resolveSpec(given)
  const env = { PIP_CONFIG_FILE: '/dev/null', XDG_CONFIG_DIRS: '/nowhere', ...variables }
  const source = await readSource(spec, { env, folder: '/', onIgnored: () => expect.unreachable() })
  const settings = await readSettings(spec, 'venv-pip', { host: env, source })
  return computeKey(makeDocument({ spec, backend: 'venv-pip', source, settings, python: info })).id
}

test('E: vector A is what its spec makes', async () => {
  expect(await idOf({ requirements: ['six == 1.16.0'] })).toBe('dvnqswdafaq6252u')
})

test('E: vector B is what its spec makes', async () => {
  const requirementsFile = join(temporaryFolder(), 'requirements.txt')
  writeFileSync(requirementsFile, 'six==1.16.0\n')
  const index = 'https://user:password@pkgs.example.com/simple/'
  expect(await idOf({ requirementsFile, index })).toBe('6f6ufucpojwkham7')
  expect(await idOf({ requirementsFile }, python, { PIP_INDEX_URL: index.replace('password', 'another') })).toBe(
    '6f6ufucpojwkham7',
  )
})

test('E: order and spelling of requirements make no other environment', async () => {
  const id = await idOf({ requirements: ['Foo_Bar[b,a]<2,>=1', 'six'] })
  expect(await idOf({ requirements: ['six', 'foo-bar[a, b] >=1, <2', 'six'] })).toBe(id)
  expect(await idOf({ requirements: ['foo-bar[a]<2,>=1', 'six'] })).not.toBe(id)
})

test('E: version, build and place of the Python, and the index, make another environment', async () => {
  const ids = await Promise.all([
    idOf({ requirements: ['six'] }),
    idOf({ requirements: ['six'] }, { ...python, version: '3.13.1' }),
    idOf({ requirements: ['six'] }, { ...python, soabi: 'cpython-313t-x86_64-linux-gnu' }),
    idOf({ requirements: ['six'] }, { ...python, prefix: '/usr' }),
    idOf({ requirements: ['six'] }, python, { PIP_INDEX_URL: 'https://a.example/' }),
    idOf({ requirements: ['six'] }, python, { PIP_INDEX_URL: 'https://b.example/' }),
    idOf({}),
  ])
  expect(new Set(ids).size).toBe(ids.length)
})

test('E: where nothing is installed, nothing about indexes matters', async () => {
  expect(await idOf({}, python, { PIP_INDEX_URL: 'https://a.example/' })).toBe(await idOf({}))
})

test('E: a file that a requirement names is known by size and time', async () => {
  const path = join(temporaryFolder(), 'a-1-py3-none-any.whl')
  const requirements = [`a @ ${pathToFileURL(path)}`]
  writeFileSync(path, 'one')
  const before = await idOf({ requirements })
  writeFileSync(path, 'three')
  expect(await idOf({ requirements })).not.toBe(before)
})

test('V-2: the installer runs in the folder of the first requirements file', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'r.txt'), '')
  const context = { env: {}, folder: '/d', onIgnored: () => {} }
  const spec = resolveSpec({ requirementsFile: join(folder, 'r.txt') })
  expect((await readSource(spec, context)).workingFolder).toBe(folder)
  expect((await readSource(resolveSpec({}), context)).workingFolder).toBe('/d')
})
