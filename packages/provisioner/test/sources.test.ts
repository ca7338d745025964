/** What each kind of source becomes, with a real pip and a real uv. */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { type EnsureOptions, type EnvironmentSpec, type ProvisionEvent, Provisioner } from '../src/index.js'
import { run } from '../src/run.js'
import { temporaryFolder } from './fixtures/folders.js'
import { type IndexFile, type PackageIndex, startPackageIndex } from './fixtures/package-index.js'
import { usePipSettings } from './fixtures/pip-settings.js'
import { runPython, testPython } from './fixtures/pythons.js'
import { testUv } from './fixtures/uv.js'
import { makeWheel } from './fixtures/wheels.js'

const inIndex = (name: string, version: string, requires: string[] = []): IndexFile => ({
  project: name,
  ...makeWheel({ name, version, requires }),
})

const files: readonly IndexFile[] = [
  inIndex('tiny', '1.0'),
  inIndex('tiny', '2.0'),
  inIndex('needy', '1.0', ['tiny>=1.0']),
  inIndex('other', '1.0'),
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

/** A home, a folder for a project, and an index with `tiny` 1.0 and 2.0, `needy` (which needs `tiny`) and `other`. */
function makePlace() {
  const folder = temporaryFolder()
  usePipSettings({})
  // Nobody's own settings have a say.
  vi.stubEnv('XDG_CONFIG_HOME', join(folder, 'config'))
  vi.stubEnv('XDG_CONFIG_DIRS', join(folder, 'config'))
  vi.stubEnv('UV_DEFAULT_INDEX', index.url('ok'))
  vi.stubEnv('PIP_INDEX_URL', index.url('ok'))
  vi.stubEnv('UV_CACHE_DIR', join(folder, 'cache'))
  const project = join(folder, 'project')
  mkdirSync(project)
  const events: ProvisionEvent[] = []
  const onEvent = (event: ProvisionEvent) => events.push(event)
  const home = join(folder, 'home')
  const withUv = new Provisioner({ home, uvPath: testUv() })
  const write = (content: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(content)) {
      mkdirSync(dirname(join(project, name)), { recursive: true })
      writeFileSync(join(project, name), text)
    }
  }
  return {
    folder,
    project,
    home,
    events,
    write,
    ensure: (spec: EnvironmentSpec, options: EnsureOptions = {}) =>
      withUv.ensure({ python: testPython, ...spec }, { onEvent, ...options }),
    /** Without a uv, whatever this machine has. */
    ensureByPip: (spec: EnvironmentSpec) =>
      withUv.ensure({ python: testPython, backend: 'venv-pip', ...spec }, { onEvent }),
    warnings: () => events.filter((event) => event.type === 'warning').map(({ code, message }) => [code, message]),
    uv: (args: string[]) => runUv(args, project),
  }
}

async function runUv(args: string[], cwd: string): Promise<void> {
  const env = { ...process.env, UV_PYTHON: testPython, UV_PYTHON_DOWNLOADS: 'never' }
  const signal = new AbortController().signal
  const result = await run({ file: testUv(), args, env, cwd, hasLifeline: false }, { signal, redact: (text) => text })
  if (result.exitCode !== 0) throw new Error(`uv ${args.join(' ')}: ${result.stderrTail}`)
}

const pyproject = (dependencies: string[], more = '') => `[project]
name = "app"
version = "0.1.0"
requires-python = ">=3.9"
dependencies = ${JSON.stringify(dependencies)}
${more}`

/** Built by a backend that lies inside it: no index is asked for one. */
const buildSystem = `
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
`
const backend = `
import base64, hashlib, os, zipfile
def wheel(folder, files):
    name = "app-0.1.0-py3-none-any.whl"
    info = "app-0.1.0.dist-info"
    files = {**files,
        info + "/METADATA": "Metadata-Version: 2.1\\nName: app\\nVersion: 0.1.0\\nRequires-Dist: tiny<2\\n",
        info + "/WHEEL": "Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"}
    rows = []
    with zipfile.ZipFile(os.path.join(folder, name), "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            rows.append("%s,sha256=%s,%d" % (path, digest, len(text.encode())))
        archive.writestr(info + "/RECORD", "\\n".join(rows + [info + "/RECORD,,"]) + "\\n")
    return name
def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return wheel(wheel_directory, {"app.py": open("app.py").read()})
def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    return wheel(wheel_directory, {"app.pth": os.getcwd() + "\\n"})
def get_requires_for_build_wheel(config_settings=None):
    return []
get_requires_for_build_editable = get_requires_for_build_wheel
`

