import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { chooseHome } from '../src/home.js'
import {
  type EnsureOptions,
  type Environment,
  type EnvironmentSpec,
  type ProvisionEvent,
  Provisioner,
} from '../src/index.js'
import * as runModule from '../src/run.js'
import { snapshot, temporaryFolder } from './fixtures/folders.js'
import { bundle, startHost } from './fixtures/host.js'
import { usePackagesOf } from './fixtures/pip-settings.js'
import { relocatePython, runPython, testPython } from './fixtures/pythons.js'
import { makeSource, makeWheel, writeFiles } from './fixtures/wheels.js'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

/** Nobody's, or at least not ours. */
const OTHER_USER = 65_534

interface Place {
  folder: string
  home: string
  events: ProvisionEvent[]
  ensure(spec?: EnvironmentSpec, options?: EnsureOptions): Promise<Environment>
}

/** A home, and packages `tiny` 1.0 and 2.0. */
function makePlace(): Place {
  const folder = temporaryFolder()
  usePackagesOf(
    writeFiles(join(folder, 'links'), [
      makeWheel({ name: 'tiny', version: '1.0' }),
      makeWheel({ name: 'tiny', version: '2.0' }),
      makeSource('broken', '1.0', 'raise SystemExit("no")\n'),
    ]),
  )
  const home = join(folder, 'home')
  const provisioner = new Provisioner({ home })
  const events: ProvisionEvent[] = []
  const onEvent = (event: ProvisionEvent) => events.push(event)
  return {
    folder,
    home,
    events,
    ensure: (spec = {}, options = {}) =>
      provisioner.ensure({ python: testPython, backend: 'venv-pip', ...spec }, { onEvent, ...options }),
  }
}

const misses = (events: readonly ProvisionEvent[]) => events.filter((event) => event.type === 'miss')
const leasesOf = ({ home }: Place, { id }: Environment) => readdirSync(join(home, 'u', id))

