/** What only the real index can show: packages of real size, and a uv that was not there. */
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { type ProvisionEvent, Provisioner } from '../src/index.js'
import { temporaryFolder } from './fixtures/folders.js'
import { runPython, testPython } from './fixtures/pythons.js'
import { testUv } from './fixtures/uv.js'

afterEach(() => vi.unstubAllEnvs())

test('E: numpy and pandas from the real index, and once more beside them for next to nothing', async () => {
  const home = join(temporaryFolder(), 'home')
  const provisioner = new Provisioner({ home, uvPath: testUv() })
  const events: ProvisionEvent[] = []
  const spec = { python: testPython, requirements: ['numpy', 'pandas'], imports: ['pandas'] }
  const one = await provisioner.ensure(spec, { onEvent: (event) => events.push(event) })
  const names = one.packages.map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining(['numpy', 'pandas', 'python-dateutil']))
  const script = 'import pandas; print(pandas.DataFrame({"a": [1, 2, 3]}).a.sum())'
  expect(runPython(one.python, script)).toBe('6')
  const two = await provisioner.ensure({ ...spec, extra: { tenant: 'b' } })
  expect(two.id).not.toBe(one.id)
  expect(runPython(two.python, script)).toBe('6')
  // The same files, under two names: a file of numpy's takes its space once.
  const file = (prefix: string) => runPython(join(prefix, 'bin', 'python'), 'import numpy; print(numpy.__file__)')
  expect(statSync(file(two.prefix)).ino).toBe(statSync(file(one.prefix)).ino)
  expect(events.filter((event) => event.type === 'progress').at(-1)).toMatchObject({ unit: 'packages' })
}, 300_000)

test('E: a uv that a lock file needs is fetched, when that is allowed', async () => {
  const folder = temporaryFolder()
  const project = join(folder, 'project')
  mkdirSync(project)
  writeFileSync(join(project, 'pyproject.toml'), '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.9"\n')
  writeFileSync(
    join(project, 'uv.lock'),
    'version = 1\nrevision = 3\nrequires-python = ">=3.9"\n\n[[package]]\nname = "app"\nversion = "1"\nsource = { virtual = "." }\n',
  )
  // No uv anywhere, as on most machines.
  vi.stubEnv('PATH', [dirname(testPython), '/usr/bin', '/bin'].join(':'))
  vi.stubEnv('HOME', folder)
  const home = join(folder, 'home')
  const provisioner = new Provisioner({ home })
  const spec = { python: testPython, project, lockPolicy: 'require' } as const
  await expect(provisioner.ensure(spec)).rejects.toMatchObject({ code: 'ERR_PYFERRY_LOCKFILE_NEEDS_UV' })
  const phases: string[] = []
  const onEvent = (event: ProvisionEvent) =>
    event.type === 'phase' && event.state === 'start' && phases.push(event.phase)
  const built = await provisioner.ensure({ ...spec, downloads: 'missing' }, { onEvent })
  expect(built).toMatchObject({ backend: 'uv-sync', packages: [] })
  expect(phases).toContain('fetch-tool')
  expect(existsSync(join(home, 't', 'uv'))).toBe(true)
  // From now on it is there, whoever asks.
  expect(await provisioner.ensure(spec)).toEqual({ ...built, hit: true })
}, 300_000)
