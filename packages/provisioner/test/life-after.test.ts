/** What can be asked of environments that are there: list, plan, why, doctor. */
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type Environment, type EnvironmentSpec, type ProvisionEvent, Provisioner } from '../src/index.js'
import { parseRecord } from '../src/installed-files.js'
import * as runModule from '../src/run.js'
import { writeScript } from './fixtures/executables.js'
import { snapshot, temporaryFolder } from './fixtures/folders.js'
import { startHost } from './fixtures/host.js'
import { usePackagesOf, usePipSettings } from './fixtures/pip-settings.js'
import { relocatePython, runPython, testPython } from './fixtures/pythons.js'
import { testUv } from './fixtures/uv.js'
import { makeWheel, writeFiles } from './fixtures/wheels.js'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

function makePlace() {
  const folder = temporaryFolder()
  usePackagesOf(
    writeFiles(join(folder, 'links'), [
      makeWheel({ name: 'tiny', version: '1.0' }),
      makeWheel({ name: 'tiny', version: '2.0' }),
    ]),
  )
  const home = join(folder, 'home')
  const provisioner = new Provisioner({ home, uvPath: testUv() })
  const events: ProvisionEvent[] = []
  const onEvent = (event: ProvisionEvent) => events.push(event)
  const specOf = (spec: EnvironmentSpec): EnvironmentSpec => ({ python: testPython, backend: 'venv-pip', ...spec })
  return {
    folder,
    home,
    provisioner,
    events,
    specOf,
    ensure: (spec: EnvironmentSpec = {}) => provisioner.ensure(specOf(spec), { onEvent }),
    plan: (spec: EnvironmentSpec = {}) => provisioner.plan(specOf(spec)),
  }
}

/** Of a folder that may not be there. */
const snapshotOf = (folder: string): string[] => (existsSync(folder) ? snapshot(folder) : [])

describe('E: list', () => {
  test('has a row for each environment, with size, use and leases; no process is started', async () => {
    const place = makePlace()
    const one = await place.ensure({ requirements: ['tiny==1.0'] })
    const two = await place.ensure({ requirements: ['tiny==2.0'] })
    two.release()
    const run = vi.spyOn(runModule, 'run')
    const before = snapshotOf(place.home)
    const rows = await place.provisioner.list()
    expect(rows.map(({ id }) => id)).toEqual([one.id, two.id].sort())
    const row = rows.find(({ id }) => id === one.id)
    expect(row).toEqual({
      id: one.id,
      state: 'ready',
      source: 'inline',
      backend: 'venv-pip',
      pythonVersion: one.pythonVersion,
      packages: [{ name: 'tiny', version: '1.0' }],
      prefix: one.prefix,
      generations: [
        { generation: one.generation, isCurrent: true, isUsable: true, createdAt: expect.stringMatching(/Z$/) },
      ],
      bytes: { logical: expect.any(Number), physical: expect.any(Number) },
      lastUsedAt: expect.stringMatching(/Z$/),
      createdAt: expect.stringMatching(/Z$/),
      leases: [{ generation: one.generation, pid: process.pid, isLive: true }],
    })
    expect(row?.bytes.logical).toBeGreaterThan(1000)
    expect(rows.find(({ id }) => id === two.id)?.leases).toEqual([])
    expect((await place.provisioner.list({ sizes: false })).map(({ bytes }) => bytes.logical)).toEqual([0, 0])
    expect(run).not.toHaveBeenCalled()
    expect(snapshotOf(place.home)).toEqual(before)
  })

  test('a file that two environments share takes its space once', async () => {
    const place = makePlace()
    const spec = { requirements: ['tiny==1.0'], backend: 'uv' } as const
    await place.ensure(spec)
    await place.ensure({ ...spec, extra: { n: '2' } })
    const rows = await place.provisioner.list()
    const [first, second] = rows
    expect(second?.bytes.physical).toBeLessThan(first?.bytes.physical as number)
  })

  test('tells what is broken, and whose leases are dead', async () => {
    const place = makePlace()
    const built = await place.ensure()
    built.release()
    const host = startHost(`
      await new pyferry.Provisioner({ home: ${JSON.stringify(place.home)} }).ensure(${JSON.stringify(place.specOf({}))})
      say('has')
      process.stdin.resume()
    `)
    await host.said('has')
    host.child.kill('SIGKILL')
    await host.ended
    rmSync(join(built.prefix, '.stamp.json'))
    expect(await place.provisioner.list()).toMatchObject([
      { id: built.id, state: 'broken', leases: [{ pid: host.child.pid, isLive: false }] },
    ])
  })

  test('of a home that is not there is empty, and makes none', async () => {
    const place = makePlace()
    expect(await place.provisioner.list()).toEqual([])
    expect(existsSync(place.home)).toBe(false)
  })

  test('works in a private folder too', async () => {
    const place = makePlace()
    const provisioner = new Provisioner({ baseDir: join(place.folder, 'base') })
    const built = await provisioner.ensure(place.specOf({ requirements: ['tiny==1.0'] }))
    expect(await provisioner.list()).toMatchObject([{ id: built.id, state: 'ready', prefix: built.prefix }])
  })
})