describe('E: a project with uv.lock', () => {
  test('gets what is locked, is known again, and is made anew when the lock changes', async () => {
    const place = makePlace()
    place.write({ 'pyproject.toml': pyproject(['needy', 'tiny<2']), 'main.py': '' })
    await place.uv(['lock'])
    const one = await place.ensure({ project: place.project })
    expect(one).toMatchObject({
      backend: 'uv-sync',
      packages: [
        { name: 'needy', version: '1.0' },
        { name: 'tiny', version: '1.0' },
      ],
    })
    expect(existsSync(join(place.project, '.venv'))).toBe(false)
    expect(await place.ensure({ project: join(place.project, 'uv.lock') })).toEqual({ ...one, hit: true })
    place.write({ 'pyproject.toml': pyproject(['needy', 'tiny>=2']) })
    await expect(place.ensure({ project: place.project })).rejects.toMatchObject({
      code: 'ERR_PYFERRY_LOCKFILE_STALE',
      logPath: expect.any(String),
    })
    const frozen = await place.ensure({ project: place.project, lockMode: 'frozen' })
    expect(frozen.packages).toEqual(one.packages)
    const updated = await place.ensure({ project: place.project, lockMode: 'update' })
    expect(updated.packages).toContainEqual({ name: 'tiny', version: '2.0' })
    expect(readFileSync(join(place.project, 'uv.lock'), 'utf8')).toContain('version = "2.0"')
    expect(await place.ensure({ project: place.project })).toEqual({ ...updated, hit: true })
  })

  test('equal content in another folder is the same environment', async () => {
    const place = makePlace()
    place.write({ 'pyproject.toml': pyproject(['tiny']) })
    await place.uv(['lock'])
    const one = await place.ensure({ project: place.project })
    cpSync(place.project, join(place.folder, 'copy'), { recursive: true })
    expect(await place.ensure({ project: join(place.folder, 'copy') })).toEqual({ ...one, hit: true })
  })

  test('extras and groups are chosen by name; one that is not there is an OptionError', async () => {
    const place = makePlace()
    const more = '[project.optional-dependencies]\nfast = ["other"]\n[dependency-groups]\ntest = ["needy"]\n'
    place.write({ 'pyproject.toml': pyproject(['tiny<2'], more) })
    await place.uv(['lock'])
    const names = async (spec: EnvironmentSpec) =>
      (await place.ensure({ project: place.project, ...spec })).packages.map(({ name }) => name)
    expect(await names({})).toEqual(['tiny'])
    expect(await names({ extras: ['fast'] })).toEqual(['other', 'tiny'])
    expect(await names({ groups: ['test'] })).toEqual(['needy', 'tiny'])
    await expect(place.ensure({ project: place.project, extras: ['fats'] })).rejects.toMatchObject({
      code: 'ERR_PYFERRY_OPTION',
      hint: expect.stringContaining('fast'),
    })
  })

  test('requirements beside it are SPEC_INVALID, saying so', async () => {
    const place = makePlace()
    place.write({ 'pyproject.toml': pyproject(['tiny']) })
    await place.uv(['lock'])
    await expect(place.ensure({ project: place.project, requirements: ['other'] })).rejects.toMatchObject({
      code: 'ERR_PYFERRY_SPEC_INVALID',
      message: `requirements must be left out beside ${join(place.project, 'uv.lock')}, which is complete`,
    })
  })

  test('without a uv its dependencies are taken, with a warning and another key; or it is LOCKFILE_NEEDS_UV', async () => {
    const place = makePlace()
    place.write({ 'pyproject.toml': pyproject(['needy', 'tiny<2']) })
    await place.uv(['lock'])
    const locked = await place.ensure({ project: place.project })
    const unlocked = await place.ensureByPip({ project: place.project })
    expect(unlocked).toMatchObject({ backend: 'venv-pip', packages: locked.packages })
    expect(unlocked.id).not.toBe(locked.id)
    expect(place.warnings()).toEqual([['lock-ignored', expect.stringContaining('uv.lock')]])
    await expect(place.ensureByPip({ project: place.project, lockPolicy: 'require' })).rejects.toMatchObject({
      code: 'ERR_PYFERRY_LOCKFILE_NEEDS_UV',
    })
  })

  test('a member of a workspace has its lock file at the root', async () => {
    const place = makePlace()
    place.write({
      'pyproject.toml':
        '[project]\nname = "root"\nversion = "1"\nrequires-python = ">=3.9"\n[tool.uv.workspace]\nmembers = ["packages/*"]\n',
      'packages/app/pyproject.toml': pyproject(['tiny<2']),
      'packages/lib/pyproject.toml': pyproject(['other']).replace('"app"', '"lib"'),
    })
    await place.uv(['lock'])
    const environment = await place.ensure({ project: join(place.project, 'packages/app') })
    expect(environment).toMatchObject({ backend: 'uv-sync', packages: [{ name: 'tiny', version: '1.0' }] })
  })

  test("place: 'project' is its own .venv, for whoever works on it", async () => {
    const place = makePlace()
    place.write({ 'pyproject.toml': pyproject(['tiny<2']) })
    await place.uv(['lock'])
    const spec: EnvironmentSpec = { project: place.project, place: 'project' }
    const built = await place.ensure(spec)
    expect(built).toMatchObject({ prefix: join(place.project, '.venv'), generation: 'in-place', hit: false })
    expect(runPython(built.python, 'import sys, tiny; print(sys.prefix, tiny.__version__)')).toBe(`${built.prefix} 1.0`)
    expect(await place.ensure(spec)).toEqual({ ...built, hit: true })
    place.write({ 'pyproject.toml': pyproject(['tiny>=2']) })
    await place.uv(['lock'])
    const changed = await place.ensure(spec)
    expect(changed).toMatchObject({ prefix: built.prefix, hit: false, packages: [{ name: 'tiny', version: '2.0' }] })
    expect(place.events.filter((event) => event.type === 'miss').at(-1)).toMatchObject({
      reason: 'input-changed',
      changed: ['source.files'],
    })
    rmSync(built.prefix, { recursive: true })
    expect((await place.ensure(spec)).hit).toBe(false)
    await expect(place.ensure({ ...spec, project: undefined as never })).rejects.toMatchObject({
      code: 'ERR_PYFERRY_OPTION',
    })
  })
})

