import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type EnvironmentSpec, type ProvisionEvent, Provisioner } from '../../src/index.js'
import { temporaryFolder } from '../fixtures/folders.js'
import { usePackagesOf } from '../fixtures/pip-settings.js'
import { runPython, testPython } from '../fixtures/pythons.js'
import { testUv } from '../fixtures/uv.js'
import { makeWheel, writeFiles } from '../fixtures/wheels.js'

afterEach(() => vi.unstubAllEnvs())

function makePlace() {
  const folder = temporaryFolder()
  const links = writeFiles(join(folder, 'links'), [
    makeWheel({ name: 'tiny', version: '1.0' }),
    makeWheel({ name: 'tiny', version: '2.0' }),
    makeWheel({ name: 'needy', version: '1.0', requires: ['tiny>=1.0'] }),
  ])
  usePackagesOf(links)
  const events: ProvisionEvent[] = []
  const provisioner = new Provisioner({ home: join(folder, 'home'), uvPath: testUv() })
  const ensure = (spec: EnvironmentSpec) =>
    provisioner.ensure({ python: testPython, ...spec }, { onEvent: (event) => events.push(event) })
  return { folder, events, ensure }
}

describe('E: uv as an installer', () => {
  test("takes what pip's variables say, and is known the next time", async () => {
    const place = makePlace()
    const built = await place.ensure({ requirements: ['needy', 'tiny<2'] })
    expect(built).toMatchObject({
      backend: 'uv-pip',
      hit: false,
      packages: [
        { name: 'needy', version: '1.0' },
        { name: 'tiny', version: '1.0' },
      ],
    })
    expect(runPython(built.python, 'import sys, tiny, needy; print(sys.prefix, tiny.__version__)')).toBe(
      `${built.prefix} 1.0`,
    )
    expect(await place.ensure({ requirements: ['tiny <2', 'Needy'] })).toEqual({ ...built, hit: true })
    const stamp = JSON.parse(readFileSync(join(built.prefix, '.stamp.json'), 'utf8'))
    expect(stamp.tools).toEqual({ uv: expect.stringMatching(/^\d+\.\d+\.\d+$/) })
  })

  test('and pip make two environments of one question', async () => {
    const place = makePlace()
    const one = await place.ensure({ requirements: ['tiny'] })
    const two = await place.ensure({ requirements: ['tiny'], backend: 'venv-pip' })
    expect(one.id).not.toBe(two.id)
  })
})