describe('E: plan', () => {
  test('tells what would be done, and writes nothing', async () => {
    const place = makePlace()
    const plan = await place.plan({ requirements: ['tiny==1.0'] })
    expect(existsSync(place.home)).toBe(false)
    expect(plan).toMatchObject({
      hit: false,
      miss: { reason: 'absent', changed: [], comparedWith: null },
      obstacle: null,
      source: { kind: 'inline', files: [], packages: ['tiny==1.0'], project: 'none' },
      backend: 'venv-pip',
      tool: null,
      python: { path: testPython, refused: [] },
    })
    expect(plan.commands).toEqual([
      expect.stringContaining(`${testPython} -I -S -m venv --without-pip`),
      expect.stringMatching(/<generation>\/bin\/python -I \S+pip install .*-r \S+<generation>\.requirements\.txt/),
    ])
    const built = await place.ensure({ requirements: ['tiny==1.0'] })
    expect(plan.id).toBe(built.id)
    const before = snapshotOf(place.home)
    expect(await place.plan({ requirements: ['tiny==1.0'] })).toMatchObject({ hit: true, miss: null, id: built.id })
    expect(await place.plan({ requirements: ['tiny==2.0'] })).toMatchObject({
      hit: false,
      miss: { reason: 'input-changed', changed: ['source.packages'], comparedWith: built.id },
    })
    expect(snapshotOf(place.home)).toEqual(before)
  })

  test('has the commands that are run, whoever runs them', async () => {
    const place = makePlace()
    const spec = { requirements: ['tiny==1.0'], constraints: ['tiny<2'], backend: 'uv' } as const
    const { commands } = await place.plan(spec)
    const run = vi.spyOn(runModule, 'run')
    const built = await place.ensure(spec)
    const ran = run.mock.calls
      .map(([{ file, args }]) => [file, ...args].join(' '))
      .filter((line) => line.startsWith(testUv()) && !line.endsWith('--version'))
      .map((line) => line.replaceAll(built.generation, '<generation>'))
    expect(commands).toEqual(ran)
  })

  test('tells what stands in the way', async () => {
    const place = makePlace()
    vi.stubEnv('PATH', '/nowhere')
    vi.stubEnv('HOME', place.folder)
    const provisioner = new Provisioner({ home: place.home })
    const plan = await provisioner.plan({ python: testPython, backend: 'uv', requirements: ['tiny'] })
    expect(plan.obstacle).toMatchObject({ code: 'ERR_PYFERRY_TOOL_NOT_FOUND' })
    await expect(place.provisioner.plan({ interpreter: testPython })).rejects.toMatchObject({
      code: 'ERR_PYFERRY_OPTION',
    })
  })
})

describe('I7: why', () => {
  test('names the inputs that differ, with their values', async () => {
    const place = makePlace()
    const one = await place.ensure({ requirements: ['tiny==1.0'] })
    const two = await place.ensure({ requirements: ['tiny==2.0'] })
    const changes = [{ field: 'source.packages', before: ['tiny==1.0'], after: ['tiny==2.0'] }]
    expect(await place.provisioner.why(two.id)).toEqual({ id: two.id, reason: null, comparedWith: one.id, changes })
    const third = await place.provisioner.why(place.specOf({ requirements: ['tiny==2.0'], extra: { tenant: 'a' } }))
    expect(third).toMatchObject({
      reason: 'input-changed',
      comparedWith: two.id,
      changes: [{ field: 'extra.tenant', before: null, after: 'a' }],
    })
    expect(await place.provisioner.why(place.specOf({ requirements: ['tiny==1.0'] }))).toMatchObject({ reason: null })
  })

  test('in a private folder compares with what was there before', async () => {
    const place = makePlace()
    const provisioner = new Provisioner({ baseDir: join(place.folder, 'base') })
    await provisioner.ensure(place.specOf({ requirements: ['tiny==1.0'] }))
    expect(await provisioner.why(place.specOf({ requirements: ['tiny==2.0'] }))).toMatchObject({
      reason: 'input-changed',
      changes: [{ field: 'source.packages' }],
    })
    await expect(provisioner.why('aaaaaaaaaaaaaaaa')).rejects.toMatchObject({ code: 'ERR_PYFERRY_SPEC_INVALID' })
  })

  test('of an id that is not there is SOURCE_MISSING; of what is no id an OptionError', async () => {
    const place = makePlace()
    await expect(place.provisioner.why('aaaaaaaaaaaaaaaa')).rejects.toMatchObject({
      code: 'ERR_PYFERRY_SOURCE_MISSING',
    })
    await expect(place.provisioner.why('../x')).rejects.toMatchObject({ code: 'ERR_PYFERRY_OPTION' })
  })
})