describe('E: a home', () => {
  test('holds one environment for each question, and knows each again', async () => {
    const place = makePlace()
    const one = await place.ensure({ requirements: ['tiny==1.0'] })
    const two = await place.ensure({ requirements: ['tiny==2.0'] })
    expect(one.prefix).toBe(join(place.home, 'e', one.id, one.generation))
    expect(await place.ensure({ requirements: ['tiny==1.0'] })).toEqual({ ...one, hit: true })
    expect(await place.ensure({ requirements: ['tiny==2.0'] })).toEqual({ ...two, hit: true })
    const print = 'import sys, tiny; print(sys.prefix, tiny.__version__)'
    expect(runPython(one.python, print)).toBe(`${one.prefix} 1.0`)
    expect(runPython(two.python, print)).toBe(`${two.prefix} 2.0`)
    expect(readdirSync(join(place.home, 'e', one.id)).sort()).toEqual(['current.json', one.generation, 'spec.json'])
  })

  test('I7: a miss says which input is another than in the nearest environment', async () => {
    const place = makePlace()
    await place.ensure({ requirements: ['tiny==1.0'] })
    await place.ensure({ requirements: ['tiny==2.0'] })
    await place.ensure({ requirements: ['tiny==2.0'], extra: { tenant: 'a' } })
    expect(misses(place.events).map(({ reason, changed }) => [reason, changed])).toEqual([
      ['absent', undefined],
      ['input-changed', ['source.packages']],
      ['input-changed', ['extra.tenant']],
    ])
  })

  test('is for its user alone, and says to others what it is', async () => {
    const place = makePlace()
    await place.ensure()
    expect(statSync(place.home).mode & 0o777).toBe(0o700)
    expect(readFileSync(join(place.home, 'CACHEDIR.TAG'), 'utf8')).toMatch(
      /^Signature: 8a477f597d28d172789f06886806bc55\n/,
    )
    expect(readFileSync(join(place.home, '.gitignore'), 'utf8')).toBe('*\n')
    expect(JSON.parse(readFileSync(join(place.home, 'HOME.json'), 'utf8'))).toEqual({ schema: 1 })
  })

  test('that others could write to is closed to them', async () => {
    const place = makePlace()
    mkdirSync(place.home)
    chmodSync(place.home, 0o777)
    await place.ensure()
    expect(statSync(place.home).mode & 0o777).toBe(0o755)
  })

  test('that belongs to another user is HOME_UNSAFE', async () => {
    const place = makePlace()
    mkdirSync(place.home)
    chownSync(place.home, OTHER_USER, OTHER_USER)
    await expect(place.ensure()).rejects.toMatchObject({ code: 'ERR_PYFERRY_HOME_UNSAFE', facts: { path: place.home } })
    expect(readdirSync(place.home)).toEqual([])
  })

  test.each(['{"schema":2}', 'no JSON'])(
    'of another version (%s) is HOME_INCOMPATIBLE, and left as it is',
    async (text) => {
      const place = makePlace()
      mkdirSync(place.home)
      writeFileSync(join(place.home, 'HOME.json'), text)
      await expect(place.ensure()).rejects.toMatchObject({ code: 'ERR_PYFERRY_HOME_INCOMPATIBLE' })
      expect(readdirSync(place.home)).toEqual(['HOME.json'])
    },
  )

  test('whose inner folder is a link is HOME_UNSAFE', async () => {
    const place = makePlace()
    mkdirSync(place.home)
    symlinkSync(place.folder, join(place.home, 'e'))
    await expect(place.ensure()).rejects.toMatchObject({ code: 'ERR_PYFERRY_HOME_UNSAFE' })
  })

  test('that is reached by a link, or was, gives one and the same environment', async () => {
    const place = makePlace()
    symlinkSync(place.folder, `${place.folder}-link`)
    try {
      const linked = new Provisioner({ home: join(`${place.folder}-link`, 'home') })
      const built = await linked.ensure({ python: testPython, backend: 'venv-pip' })
      expect(built.prefix.startsWith(place.home)).toBe(true)
      expect(await place.ensure()).toEqual({ ...built, hit: true })
    } finally {
      unlinkSync(`${place.folder}-link`)
    }
  })

  test('that was moved builds anew, at its new place', async () => {
    const place = makePlace()
    const before = await place.ensure()
    before.release()
    renameSync(place.home, `${place.home}2`)
    const events: ProvisionEvent[] = []
    const moved = new Provisioner({ home: `${place.home}2` })
    const spec = { python: testPython, backend: 'venv-pip' } as const
    const built = await moved.ensure(spec, { onEvent: (event) => events.push(event) })
    expect(misses(events)).toMatchObject([{ reason: 'moved' }])
    expect(built.id).toBe(before.id)
    expect(runPython(built.python, 'import sys; print(sys.prefix)')).toBe(built.prefix)
  })
})

