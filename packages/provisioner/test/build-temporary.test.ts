import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { removeTemporaryOf, temporaryParent } from '../src/build-temporary.js'
import { claimBaseDir, Provisioner, removeBaseDir } from '../src/index.js'
import { temporaryFolder } from './fixtures/folders.js'
import { type Host, startHost } from './fixtures/host.js'
import { usePackagesOf } from './fixtures/pip-settings.js'
import { listUsers, until } from './fixtures/processes.js'
import { testPython } from './fixtures/pythons.js'
import { testUv } from './fixtures/uv.js'
import { makeSource, makeWheel, writeFiles } from './fixtures/wheels.js'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

/** A build that leaves a file where temporary ones go, says where, and then comes to this end. */
const untidy = (end: string) => `
import os, sys, tempfile, time, zipfile
with open(tempfile.mkstemp(prefix="left-")[1], "w") as left:
    left.write("x" * 1000)
with open(os.environ["MARK"], "w") as mark:
    mark.write(left.name)
def build_wheel(folder, settings=None, metadata=None):
    ${end}
    with open("PKG-INFO") as file:
        metadata = file.read()
    name = metadata.split("Name: ")[1].split()[0]
    with zipfile.ZipFile(os.path.join(folder, name + "-1.0-py3-none-any.whl"), "w") as wheel:
        info = name + "-1.0.dist-info/"
        wheel.writestr(info + "METADATA", metadata)
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "")
    return name + "-1.0-py3-none-any.whl"
`

interface Place {
  folder: string
  mark: string
  /** Where everybody's temporary files go. */
  temporary: string
}

function makePlace(): Place {
  const folder = temporaryFolder()
  usePackagesOf(
    writeFiles(join(folder, 'links'), [
      makeWheel({ name: 'tiny', version: '1.0' }),
      makeSource('works', '1.0', untidy('pass')),
      makeSource('fails', '1.0', untidy('sys.exit("it does not work")')),
      makeSource('lasts', '1.0', untidy('if not os.path.exists(os.environ["MARK"] + "-go"): time.sleep(600)')),
    ]),
  )
  const [mark, temporary] = [join(folder, 'mark'), join(folder, 'temporary')]
  mkdirSync(temporary)
  vi.stubEnv('MARK', mark)
  vi.stubEnv('TMPDIR', temporary)
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'))
  return { folder, mark, temporary }
}

const options = { 'venv-pip': {}, uv: { uvPath: testUv() } }
const specOf = (backend: keyof typeof options, name: string) => ({ python: testPython, backend, requirements: [name] })

describe.each(['venv-pip', 'uv'] as const)('what a build by %s leaves among temporary files', (backend) => {
  test('is nothing, when it is done', async () => {
    const place = makePlace()
    const provisioner = new Provisioner({ home: join(place.folder, 'home'), ...options[backend] })
    const { generation } = await provisioner.ensure(specOf(backend, 'works'), { lease: false })
    expect(readFileSync(place.mark, 'utf8')).toContain(join(place.temporary, `pyferry-${generation}`, 'left-'))
    expect(readdirSync(place.temporary)).toEqual([])
  })

  test('is nothing, when it fails', async () => {
    const place = makePlace()
    const provisioner = new Provisioner({ home: join(place.folder, 'home'), ...options[backend] })
    await expect(provisioner.ensure(specOf(backend, 'fails'))).rejects.toMatchObject({
      code: 'ERR_PYFERRY_BUILD_FAILED',
    })
    expect(readFileSync(place.mark, 'utf8')).toContain(join(place.temporary, 'pyferry-g'))
    expect(readdirSync(place.temporary)).toEqual([])
  })

  test('is nothing, when it is aborted', async () => {
    const place = makePlace()
    const provisioner = new Provisioner({ home: join(place.folder, 'home'), ...options[backend] })
    const controller = new AbortController()
    const ensuring = provisioner.ensure(specOf(backend, 'lasts'), { signal: controller.signal })
    await until(() => existsSync(place.mark))
    controller.abort()
    await expect(ensuring).rejects.toMatchObject({ code: 'ERR_PYFERRY_ABORTED' })
    expect(readdirSync(place.temporary)).toEqual([])
  })

  test('goes with the next build, when its host was killed', async () => {
    const place = makePlace()
    const home = join(place.folder, 'home')
    await killBuilding(place, { home, ...options[backend] }, backend)
    const provisioner = new Provisioner({ home, ...options[backend] })
    // Of another key: nothing of this one is looked at.
    await provisioner.ensure(specOf(backend, 'tiny'), { lease: false })
    expect(readdirSync(place.temporary)).toEqual([expect.stringMatching(/^pyferry-g[0-9a-f]{8}$/)])
    writeFileSync(`${place.mark}-go`, '')
    await provisioner.ensure(specOf(backend, 'lasts'), { lease: false })
    expect(readdirSync(place.temporary)).toEqual([])
  })

  test('goes with a collector', async () => {
    const place = makePlace()
    const home = join(place.folder, 'home')
    await killBuilding(place, { home, ...options[backend] }, backend)
    await new Provisioner({ home }).prune()
    expect(readdirSync(place.temporary)).toEqual([])
  })

  test.each(['built in', 'removed'] as const)('goes when the private folder is %s', async (end) => {
    const place = makePlace()
    const baseDir = join(place.folder, 'base')
    await killBuilding(place, { baseDir, ...options[backend] }, backend)
    const claim = await claimBaseDir(baseDir)
    if (end === 'removed') await removeBaseDir(baseDir)
    else await new Provisioner({ baseDir, ...options[backend] }).ensure(specOf(backend, 'tiny'))
    await claim.release()
    expect(readdirSync(place.temporary)).toEqual([])
  })
})