describe('E: doctor', () => {
  test('tells of home, tools and Pythons, each refusal with its reason', async () => {
    const place = makePlace()
    await place.ensure()
    const PATH = join(place.folder, 'bin')
    mkdirSync(PATH)
    writeScript(PATH, 'python3', 'echo broken >&2; exit 1')
    symlinkSync(testPython, join(PATH, 'python'))
    vi.stubEnv('PATH', PATH)
    vi.stubEnv('HOME', place.folder)
    vi.stubEnv('XDG_DATA_HOME', place.folder)
    writeScript(PATH, 'pixi', 'echo pixi 0.1.0')
    const report = await place.provisioner.doctor()
    expect(report.home).toMatchObject({
      path: place.home,
      exists: true,
      owner: process.geteuid?.(),
      mode: '0700',
      isWritable: true,
      freeBytes: expect.any(Number),
      sharesFiles: true,
    })
    expect(report.tools).toEqual([
      { kind: 'uv', path: testUv(), version: expect.stringMatching(/^\d/), refused: null },
      { kind: 'pixi', path: join(PATH, 'pixi'), version: '0.1.0', refused: expect.stringContaining('oldest') },
    ])
    expect(report.pythons).toEqual([
      { path: join(PATH, 'python3'), version: null, refused: expect.stringContaining('broken') },
      { path: join(PATH, 'python'), version: expect.stringMatching(/^3/), refused: null },
    ])
    expect(report.environments).toMatchObject([{ health: 'healthy', reason: null, repair: null }])
  })

  test('of a home that is not there makes none', async () => {
    const place = makePlace()
    const report = await place.provisioner.doctor()
    expect(report).toMatchObject({ home: { exists: false }, environments: [] })
    expect(existsSync(place.home)).toBe(false)
  })

  test('deep finds every file that is not what was installed; repair builds it anew beside it', async () => {
    const place = makePlace()
    const built = await place.ensure({ requirements: ['tiny==1.0'] })
    const module = runPython(built.python, 'import tiny; print(tiny.__file__)')
    expect((await place.provisioner.doctor({ deep: true })).environments).toMatchObject([
      { health: 'healthy', files: [] },
    ])
    writeFileSync(module, readFileSync(module, 'utf8').replace('1.0', '6.6'))
    rmSync(join(dirname(module), 'tiny-1.0.dist-info', 'WHEEL'))
    expect((await place.provisioner.doctor()).environments).toMatchObject([{ health: 'healthy' }])
    const [found] = (await place.provisioner.doctor({ deep: true, repair: true })).environments
    expect(found).toMatchObject({ id: built.id, health: 'broken', repair: { done: 'rebuilt' } })
    expect(found?.files.map(({ path, problem }) => `${path.split('/').at(-1)} ${problem}`).sort()).toEqual([
      'WHEEL missing',
      'tiny.py hash',
    ])
    const again = await place.ensure({ requirements: ['tiny==1.0'] })
    expect(again).toMatchObject({ id: built.id, hit: true })
    expect(found?.repair).toEqual({ done: 'rebuilt', generation: again.generation })
    expect(again.generation).not.toBe(built.generation)
    expect(existsSync(built.prefix)).toBe(true)
  })

  test.each([
    ['nothing', () => ({ install: false })],
    [
      'requirements',
      () => ({ requirements: ['tiny<2'], constraints: ['tiny>0.5'], extra: { tenant: 'a' }, withPip: true }),
    ],
    ['requirements, by uv', () => ({ requirements: ['tiny'], backend: 'uv', build: 'deny' })],
    [
      'what options say',
      ({ folder }) => ({ requirements: ['tiny'], findLinks: [join(folder, 'links')], offline: true }),
    ],
  ] as [string, (place: ReturnType<typeof makePlace>) => EnvironmentSpec][])(
    'repair builds what was made of %s as it was asked for',
    async (_, specFor) => {
      const place = makePlace()
      const spec = specFor(place)
      if (spec.offline) usePipSettings({})
      const built = await place.ensure(spec)
      rmSync(join(built.prefix, '.stamp.json'))
      const [found] = (await place.provisioner.doctor({ repair: true })).environments
      expect(found).toMatchObject({ id: built.id, health: 'broken', repair: { done: 'rebuilt' } })
      expect(await place.ensure(spec)).toMatchObject({ id: built.id, hit: true, packages: built.packages })
      expect((await place.provisioner.doctor({ repair: true })).environments).toMatchObject([
        { health: 'healthy', repair: null },
      ])
    },
  )

  test.each([
    ['it was made from files (requirements)', ({ folder }) => ({ requirementsFile: join(folder, 'requirements.txt') })],
    ['what it was made from is not known', () => ({}), ({ prefix }) => rmSync(join(dirname(prefix), 'spec.json'))],
    [
      'another environment',
      () => ({ requirements: ['tiny'] }),
      () => usePipSettings({ PIP_INDEX_URL: 'http://other/' }),
    ],
    [
      'another environment',
      () => ({ index: 'https://user:word@index.example/', requirements: ['tiny'], backend: 'uv' }),
    ],
  ] as [
    string,
    (place: ReturnType<typeof makePlace>) => EnvironmentSpec,
    ((built: Environment, place: ReturnType<typeof makePlace>) => void)?,
  ][])('repair only retires it: %s', async (reason, specFor, change) => {
    const place = makePlace()
    writeFileSync(join(place.folder, 'requirements.txt'), 'tiny\n')
    const built = await place.ensure(specFor(place))
    rmSync(join(built.prefix, '.stamp.json'))
    change?.(built, place)
    const [found] = (await place.provisioner.doctor({ repair: true })).environments
    expect(found).toMatchObject({
      health: 'broken',
      repair: { done: 'retired', reason: expect.stringContaining(reason) },
    })
    expect(existsSync(join(dirname(built.prefix), 'current.json'))).toBe(false)
    expect(existsSync(built.prefix)).toBe(true)
  })

  test('repair only retires what is in a private folder, from which its owner may run something', async () => {
    const place = makePlace()
    const provisioner = new Provisioner({ baseDir: join(place.folder, 'base') })
    const built = await provisioner.ensure(place.specOf({ requirements: ['tiny'] }))
    rmSync(join(built.prefix, 'bin'), { recursive: true })
    expect((await provisioner.doctor({ repair: true })).environments).toMatchObject([
      { repair: { done: 'retired', reason: 'a private folder is built by its owner' } },
    ])
    expect(existsSync(built.prefix)).toBe(true)
  })

  test.each([
    ['broken', 'its stamp is gone', (prefix: string) => rmSync(join(prefix, '.stamp.json'))],
    ['broken', 'its interpreter is gone', (prefix: string) => rmSync(join(prefix, 'bin'), { recursive: true })],
    ['missing', 'nothing points to it', (prefix: string) => rmSync(join(dirname(prefix), 'current.json'))],
  ] as const)('%s: %s', async (health, _, damage) => {
    const place = makePlace()
    const built = await place.ensure()
    damage(built.prefix)
    expect((await place.provisioner.doctor()).environments).toMatchObject([
      { health, reason: expect.stringMatching(/./) },
    ])
  })

  test('stale: the Python that it was built from is gone', async () => {
    const place = makePlace()
    const python = relocatePython(join(place.folder, 'python'), { without: [] })
    await place.ensure({ python })
    rmSync(python)
    expect((await place.provisioner.doctor()).environments).toMatchObject([
      { health: 'stale', reason: expect.stringContaining(`${python}, is gone`) },
    ])
    expect((await place.provisioner.doctor({ repair: true })).environments).toMatchObject([
      { health: 'stale', repair: { done: 'retired', reason: expect.stringContaining(python) } },
    ])
  })
})

test("E: verify: 'full' takes no environment whose files are not what was installed", async () => {
  const place = makePlace()
  const spec = { requirements: ['tiny==1.0'], verify: 'full' } as const
  const built = await place.ensure(spec)
  expect(await place.ensure(spec)).toEqual({ ...built, hit: true })
  writeFileSync(runPython(built.python, 'import tiny; print(tiny.__file__)'), '__version__ = "6.6"\n')
  expect((await place.ensure({ requirements: ['tiny==1.0'] })).hit).toBe(true)
  const again = await place.ensure(spec)
  expect(again).toMatchObject({ hit: false, id: built.id })
  expect(place.events.filter((event) => event.type === 'miss').at(-1)).toMatchObject({ reason: 'stamp-invalid' })
})

test('E: a record is read as CSV has it', () => {
  const text = 'a.py,sha256=abc,3\r\n"b,""c"".py",,\nd.pyc,sha256=x,1\nRECORD,,\n\n'
  expect(parseRecord(text)).toEqual([
    { path: 'a.py', sha256: 'abc', size: 3 },
    { path: 'b,"c".py', sha256: '', size: undefined },
    { path: 'RECORD', sha256: '', size: undefined },
  ])
})