describe('E: where there is no uv', () => {
  /** The same home, seen from a machine without one. */
  const withoutUv = (place: ReturnType<typeof makePlace>) => {
    vi.stubEnv('PATH', '/nowhere')
    vi.stubEnv('HOME', place.folder)
    return new Provisioner({ home: place.home })
  }

  test('what uv has made there is known all the same, with a lock file and without', async () => {
    const place = makePlace()
    place.write({ 'pyproject.toml': pyproject(['tiny<2']) })
    await place.uv(['lock'])
    const locked = await place.ensure({ project: place.project })
    const inline = await place.ensure({ requirements: ['tiny'] })
    const provisioner = withoutUv(place)
    const events: ProvisionEvent[] = []
    const ensure = (spec: EnvironmentSpec) =>
      provisioner.ensure({ python: testPython, ...spec }, { onEvent: (event) => events.push(event) })
    expect(await ensure({ project: place.project, lockPolicy: 'require' })).toEqual({ ...locked, hit: true })
    expect(await ensure({ project: place.project })).toEqual({ ...locked, hit: true })
    expect(await ensure({ requirements: ['tiny'] })).toEqual({ ...inline, hit: true })
    expect(await ensure({ requirements: ['tiny'], backend: 'uv' })).toEqual({ ...inline, hit: true })
    expect(events.filter((event) => event.type === 'warning')).toEqual([])
    await expect(ensure({ requirements: ['tiny<2'], backend: 'uv' })).rejects.toMatchObject({
      code: 'ERR_PYFERRY_TOOL_NOT_FOUND',
    })
  })
})