test.each(['home', 'project'] as const)(
  "uv's lock of a project stays where everybody's is (place: '%s')",
  async (kept) => {
    const { folder, temporary } = makePlace()
    const project = join(folder, 'project')
    mkdirSync(project)
    const lines = ['[project]', 'name = "app"', 'version = "1"', 'requires-python = ">=3.9"', 'dependencies = []']
    writeFileSync(join(project, 'pyproject.toml'), lines.join('\n'))
    execFileSync(testUv(), ['lock', '--quiet', '--offline'], { cwd: project, env: { ...process.env, TMPDIR: folder } })
    const provisioner = new Provisioner({ home: join(folder, 'home'), uvPath: testUv() })
    await provisioner.ensure({ python: testPython, project, place: kept }, { lease: false })
    expect(readdirSync(temporary)).toEqual([expect.stringMatching(/^uv-[0-9a-f]+\.lock$/)])
  },
)

async function killBuilding({ mark, folder, temporary }: Place, where: object, backend: keyof typeof options) {
  const host: Host = startHost(
    `await new pyferry.Provisioner(${JSON.stringify(where)}).ensure(${JSON.stringify(specOf(backend, 'lasts'))})`,
  )
  await until(() => existsSync(mark))
  host.child.kill('SIGKILL')
  await host.ended
  await until(() => listUsers(folder).length === 0)
  expect(readdirSync(temporary)).toHaveLength(1)
}

test('a build goes on where no folder can be made, with a warning', async () => {
  const { folder, temporary } = makePlace()
  vi.stubEnv('TMPDIR', join(temporary, 'absent'))
  const warnings: string[] = []
  const provisioner = new Provisioner({ home: join(folder, 'home') })
  const { packages } = await provisioner.ensure(specOf('venv-pip', 'tiny'), {
    onEvent: (event) => void (event.type === 'warning' && warnings.push(event.code)),
    lease: false,
  })
  expect(packages).toEqual([{ name: 'tiny', version: '1.0' }])
  expect(warnings).toEqual(['shared-temporary'])
})

test.each([
  ['the first of the three', { TMPDIR: '/a', TEMP: '/b', TMP: '/c' }, '/a'],
  ['not an empty one', { TMPDIR: '', TMP: '/c' }, '/c'],
  ['from where the installer runs', { TMPDIR: 'x/y' }, '/project/x/y'],
  ['else the system has one', {}, tmpdir()],
])('where temporary files go: %s', (_, env, expected) => {
  expect(temporaryParent(env, '/project')).toBe(expected)
})

describe('the mark of a build', () => {
  const gen = 'g0123abcd'

  const makeMark = (mark: (temporary: string) => unknown) => {
    const folder = temporaryFolder()
    const building = join(folder, 'building.json')
    mkdirSync(join(folder, `pyferry-${gen}`))
    writeFileSync(join(folder, `pyferry-${gen}`, 'file'), '')
    writeFileSync(building, typeof mark(folder) === 'string' ? String(mark(folder)) : JSON.stringify(mark(folder)))
    return { folder, building }
  }

  test('has its own folder removed', async () => {
    const { folder, building } = makeMark((temporaryIn) => ({ temporaryIn }))
    await removeTemporaryOf({ gen, building })
    expect(readdirSync(folder)).toEqual(['building.json'])
  })

  test.each([
    ['that is not whole', () => '{"temporaryIn":"/tm'],
    ['of a version that had none', () => ({ pid: 1 })],
    ['that names a folder from the current one', () => ({ temporaryIn: '.' })],
    ['that names something else', (folder: string) => ({ temporaryIn: [folder] })],
    ['that names the folder itself', (folder: string) => ({ temporaryIn: join(folder, `pyferry-${gen}`) })],
  ])('%s has nothing removed', async (_, mark) => {
    const { folder, building } = makeMark(mark)
    await removeTemporaryOf({ gen, building })
    expect(readdirSync(folder).sort()).toEqual(['building.json', `pyferry-${gen}`])
    expect(readdirSync(join(folder, `pyferry-${gen}`))).toEqual(['file'])
  })

  test('has no link followed, and none removed', async () => {
    const { folder, building } = makeMark((temporary) => ({ temporaryIn: join(temporary, 'other') }))
    mkdirSync(join(folder, 'other'))
    symlinkSync(join(folder, `pyferry-${gen}`), join(folder, 'other', `pyferry-${gen}`))
    await removeTemporaryOf({ gen, building })
    expect(readdirSync(join(folder, 'other', `pyferry-${gen}`))).toEqual(['file'])
  })

  test("has nobody else's folder removed", async () => {
    const { folder, building } = makeMark((temporaryIn) => ({ temporaryIn }))
    vi.spyOn(process, 'geteuid').mockReturnValue(statSync(folder).uid + 1)
    await removeTemporaryOf({ gen, building })
    expect(readdirSync(join(folder, `pyferry-${gen}`))).toEqual(['file'])
  })
})
