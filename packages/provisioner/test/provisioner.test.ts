import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { type ProvisionEvent, Provisioner } from '../src/index.js'
import { temporaryFolder } from './fixtures/folders.js'
import { usePackagesOf } from './fixtures/pip-settings.js'
import { runPython, testPython } from './fixtures/pythons.js'
import { makeWheel, writeFiles } from './fixtures/wheels.js'

afterEach(() => vi.unstubAllEnvs())

test('V-3: an environment is built with what was asked for, and is there the next time', async () => {
  const folder = temporaryFolder()
  usePackagesOf(writeFiles(join(folder, 'links'), [makeWheel({ name: 'tiny', version: '1.0' })]))
  const provisioner = new Provisioner({ baseDir: join(folder, 'base') })
  const events: ProvisionEvent[] = []
  const built = await provisioner.ensure(
    { python: testPython, requirements: ['tiny==1.0'] },
    { onEvent: (event) => events.push(event) },
  )
  expect(built).toMatchObject({ hit: false, packages: [{ name: 'tiny', version: '1.0' }] })
  expect(runPython(built.python, 'import sys, tiny; print(sys.prefix, tiny.__version__)')).toBe(`${built.prefix} 1.0`)
  const again = await provisioner.ensure({ python: testPython, requirements: ['tiny == 1.0'] })
  expect(again).toEqual({ ...built, hit: true })
})