describe('I6: a hit', () => {
  test('starts no process and writes nothing but its lease', async () => {
    const place = makePlace()
    const built = await place.ensure({ requirements: ['tiny==1.0'] })
    built.release()
    const run = vi.spyOn(runModule, 'run')
    const helper = vi.spyOn(runModule, 'startHelper')
    const before = snapshot(place.home)
    const hit = await place.ensure({ requirements: ['tiny==1.0'] })
    expect(leasesOf(place, hit)).toEqual([
      expect.stringMatching(`^${hit.generation}\\.${process.pid}\\.[0-9a-f]+\\.json$`),
    ])
    hit.release()
    const withoutUse = (lines: string[]) => lines.filter((line) => !line.startsWith(`u/${hit.id} `))
    expect(withoutUse(snapshot(place.home))).toEqual(withoutUse(before))
    expect([run.mock.calls, helper.mock.calls]).toEqual([[], []])
  })

  test('writes nothing at all with lease: false', async () => {
    const place = makePlace()
    const built = await place.ensure({}, { lease: false })
    const before = snapshot(place.home)
    expect(await place.ensure({}, { lease: false })).toEqual({ ...built, hit: true })
    expect(snapshot(place.home)).toEqual(before)
  })

  test('works in a home that came with an image: of root, and not to be written', async () => {
    const place = makePlace()
    // One that the other user may look at; a hit does not start it.
    const python = relocatePython(join(place.folder, 'python'), { without: [] })
    const built = await place.ensure({ python, requirements: ['tiny==1.0'] })
    built.release()
    for (const path of [place.folder, dirname(bundle)]) chmodSync(path, 0o755)
    for (const path of readdirSync(place.home, { recursive: true })) openToRead(join(place.home, String(path)))
    chmodSync(place.home, 0o555)
    const spec = { python, backend: 'venv-pip', requirements: ['tiny==1.0'] }
    const script = `
      const environment = await new pyferry.Provisioner({ home: ${JSON.stringify(place.home)} }).ensure(${JSON.stringify(spec)})
      say('hit', environment.hit + ' ' + environment.generation)
    `
    const host = startHost(script, process.geteuid?.() === 0 ? { uid: OTHER_USER, cwd: '/' } : {})
    expect(await host.said('hit')).toBe(`true ${built.generation}`)
    // Another environment cannot be made there: why it was to be is in the error.
    const other = startHost(
      `
      const spec = ${JSON.stringify({ ...spec, requirements: ['tiny==2.0'] })}
      const ensuring = new pyferry.Provisioner({ home: ${JSON.stringify(place.home)} }).ensure(spec)
      const { facts, message } = await ensuring.catch((error) => error)
      say('refused', [facts.comparedWith, message].join(': '))
    `,
      process.geteuid?.() === 0 ? { uid: OTHER_USER, cwd: '/' } : {},
    )
    expect(await other.said('refused')).toMatch(
      new RegExp(`^${built.id}: .*; this environment was to be made in it \\(input-changed: source\\.packages\\)$`),
    )
  })

  test('that this user may not read is PERMISSION_DENIED, and says so', async () => {
    const place = makePlace()
    await place.ensure()
    for (const path of [place.folder, dirname(bundle)]) chmodSync(path, 0o755)
    chmodSync(place.home, 0)
    const script = `
      const home = ${JSON.stringify(place.home)}
      const error = await new pyferry.Provisioner({ home }).ensure().catch((error) => error)
      say('refused', error.code + ': ' + error.message)
    `
    const host = startHost(script, process.geteuid?.() === 0 ? { uid: OTHER_USER, cwd: '/' } : {})
    expect(await host.said('refused')).toBe(
      `ERR_PYFERRY_PERMISSION_DENIED: ${place.home} must be readable by this user, and is not`,
    )
  })

  test('a lease goes with release(), with Symbol.dispose, and with its process', async () => {
    const place = makePlace()
    const built = await place.ensure()
    built.release()
    built.release()
    expect(leasesOf(place, built)).toEqual([])
    ;(await place.ensure())[Symbol.dispose]()
    expect(leasesOf(place, built)).toEqual([])
    const spec = { python: testPython, backend: 'venv-pip' }
    const host = startHost(`
      await new pyferry.Provisioner({ home: ${JSON.stringify(place.home)} }).ensure(${JSON.stringify(spec)})
      say('has')
      process.stdin.once('data', () => process.exit(0))
    `)
    await host.said('has')
    expect(leasesOf(place, built)).toHaveLength(1)
    host.child.stdin?.write('go\n')
    await host.ended
    expect(leasesOf(place, built)).toEqual([])
  })
})

