import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fingerprintTree } from '../src/fingerprint.js'
import { temporaryTree } from './fixtures/trees.js'

const sources = () =>
  temporaryTree({ 'pyproject.toml': '', 'src/app/__init__.py': 'a = 1\n', 'src/app/data/x.txt': 'x' })

test('E: a source tree has the same fingerprint until a file in it changes', async () => {
  const folder = sources()
  const before = await fingerprintTree(folder)
  expect(before).toMatch(/^sha256:[0-9a-f]{64}$/)
  expect(await fingerprintTree(folder)).toBe(before)
})

test.each<[string, (folder: string) => void]>([
  ['another size', (folder) => writeFileSync(join(folder, 'src/app/data/x.txt'), 'xx')],
  ['another time', (folder) => utimesSync(join(folder, 'src/app/__init__.py'), 1, 1)],
  ['a new file', (folder) => writeFileSync(join(folder, 'src/app/new.py'), '')],
  ['a file of a leading dot', (folder) => writeFileSync(join(folder, 'src/app/.data'), '')],
  ['a file less', (folder) => rmSync(join(folder, 'src/app/data/x.txt'))],
  ['another name', (folder) => renameSync(join(folder, 'src/app/data'), join(folder, 'src/app/date'))],
  ['a link', (folder) => symlinkSync('app', join(folder, 'src/other'))],
])('E: %s makes another', async (_, change) => {
  const folder = sources()
  const before = await fingerprintTree(folder)
  change(folder)
  expect(await fingerprintTree(folder)).not.toBe(before)
})

test.each(['.git', '.venv', '__pycache__', 'node_modules', 'dist', 'build', 'app.egg-info', 'src/app/__pycache__'])(
  'E: what is in %s never gets into a wheel and does not count',
  async (name) => {
    const folder = sources()
    const before = await fingerprintTree(folder)
    mkdirSync(join(folder, name), { recursive: true })
    writeFileSync(join(folder, name, 'file'), 'x')
    expect(await fingerprintTree(folder)).toBe(before)
  },
)

test('E: neither does a virtual environment of any name', async () => {
  const folder = sources()
  const before = await fingerprintTree(folder)
  mkdirSync(join(folder, 'venv/bin'), { recursive: true })
  writeFileSync(join(folder, 'venv/pyvenv.cfg'), '')
  writeFileSync(join(folder, 'venv/bin/python'), '')
  expect(await fingerprintTree(folder)).toBe(before)
})

test('E: links are not followed, so that circles end', async () => {
  const folder = sources()
  symlinkSync('..', join(folder, 'src/up'))
  symlinkSync('self', join(folder, 'src/self'))
  symlinkSync('nowhere', join(folder, 'src/broken'))
  expect(await fingerprintTree(folder)).toMatch(/^sha256:/)
})

test('E: names cannot be mistaken for other names', async () => {
  const left = temporaryTree({ 'a b': '' })
  const right = temporaryTree({ a: '' })
  for (const path of [join(left, 'a b'), join(right, 'a')]) utimesSync(path, 1, 1)
  expect(await fingerprintTree(left)).not.toBe(await fingerprintTree(right))
})

test('E: a folder that is not there is absent', async () => {
  expect(await fingerprintTree(join(sources(), 'none'))).toBe('absent')
})