test('E: a list of what may be built is refused beside uv.lock, which cannot express it', async () => {
  const place = makePlace()
  place.write({ 'pyproject.toml': pyproject(['tiny<2']) })
  await place.uv(['lock'])
  await expect(place.ensure({ project: place.project, build: ['tiny'] })).rejects.toMatchObject({
    code: 'ERR_PYFERRY_SPEC_INVALID',
  })
})

describe('E: a project itself is installed', () => {
  test.each(['uv', 'venv-pip'] as const)(
    'editable where it has a build system, or as a wheel, or not (%s)',
    async (tool) => {
      const place = makePlace()
      place.write({
        'pyproject.toml': pyproject(['tiny<2'], buildSystem),
        'backend.py': backend,
        'app.py': 'VALUE = 1\n',
      })
      const make = (spec: EnvironmentSpec) => place.ensure({ project: place.project, backend: tool, ...spec })
      const show = 'import app, tiny; print(app.VALUE, tiny.__version__)'
      const editable = await make({})
      const wheel = await make({ installProject: 'wheel' })
      expect(runPython(editable.python, show)).toBe('1 1.0')
      place.write({ 'app.py': 'VALUE = 22\n' })
      expect(runPython(editable.python, show)).toBe('22 1.0')
      expect(runPython(wheel.python, show)).toBe('1 1.0')
      expect((await make({})).hit).toBe(true)
      const again = await make({ installProject: 'wheel' })
      expect(again.hit).toBe(false)
      expect(runPython(again.python, show)).toBe('22 1.0')
      const none = await make({ installProject: 'none' })
      expect(none.packages).toEqual([{ name: 'tiny', version: '1.0' }])
    },
  )
})

describe('E: a project without a lock file', () => {
  test.each(['uv', 'venv-pip'] as const)('adds up with requirements (%s)', async (tool) => {
    const place = makePlace()
    place.write({ 'pyproject.toml': pyproject(['tiny<2']), 'extra.txt': 'needy\n' })
    const environment = await place.ensure({
      project: place.project,
      backend: tool,
      requirements: ['other'],
      requirementsFile: join(place.project, 'extra.txt'),
    })
    expect(environment.packages.map(({ name, version }) => `${name} ${version}`)).toEqual([
      'needy 1.0',
      'other 1.0',
      'tiny 1.0',
    ])
  })

  test('what was found beside what decides is told', async () => {
    const place = makePlace()
    place.write({ 'pyproject.toml': pyproject(['tiny<2']), 'requirements.txt': 'other\n' })
    expect((await place.ensure({ project: place.project })).packages.map(({ name }) => name)).toEqual(['tiny'])
    expect(place.warnings()).toEqual([
      ['source-ignored', `of ${place.project}, pyproject.toml decides; requirements.txt is not read`],
    ])
  })

  test('of requirements files takes the first that is there', async () => {
    const place = makePlace()
    place.write({ 'requirements/base.txt': 'other\n', 'requirements.txt': 'tiny<2\n' })
    expect((await place.ensure({ project: place.project })).packages.map(({ name }) => name)).toEqual(['tiny'])
  })

  test('requires-python and .python-version narrow the choice of the Python', async () => {
    const place = makePlace()
    place.write({ 'pyproject.toml': pyproject(['tiny']).replace('>=3.9', '>=3.99') })
    await expect(place.ensure({ project: place.project })).rejects.toMatchObject({
      code: 'ERR_PYFERRY_PYTHON_VERSION_MISMATCH',
      refused: [{ path: testPython, reason: expect.stringContaining(`requires-python of ${place.project} rules out`) }],
    })
    place.write({ 'pyproject.toml': pyproject(['tiny']), '.python-version': '3.99\n' })
    vi.stubEnv('PATH', dirname(testPython))
    await expect(place.ensure({ project: place.project, python: 'auto' })).rejects.toMatchObject({
      code: 'ERR_PYFERRY_PYTHON_VERSION_MISMATCH',
      message: expect.stringContaining('.python-version'),
    })
    // Who names one has decided.
    expect((await place.ensure({ project: place.project })).packages).toHaveLength(1)
  })
})