describe('I2: a published generation stays as it is', () => {
  test.each([
    ['the stamp is not whole', ({ prefix }: Environment) => writeFileSync(join(prefix, '.stamp.json'), '{')],
    ['the interpreter leads nowhere', ({ python }: Environment) => rmSync(python)],
    ['it is doomed', ({ prefix }: Environment) => writeFileSync(`${prefix}.doomed`, '')],
  ])('and when %s, another takes its place', async (_, damage) => {
    const place = makePlace()
    const one = await place.ensure()
    damage(one)
    const two = await place.ensure()
    expect(misses(place.events).at(-1)).toMatchObject({ reason: 'stamp-invalid' })
    expect(two).toMatchObject({ id: one.id, hit: false })
    expect(two.generation).not.toBe(one.generation)
    expect(existsSync(one.prefix)).toBe(true)
    expect(await place.ensure()).toEqual({ ...two, hit: true })
  })

  test('and refresh builds another beside it', async () => {
    const place = makePlace()
    const one = await place.ensure({ requirements: ['tiny'] })
    const before = snapshot(one.prefix)
    const two = await place.ensure({ requirements: ['tiny'] }, { refresh: true })
    expect(misses(place.events).at(-1)).toMatchObject({ reason: 'refresh' })
    expect(two).toMatchObject({ id: one.id, hit: false })
    expect(snapshot(one.prefix)).toEqual(before)
    expect(await place.ensure({ requirements: ['tiny'] })).toEqual({ ...two, hit: true })
  })
})

describe('E: a build that fails', () => {
  test('leaves nothing but its log, to which the error leads', async () => {
    const place = makePlace()
    const error = await place.ensure({ requirements: ['broken'] }).catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_PYFERRY_BUILD_FAILED', logPath: expect.stringMatching(/\.log$/) })
    expect(readFileSync(error.logPath, 'utf8')).toContain('Processing')
    const [id] = readdirSync(join(place.home, 'e'))
    expect(readdirSync(join(place.home, 'e', id as string))).toEqual(['failed.json'])
  })

  test('is tried again by whoever asks later', async () => {
    const place = makePlace()
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      await expect(place.ensure({ requirements: ['broken'] })).rejects.toMatchObject({
        code: 'ERR_PYFERRY_BUILD_FAILED',
      })
    }
    expect(misses(place.events)).toHaveLength(2)
  })

  test('fails those in the same program who waited for it, without building again', async () => {
    const place = makePlace()
    const asked = [1, 2, 3].map(() => place.ensure({ requirements: ['broken'] }))
    const outcomes = await Promise.allSettled(asked)
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(misses(place.events)).toHaveLength(1)
  })
})

describe('E: where the home is', () => {
  test('what is given, before PYFERRY_HOME, before the cache folder', () => {
    const env = { PYFERRY_HOME: '/from/variable', XDG_CACHE_HOME: '/from/xdg' }
    expect(chooseHome('given', env)).toEqual({ path: join(process.cwd(), 'given') })
    expect(chooseHome(undefined, env)).toEqual({ path: '/from/variable' })
    const folder = temporaryFolder()
    if (process.platform === 'linux') {
      expect(chooseHome(undefined, { XDG_CACHE_HOME: folder })).toEqual({ path: join(folder, 'pyferry') })
    }
  })

  test('a relative XDG_CACHE_HOME is none', () => {
    vi.stubEnv('HOME', temporaryFolder())
    expect(chooseHome(undefined, { XDG_CACHE_HOME: 'here' }).path).toContain(process.env.HOME)
  })

  test.each(['/', '/dev/null'])('an account whose folder is "%s" gets the temporary one, with a warning', (folder) => {
    vi.stubEnv('HOME', folder)
    const { path, warning } = chooseHome(undefined, {})
    expect(path).toMatch(new RegExp(`^${tmpdir()}/pyferry-\\d+$`))
    expect(warning).toContain(path)
  })
})

function openToRead(path: string): void {
  if (!lstatSync(path).isSymbolicLink()) chmodSync(path, lstatSync(path).isDirectory() ? 0o555 : 0o444)
}
