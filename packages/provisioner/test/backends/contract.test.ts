/** What every backend that installs packages promises, whichever tool it uses: one contract, run with a real pip and a real uv. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  type EnsureOptions,
  type EnvironmentSpec,
  type ProvisionError,
  type ProvisionEvent,
  Provisioner,
} from '../../src/index.js'
import { isGroupAlive } from '../../src/process-group.js'
import * as runModule from '../../src/run.js'
import { temporaryFolder } from '../fixtures/folders.js'
import { indexLogin, type PackageIndex, startPackageIndex, withLogin } from '../fixtures/package-index.js'
import { usePipSettings } from '../fixtures/pip-settings.js'
import { runPython, testPython } from '../fixtures/pythons.js'
import { testUv } from '../fixtures/uv.js'
import { makeSource, makeWheel, writeFiles } from '../fixtures/wheels.js'

const tiny = makeWheel({ name: 'tiny', version: '1.0' })
const files = [
  { project: 'tiny', uploadTime: '2020-01-01T00:00:00Z', ...tiny },
  { project: 'tiny', uploadTime: '2025-01-01T00:00:00Z', ...makeWheel({ name: 'tiny', version: '2.0' }) },
  { project: 'tiny', uploadTime: '2025-02-01T00:00:00Z', ...makeWheel({ name: 'tiny', version: '3.0b1' }) },
  { project: 'needy', ...makeWheel({ name: 'needy', version: '1.0', requires: ['tiny>=1.0'] }) },
  { project: 'sourced', ...makeSource('sourced', '1.0', sourceBackend()) },
]

let index: PackageIndex
beforeAll(async () => {
  index = await startPackageIndex(files)
})
afterAll(() => index.close())
afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

describe.each(['venv-pip', 'uv'] as const)('E: the backend %s', (backend) => {
  function makePlace() {
    const folder = temporaryFolder()
    usePipSettings({})
    vi.stubEnv('XDG_CONFIG_HOME', join(folder, 'config'))
    const events: ProvisionEvent[] = []
    const provisioner = new Provisioner({ home: join(folder, 'home'), uvPath: testUv() })
    const ensure = (spec: EnvironmentSpec, options: EnsureOptions = {}) =>
      provisioner.ensure(
        { python: testPython, backend, index: index.url('ok'), ...spec },
        { onEvent: (event) => events.push(event), ...options },
      )
    const failure = (spec: EnvironmentSpec): Promise<ProvisionError> =>
      ensure(spec).then(
        () => expect.unreachable('it was made'),
        (error) => error,
      )
    return { folder, events, ensure, failure, home: join(folder, 'home') }
  }

  const versions = async (made: Promise<{ packages: { name: string; version: string }[] }>) =>
    (await made).packages.map(({ name, version }) => `${name} ${version}`)

  test('makes what is asked for, which runs, and says what is in it', async () => {
    const place = makePlace()
    const built = await place.ensure({ requirements: ['needy', 'tiny<2'] })
    expect(built.packages).toEqual([
      { name: 'needy', version: '1.0' },
      { name: 'tiny', version: '1.0' },
    ])
    expect(runPython(built.python, 'import sys, tiny, needy; print(sys.prefix, tiny.__version__)')).toBe(
      `${built.prefix} 1.0`,
    )
    const stamp = JSON.parse(readFileSync(join(built.prefix, '.stamp.json'), 'utf8'))
    const requested = stamp.packages.map((each: { name: string; isRequested: boolean }) => [
      each.name,
      each.isRequested,
    ])
    expect(requested).toEqual([
      ['needy', true],
      ['tiny', true],
    ])
  })

  test('makes an empty environment of nothing, with pip when that is wanted', async () => {
    const place = makePlace()
    expect((await place.ensure({})).packages).toEqual([])
    expect((await place.ensure({ install: false })).hit).toBe(true)
    const withPip = await place.ensure({ withPip: true, index: undefined as never })
    expect(runPython(withPip.python, 'import pip; print(pip.__file__)')).toContain(withPip.prefix)
  })

  test("shows the base's packages with systemSite, and else not", async () => {
    const place = makePlace()
    const config = async (spec: EnvironmentSpec) =>
      readFileSync(join((await place.ensure(spec)).prefix, 'pyvenv.cfg'), 'utf8')
    expect(await config({ systemSite: true })).toContain('include-system-site-packages = true')
    expect(await config({})).toContain('include-system-site-packages = false')
  })

  test('narrows by constraints, which install nothing', async () => {
    const place = makePlace()
    expect(await versions(place.ensure({ requirements: ['tiny'], constraints: ['tiny<2', 'needy<1'] }))).toEqual([
      'tiny 1.0',
    ])
  })

  test('takes pre-releases when they are allowed', async () => {
    const place = makePlace()
    expect(await versions(place.ensure({ requirements: ['tiny'] }))).toEqual(['tiny 2.0'])
    expect(await versions(place.ensure({ requirements: ['tiny'], pre: true }))).toEqual(['tiny 3.0b1'])
  })

  test('wants a hash of everything with hashes: require, and checks those that are there', async () => {
    const place = makePlace()
    const file = (text: string) => {
      writeFileSync(join(place.folder, 'r.txt'), text)
      return { requirementsFile: join(place.folder, 'r.txt') }
    }
    expect(await place.failure({ ...file('tiny==1.0\n'), hashes: 'require' })).toMatchObject({
      code: 'ERR_PYFERRY_HASH_MISSING',
    })
    const good = await place.ensure({ ...file(`tiny==1.0 --hash=sha256:${tiny.sha256}\n`), hashes: 'require' })
    const plain = await place.ensure(file(`tiny==1.0 --hash=sha256:${tiny.sha256}\n`))
    expect(good.id).not.toBe(plain.id)
    expect(await place.failure(file(`tiny==1.0 --hash=sha256:${'0'.repeat(64)}\n`))).toMatchObject({
      code: 'ERR_PYFERRY_HASH_MISMATCH',
    })
  })

  test('builds from source when it may, with a warning, and not when it may not', async () => {
    const place = makePlace()
    expect(await versions(place.ensure({ requirements: ['sourced'] }))).toEqual(['sourced 1.0'])
    const warnings = place.events.filter((event) => event.type === 'warning')
    expect(warnings).toEqual([
      expect.objectContaining({ code: 'built-from-source', message: expect.stringContaining('sourced') }),
    ])
    expect(await place.failure({ requirements: ['sourced'], build: 'deny' })).toMatchObject({
      code: 'ERR_PYFERRY_SDIST_FORBIDDEN',
    })
    expect(await versions(place.ensure({ requirements: ['sourced', 'tiny'], build: ['sourced'] }))).toEqual([
      'sourced 1.0',
      'tiny 2.0',
    ])
  })

  test('with offline takes from a folder, and asks nobody', async () => {
    const place = makePlace()
    const links = writeFiles(join(place.folder, 'links'), [tiny])
    const before = index.requests.length
    const spec = { offline: true, findLinks: [links], index: undefined as never }
    expect(await versions(place.ensure({ ...spec, requirements: ['tiny'] }))).toEqual(['tiny 1.0'])
    expect(await place.failure({ ...spec, requirements: ['needy'] })).toMatchObject({
      code: 'ERR_PYFERRY_OFFLINE_MISS',
      retryable: false,
    })
    expect(index.requests.length).toBe(before)
  })

  test('I5: gives the login of an index by variables alone; it is in no argument, key, file, event or error', async () => {
    const place = makePlace()
    const run = vi.spyOn(runModule, 'run')
    const url = withLogin(index.url('login'))
    const built = await place.ensure({ requirements: ['tiny'], index: url })
    const wrong = url.replace(indexLogin.password, 'wr0ng-word')
    const error = await place.failure({ requirements: ['needy'], index: wrong })
    expect(error).toMatchObject({ code: 'ERR_PYFERRY_AUTH_FAILED' })
    const args = run.mock.calls.map(([{ file, args }]) => [file, ...args])
    const written = readdirSync(place.home, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.parentPath.includes('/c/'))
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    const everything = JSON.stringify([args, built, place.events, error, error.message, error.stack, written])
    for (const secret of [indexLogin.password, 'wr0ng-word']) expect(everything).not.toContain(secret)
    // Another password makes no other environment, no login does.
    expect((await place.ensure({ requirements: ['tiny'], index: wrong })).hit).toBe(true)
  })

  test('has only modules that can be imported count as made', async () => {
    const place = makePlace()
    expect((await place.ensure({ requirements: ['tiny'], imports: ['tiny', 'json.decoder'] })).hit).toBe(false)
    expect(await place.failure({ requirements: ['tiny==1.0'], imports: ['tiny', 'absent'] })).toMatchObject({
      code: 'ERR_PYFERRY_VERIFY_FAILED',
      facts: { name: 'absent' },
    })
  })

  test('compiles when that is wanted, and leaves it to Python else', async () => {
    const place = makePlace()
    const compiled = async (spec: EnvironmentSpec) => {
      const { prefix } = await place.ensure(spec)
      return readdirSync(prefix, { recursive: true })
        .map(String)
        .some((name) => /tiny.*\.pyc$/.test(name))
    }
    expect(await compiled({ requirements: ['tiny'], bytecode: 'install' })).toBe(true)
    expect(await compiled({ requirements: ['tiny==2.0'] })).toBe(false)
  })

  test("E: what stands in the host's variables for another environment has no effect", async () => {
    const place = makePlace()
    const elsewhere = temporaryFolder()
    for (const name of [
      'PYTHONHOME',
      'PYTHONPATH',
      'PYTHONUSERBASE',
      'PIP_TARGET',
      'PIP_PREFIX',
      'PIP_ROOT',
      'VIRTUAL_ENV',
    ]) {
      vi.stubEnv(name, elsewhere)
    }
    vi.stubEnv('PIP_USER', '1')
    vi.stubEnv('PIP_REQUIRE_VIRTUALENV', '1')
    vi.stubEnv('CONDA_PREFIX', elsewhere)
    vi.stubEnv('CONDA_DEFAULT_ENV', 'base')
    vi.stubEnv('UV_PYTHON', '3.1')
    vi.stubEnv('UV_SYSTEM_PYTHON', '1')
    vi.stubEnv('UV_PROJECT_ENVIRONMENT', elsewhere)
    const built = await place.ensure({ requirements: ['tiny'] })
    expect(existsSync(join(built.prefix, 'pyvenv.cfg'))).toBe(true)
    expect(readdirSync(elsewhere)).toEqual([])
    vi.unstubAllEnvs()
    expect(runPython(built.python, 'import tiny; print(tiny.__file__)')).toContain(built.prefix)
  })

  test('counts up, in numbers that never go back, at most ten times a second', async () => {
    const place = makePlace()
    await place.ensure({ requirements: ['needy'] })
    const progress = place.events.filter((event) => event.type === 'progress')
    expect(progress.length).toBeGreaterThan(0)
    const last = new Map<string, number>()
    for (const { phase, unit, item, current, total } of progress) {
      const key = `${phase} ${unit} ${item}`
      expect(current).toBeGreaterThanOrEqual(last.get(key) ?? 0)
      if (total !== null) expect(current).toBeLessThanOrEqual(total)
      last.set(key, current)
    }
    const phases = place.events.flatMap((event) =>
      event.type === 'phase' && event.state === 'start' ? [event.phase] : [],
    )
    expect(phases.indexOf('create')).toBeLessThan(phases.indexOf('resolve'))
    expect(phases.slice(-3)).toEqual(['verify', 'publish', 'done'])
  })

  test('an abort kills the whole tree and leaves nothing', async () => {
    const place = makePlace()
    const controller = new AbortController()
    const mark = join(place.folder, 'mark')
    vi.stubEnv('MARK', mark)
    const links = writeFiles(join(place.folder, 'links'), [makeSource('slow', '1.0', slowBackend)])
    const reason = new Error('enough')
    const ensuring = place.ensure(
      { requirements: ['slow'], findLinks: [links], offline: true, index: undefined as never },
      { signal: controller.signal },
    )
    ensuring.catch(() => {})
    const group = await readMark(mark)
    controller.abort(reason)
    await expect(ensuring).rejects.toMatchObject({ code: 'ERR_PYFERRY_ABORTED', cause: reason })
    expect(isGroupAlive(group)).toBe(false)
    const [id] = readdirSync(join(place.home, 'e'))
    expect(readdirSync(join(place.home, 'e', id as string))).toEqual([])
  })
})

test('E: excludeNewer takes what was there then, by uv', async () => {
  usePipSettings({})
  const home = join(temporaryFolder(), 'home')
  const provisioner = new Provisioner({ home, uvPath: testUv() })
  const spec = { python: testPython, index: index.url('ok'), requirements: ['tiny'], excludeNewer: '2021-01-01' }
  expect((await provisioner.ensure({ ...spec, backend: 'uv' })).packages).toEqual([{ name: 'tiny', version: '1.0' }])
})

/** Says which process builds, and never ends. */
const slowBackend = `
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(os.environ["MARK"] + ".new", "w").write(str(os.getpgid(child.pid)))
os.rename(os.environ["MARK"] + ".new", os.environ["MARK"])
time.sleep(600)
`

async function readMark(path: string): Promise<number> {
  while (!existsSync(path)) await new Promise((resolve) => setTimeout(resolve, 5))
  return Number(readFileSync(path, 'utf8'))
}

/** A build backend that makes a wheel of one module. */
function sourceBackend(): string {
  return `
import os, zipfile
def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    name, info = "sourced-1.0-py3-none-any.whl", "sourced-1.0.dist-info"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as archive:
        archive.writestr("sourced.py", "")
        archive.writestr(info + "/METADATA", "Metadata-Version: 2.1\\nName: sourced\\nVersion: 1.0\\n")
        archive.writestr(info + "/WHEEL", "Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        archive.writestr(info + "/RECORD", "sourced.py,,\\n" + info + "/METADATA,,\\n" + info + "/WHEEL,,\\n" + info + "/RECORD,,\\n")
    return name
def get_requires_for_build_wheel(config_settings=None):
    return []
`
}
