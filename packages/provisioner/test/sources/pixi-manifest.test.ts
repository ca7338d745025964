import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readPixiManifest } from '../../src/sources/pixi-manifest.js'
import { temporaryTree } from '../fixtures/trees.js'

const MANIFEST = `
[workspace]
name = "app"
channels = ["conda-forge", "https://user:pw@conda.example/t/tk-123/own", { channel = "./local", priority = 1 }]
platforms = ["linux-64"]
requires-pixi = ">=0.30"

[dependencies]
python = "3.12.*"
numpy = "*"

[target.linux-64.dependencies]
python = { version = "<3.13", build = "*_cpython" }

[feature.test.dependencies]
pytest = "*"

[feature.old.dependencies]
python = "3.9.*"

[environments]
test = ["test"]
old = { features = ["old"], no-default-feature = true, solve-group = "x" }
`

test('E: a pixi manifest says its environments, their Pythons, its channels without logins', async () => {
  const folder = temporaryTree({ 'pixi.toml': MANIFEST, 'pixi.lock': 'version: 6\n' })
  const manifest = await readPixiManifest(folder)
  expect({ ...manifest, files: manifest.files.map(({ role }) => role) }).toEqual({
    path: join(folder, 'pixi.toml'),
    folder,
    lock: join(folder, 'pixi.lock'),
    files: ['pixi', 'pixi-lock'],
    environments: ['default', 'test', 'old'],
    pythons: { default: '3.12.*,<3.13', test: '3.12.*,<3.13', old: '3.9.*' },
    channels: ['conda-forge', 'https://@conda.example/t/***/own', './local'],
    requiresPixi: '>=0.30',
    localPaths: [{ field: 'workspace.channels[2]', path: join(folder, 'local') }],
  })
})

test('E: a pyproject.toml with [tool.pixi] is one too, with the Python of its project', async () => {
  const folder = temporaryTree({
    'pyproject.toml': `[project]\nname = "a"\nrequires-python = ">=3.11"\n[tool.pixi.project]\nchannels = ["conda-forge"]
[tool.pixi.pypi-dependencies]\na = { path = ".", editable = true }\n[tool.pixi.environments]\nx = []\n`,
  })
  expect(await readPixiManifest(join(folder, 'pyproject.toml'))).toMatchObject({
    path: join(folder, 'pyproject.toml'),
    lock: undefined,
    environments: ['default', 'x'],
    pythons: { default: '>=3.11', x: '>=3.11' },
    channels: ['conda-forge'],
    localPaths: [{ field: 'tool.pixi.pypi-dependencies.a.path', path: folder }],
  })
  expect((await readPixiManifest(folder)).path).toBe(join(folder, 'pyproject.toml'))
})

describe('E: what stands beside the manifest is found', () => {
  test.each([
    ['[pypi-dependencies]\na = { path = "../a" }', 'pypi-dependencies.a.path', '../a'],
    ['[feature.x.pypi-dependencies]\na = { path = "a" }', 'feature.x.pypi-dependencies.a.path', 'a'],
    [
      '[target.linux-64.pypi-dependencies]\na = { url = "file:///w/a.whl" }',
      'target.linux-64.pypi-dependencies.a.url',
      '/w/a.whl',
    ],
    ['[dependencies.a]\npath = "a"', 'dependencies.a.path', 'a'],
    ['[feature.x.target.win.host-dependencies]\na.path = "a"', 'feature.x.target.win.host-dependencies.a.path', 'a'],
    ['[activation]\nscripts = ["env.sh"]', 'activation.scripts[0]', 'env.sh'],
    ['[target.unix.activation]\nscripts = ["env.sh"]', 'target.unix.activation.scripts[0]', 'env.sh'],
    [
      '[pypi-options]\nfind-links = [{ path = "wheels" }, { url = "https://h.example" }]',
      'pypi-options.find-links[0].path',
      'wheels',
    ],
    ['[workspace]\nchannels = ["file:///srv/channel"]', 'workspace.channels[0]', '/srv/channel'],
    ['[package]\nname = "a"', 'package', '.'],
  ])('%s', async (text, field, path) => {
    const folder = temporaryTree({ 'pixi.toml': text })
    const { localPaths } = await readPixiManifest(folder)
    expect(localPaths).toEqual([{ field, path: join(path.startsWith('/') ? '/' : folder, path) }])
  })

  test.each([
    '[dependencies]\npath = "*"',
    '[pypi-dependencies]\na = { url = "https://h.example/a.whl" }',
    '[activation.env]\nA = "b"',
  ])('nothing in %j', async (text) => {
    expect((await readPixiManifest(temporaryTree({ 'pixi.toml': text }))).localPaths).toEqual([])
  })
})

describe('E: what is no pixi manifest is refused by its place', () => {
  test.each([
    ['environments = 1', 'SPEC_INVALID', /environments must be a table, not 1/],
    ['[environments]\na = 1', 'SPEC_INVALID', /environments\.a must be a list, not 1/],
    ['[workspace]\nchannels = [1]', 'SPEC_INVALID', /workspace\.channels\[0\] must be a channel, not 1/],
    ['[feature]\nx = 1', 'SPEC_INVALID', /feature\.x must be a table, not 1/],
    ['[dependencies]\npython = 3.12', 'SPEC_INVALID', /dependencies\.python must be a string, not 3.12/],
    ['[workspace', 'SPEC_INVALID', /pixi\.toml:1:\d+ must be TOML/],
  ])('%s', async (text, code, message) => {
    const reading = readPixiManifest(temporaryTree({ 'pixi.toml': text }))
    await expect(reading).rejects.toMatchObject({
      code: `ERR_PYFERRY_${code}`,
      message: expect.stringMatching(message),
    })
  })

  test('also a missing one, and a pyproject.toml without [tool.pixi]', async () => {
    const folder = temporaryTree({})
    await expect(readPixiManifest(folder)).rejects.toMatchObject({
      code: 'ERR_PYFERRY_SOURCE_MISSING',
      facts: { path: join(folder, 'pixi.toml') },
    })
    const other = temporaryTree({ 'pyproject.toml': '[tool.ruff]\n' })
    await expect(readPixiManifest(other)).rejects.toThrow(/must have a table \[tool\.pixi\]/)
  })
})
