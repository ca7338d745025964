import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { type EnvironmentSpec, Provisioner } from '../src/index.js'
import { temporaryFolder } from './fixtures/folders.js'
import { type PackageIndex, startPackageIndex } from './fixtures/package-index.js'
import { usePipSettings } from './fixtures/pip-settings.js'
import { testPython } from './fixtures/pythons.js'
import { testUv } from './fixtures/uv.js'
import { makeWheel } from './fixtures/wheels.js'

let index: PackageIndex
beforeAll(async () => {
  const wheel = (name: string, requires: string[] = []) => ({
    project: name,
    ...makeWheel({ name, version: '1.0', requires }),
  })
  index = await startPackageIndex([wheel('tiny'), wheel('needy', ['tiny'])])
})
afterAll(() => index.close())
afterEach(() => vi.unstubAllEnvs())

function makePlace() {
  const folder = temporaryFolder()
  usePipSettings({ PIP_INDEX_URL: index.url('ok') })
  vi.stubEnv('XDG_CONFIG_HOME', join(folder, 'config'))
  const provisioner = new Provisioner({ home: join(folder, 'home'), uvPath: testUv() })
  const ensure = (spec: EnvironmentSpec) => provisioner.ensure({ python: testPython, ...spec })
  return { folder, provisioner, ensure }
}

describe.each(['venv-pip', 'uv'] as const)('E: export of what %s has made', (backend) => {
  test('requirements with hashes make the same packages again', async () => {
    const place = makePlace()
    const made = await place.ensure({ backend, requirements: ['needy'] })
    const text = await place.provisioner.exportEnvironment(made, { format: 'requirements' })
    expect(text).toContain('--hash=sha256:')
    const requirementsFile = join(place.folder, 'exported.txt')
    writeFileSync(requirementsFile, text)
    const again = await place.ensure({ backend, requirementsFile, hashes: 'require' })
    expect(again.packages).toEqual(made.packages)
  })

  test('so does a pylock.toml', async () => {
    const place = makePlace()
    const made = await place.ensure({ backend, requirements: ['needy'] })
    const text = await place.provisioner.exportEnvironment(made.id, { format: 'pylock' })
    mkdirSync(join(place.folder, 'elsewhere'))
    writeFileSync(join(place.folder, 'elsewhere', 'pylock.toml'), text)
    const again = await place.ensure({ project: join(place.folder, 'elsewhere') })
    expect(again).toMatchObject({ backend: 'uv-pip', packages: made.packages })
  })
})

test('E: what cannot be exported is named', async () => {
  const place = makePlace()
  await expect(place.provisioner.exportEnvironment('aaaaaaaaaaaaaaaa', { format: 'pylock' })).rejects.toMatchObject({
    code: 'ERR_PYFERRY_SOURCE_MISSING',
  })
  await expect(place.provisioner.exportEnvironment('x', { format: 'pylock' })).rejects.toMatchObject({ option: 'id' })
  const made = await place.ensure({ requirements: ['tiny'] })
  await expect(place.provisioner.exportEnvironment(made, { format: 'sbom' as never })).rejects.toMatchObject({
    option: 'format',
  })
  writeFileSync(join(made.prefix, '.stamp.json'), '')
  await expect(place.provisioner.exportEnvironment(made, { format: 'pylock' })).rejects.toMatchObject({
    code: 'ERR_PYFERRY_ENV_BROKEN',
  })
})