describe('E: a script with its dependencies in it', () => {
  const script = '# /// script\n# requires-python = ">=3.9"\n# dependencies = ["needy", "tiny<2"]\n# ///\nimport tiny\n'

  test.each(['uv', 'venv-pip'] as const)('gets them; the rest of the file does not matter (%s)', async (tool) => {
    const place = makePlace()
    place.write({ 'run.py': script })
    const path = join(place.project, 'run.py')
    const one = await place.ensure({ script: path, backend: tool })
    expect(one.packages.map(({ name, version }) => `${name} ${version}`)).toEqual(['needy 1.0', 'tiny 1.0'])
    place.write({ 'run.py': `${script}print(1)\n` })
    expect(await place.ensure({ script: path, backend: tool })).toEqual({ ...one, hit: true })
    place.write({ 'run.py': script.replace('tiny<2', 'tiny>=2') })
    expect((await place.ensure({ script: path, backend: tool })).packages[1]).toEqual({ name: 'tiny', version: '2.0' })
  })

  test('with a lock file gets what is locked, by uv alone', async () => {
    const place = makePlace()
    place.write({ 'run.py': script })
    await place.uv(['lock', '--script', 'run.py'])
    const spec: EnvironmentSpec = { script: join(place.project, 'run.py') }
    const locked = await place.ensure(spec)
    expect(locked).toMatchObject({ backend: 'uv-pip', packages: [{ name: 'needy' }, { name: 'tiny', version: '1.0' }] })
    expect(await place.ensure(spec)).toEqual({ ...locked, hit: true })
    expect(await place.ensureByPip(spec)).toMatchObject({ backend: 'venv-pip', packages: locked.packages })
    expect(place.warnings()).toEqual([['lock-ignored', expect.stringContaining('run.py.lock')]])
    place.write({ 'run.py': script.replace('tiny<2', 'tiny>=2') })
    await expect(place.ensure(spec)).rejects.toMatchObject({ code: 'ERR_PYFERRY_LOCKFILE_STALE' })
  })
})

test('E: a pylock.toml is installed as it is', async () => {
  const place = makePlace()
  place.write({ 'pyproject.toml': pyproject(['needy', 'tiny<2']) })
  await place.uv(['export', '--format', 'pylock.toml', '--no-emit-project', '-o', 'pylock.toml'])
  rmSync(join(place.project, 'uv.lock'), { force: true })
  const environment = await place.ensure({ project: place.project })
  expect(environment).toMatchObject({
    backend: 'uv-pip',
    packages: [{ name: 'needy' }, { name: 'tiny', version: '1.0' }],
  })
  await expect(place.ensure({ project: place.project, requirements: ['other'] })).rejects.toMatchObject({
    code: 'ERR_PYFERRY_SPEC_INVALID',
  })
  // No Python that we promise comes with a pip that reads it.
  await expect(place.ensureByPip({ project: place.project })).rejects.toMatchObject({
    code: 'ERR_PYFERRY_LOCKFILE_NEEDS_UV',
    message: expect.stringMatching(/pylock\.toml is read by uv, or by a pip from 26\.1 on, and this pip is /),
  })
})

describe('E: an existing interpreter', () => {
  test('is used as it is: nothing is built, nothing installed, nothing written', async () => {
    const place = makePlace()
    runPython(testPython, `import venv; venv.create(${JSON.stringify(join(place.project, 'v'))}, symlinks=True)`)
    const python = join(place.project, 'v', 'bin', 'python')
    const environment = await place.ensure({ python: undefined as never, interpreter: python })
    expect(environment).toEqual({
      id: expect.stringMatching(/^[a-z2-7]{16}$/),
      generation: '',
      backend: 'none',
      prefix: join(place.project, 'v'),
      python,
      pythonVersion: runPython(testPython, 'import platform; print(platform.python_version())'),
      packages: [],
      activation: {},
      hit: true,
    })
    environment.release()
    expect(existsSync(place.home)).toBe(false)
  })

  test.each([
    ['one that is not there', '/nowhere/python', 'PYTHON_NOT_FOUND'],
    ['a folder', '/', 'PYTHON_NOT_FOUND'],
    ['another program', process.execPath, 'PYTHON_BROKEN'],
  ])('%s is refused', async (_, interpreter, code) => {
    const place = makePlace()
    await expect(place.ensure({ python: undefined as never, interpreter })).rejects.toMatchObject({
      code: `ERR_PYFERRY_${code}`,
    })
  })
})
