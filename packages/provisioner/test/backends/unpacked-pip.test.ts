import { existsSync, mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { unpackedFolder, unpackedVersion } from '../../src/backends/unpacked-pip.js'
import { Provisioner } from '../../src/index.js'
import { temporaryFolder } from '../fixtures/folders.js'
import { usePackagesOf } from '../fixtures/pip-settings.js'
import { findPipWheel, testPython } from '../fixtures/pythons.js'
import { makeWheel, writeFiles } from '../fixtures/wheels.js'

afterEach(() => vi.unstubAllEnvs())

const wheel = findPipWheel()
const version = /^pip-([^-]+)-/.exec(basename(wheel))?.[1] ?? ''

function makePlace() {
  const folder = temporaryFolder()
  usePackagesOf(writeFiles(join(folder, 'links'), [makeWheel({ name: 'tiny', version: '1.0' })]))
  const home = join(folder, 'home')
  const provisioner = new Provisioner({ home })
  const unpacked = unpackedFolder({ place: wheel, version }, home) ?? ''
  const build = async (round: string) => {
    const spec = { python: testPython, backend: 'venv-pip', requirements: ['tiny'], extra: { round } } as const
    const { packages } = await provisioner.ensure(spec, { lease: false })
    return packages
  }
  return { home, unpacked, build }
}

const tiny = [{ name: 'tiny', version: '1.0' }]

test('E: pip is unpacked into a home once, keeps there what it has compiled, and is not installed by that', async () => {
  const { home, unpacked, build } = makePlace()
  expect(await build('1')).toEqual(tiny)
  expect(readdirSync(join(home, 't', 'pip'))).toEqual([basename(unpacked)])
  expect(readdirSync(join(unpacked, 'pip', '__pycache__'))).not.toEqual([])
  expect(await build('2')).toEqual(tiny)
  expect(readdirSync(join(home, 't', 'pip'))).toEqual([basename(unpacked)])
})

test('E: one of which a crash has cut a file short is not run', async () => {
  const { unpacked, build } = makePlace()
  await build('1')
  truncateSync(join(unpacked, 'pip', '_internal', 'main.py'))
  expect(await build('2')).toEqual(tiny)
})

test('E: where it cannot be unpacked, pip runs from its wheel', async () => {
  const { home, unpacked, build } = makePlace()
  mkdirSync(join(home, 't'), { recursive: true, mode: 0o700 })
  writeFileSync(dirname(unpacked), '')
  expect(await build('1')).toEqual(tiny)
  expect(existsSync(unpacked)).toBe(false)
})

test('E: a wheel that is another has another folder; a pip that is no wheel, or that has no home, has none', () => {
  const folder = temporaryFolder()
  const place = join(folder, 'pip-24.2-py3-none-any.whl')
  writeFileSync(place, 'one')
  const before = unpackedFolder({ place, version: '24.2' }, folder) ?? ''
  writeFileSync(place, 'another')
  const after = unpackedFolder({ place, version: '24.2' }, folder) ?? ''
  expect(dirname(before)).toBe(join(folder, 't', 'pip'))
  expect(basename(before)).toMatch(/^24\.2-[0-9a-f]{8}$/)
  expect(after).not.toBe(before)
  expect(unpackedVersion(basename(before))).toBe('24.2')
  expect(unpackedVersion('.tmp-0123456789abcdef')).toBeUndefined()
  expect(unpackedFolder({ place: folder, version: '24.2' }, folder)).toBeUndefined()
  expect(unpackedFolder({ place, version: '24.2' }, undefined)).toBeUndefined()
})
