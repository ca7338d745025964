import {
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  type EnsureOptions,
  type Environment,
  type EnvironmentSpec,
  type ProvisionEvent,
  Provisioner,
  type ProvisionerOptions,
} from '../src/index.js'
import { ownIdentity } from '../src/process-identity.js'
import { mountDisk } from './fixtures/disks.js'
import { snapshot, temporaryFolder } from './fixtures/folders.js'
import { bundle, startHost } from './fixtures/host.js'
import { usePackagesOf } from './fixtures/pip-settings.js'
import { runPython, testPython } from './fixtures/pythons.js'
import { makeWheel, writeFiles } from './fixtures/wheels.js'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

const OTHER_USER = 65_534
const DAY_MS = 24 * 60 * 60 * 1000

interface Place {
  home: string
  provisioner: Provisioner
  ensure(spec?: EnvironmentSpec, options?: EnsureOptions): Promise<Environment>
}

/** A home, and packages `tiny` 1.0 and 2.0. */
function makePlace(options: ProvisionerOptions = {}): Place {
  const folder = temporaryFolder()
  usePackagesOf(
    writeFiles(join(folder, 'links'), [
      makeWheel({ name: 'tiny', version: '1.0' }),
      makeWheel({ name: 'tiny', version: '2.0' }),
    ]),
  )
  const home = options.home ?? join(folder, 'home')
  const provisioner = new Provisioner({ ...options, home })
  return { home, provisioner, ensure: (spec = {}, more) => provisioner.ensure({ ...minimal, ...spec }, more) }
}

const minimal = { python: testPython, backend: 'venv-pip' } as const

/** As if everything that has to do with the key had happened so long ago. */
function age({ home }: Place, { id }: { id: string }, ageMs: number): void {
  for (const folder of [join(home, 'e', id), join(home, 'u', id)]) {
    if (!existsSync(folder)) continue
    for (const name of readdirSync(folder)) setAge(join(folder, name), ageMs)
    setAge(folder, ageMs)
  }
  for (const name of readdirSync(join(home, 'e', id))) {
    const stamp = join(home, 'e', id, name, '.stamp.json')
    if (existsSync(stamp)) setAge(stamp, ageMs)
  }
}

/** Write until nothing more can be. */
function fill(path: string): void {
  const file = openSync(path, 'w')
  try {
    for (const size of [1 << 20, 1 << 12, 1]) {
      try {
        for (;;) writeSync(file, Buffer.alloc(size))
      } catch (error) {
        expect(error).toMatchObject({ code: 'ENOSPC' })
      }
    }
  } finally {
    closeSync(file)
  }
}

function setAge(path: string, ageMs: number): void {
  const time = new Date(Date.now() - ageMs)
  utimesSync(path, time, time)
}

/** A process that has a lease on what `spec` describes until its input ends. */
async function startUser({ home }: Place, spec: EnvironmentSpec = {}) {
  const host = startHost(`
    await new pyferry.Provisioner({ home: ${JSON.stringify(home)} }).ensure(${JSON.stringify({ ...minimal, ...spec })})
    say('has')
    process.stdin.resume()
  `)
  await host.said('has')
  return host
}

describe('E: prune', () => {
  test('removes what nobody has used for thirty days, as a whole', async () => {
    const place = makePlace()
    const old = await place.ensure({ requirements: ['tiny==1.0'] })
    const young = await place.ensure({ requirements: ['tiny==2.0'] })
    for (const each of [old, young]) each.release()
    age(place, old, 31 * DAY_MS)
    age(place, young, 29 * DAY_MS)
    const report = await place.provisioner.prune()
    expect(report).toMatchObject({
      removed: [{ what: 'generation', id: old.id, generation: old.generation, path: old.prefix, reason: 'unused' }],
      kept: [{ id: young.id, generation: young.generation, reason: 'current', pids: [] }],
      skipped: [],
    })
    expect(report.bytes).toEqual(report.removed[0]?.bytes)
    expect(report.bytes.logical).toBeGreaterThan(1_000)
    for (const folder of ['e', 'u', 'k']) {
      expect(readdirSync(join(place.home, folder)).map((name) => name.replace('.lock', ''))).toEqual([young.id])
    }
    expect(await place.ensure({ requirements: ['tiny==2.0'] })).toMatchObject({ hit: true })
    expect(await place.ensure({ requirements: ['tiny==1.0'] })).toMatchObject({ id: old.id, hit: false })
  })

  test('a use counts when it begins and when it ends', async () => {
    const place = makePlace()
    const built = await place.ensure()
    built.release()
    age(place, built, 31 * DAY_MS)
    const used = await place.ensure()
    used.release()
    expect((await place.provisioner.prune()).removed).toEqual([])
  })

  test('removes generations that were replaced, but for the newest, and those of the last ten minutes', async () => {
    const place = makePlace()
    const built: Environment[] = []
    for (const _ of [1, 2, 3, 4]) built.push(await place.ensure({}, { refresh: true }))
    for (const each of built) each.release()
    const [first, second, third, fourth] = built.map(({ generation }) => generation)
    const stampOf = (gen: string) => join(place.home, 'e', built[0]?.id as string, gen, '.stamp.json')
    for (const [minutes, gen] of [
      [13, first],
      [12, second],
      [11, third],
    ] as const) {
      setAge(stampOf(gen as string), minutes * 60_000)
    }
    const report = await place.provisioner.prune()
    expect(report.removed.map(({ generation, reason }) => [generation, reason])).toEqual([
      [second, 'superseded'],
      [first, 'superseded'],
    ])
    expect(report.kept.map(({ generation, reason }) => [generation, reason])).toEqual([
      [fourth, 'current'],
      [third, 'previous'],
    ])
    setAge(stampOf(third as string), 60_000)
    const none = new Provisioner({ home: place.home, collect: { keepPrevious: 0 } })
    expect((await none.prune()).kept.at(-1)).toMatchObject({ generation: third, reason: 'recent' })
    setAge(stampOf(third as string), 11 * 60_000)
    expect((await none.prune()).removed.map(({ generation }) => generation)).toEqual([third])
  })

  test('with dryRun tells the same, and leaves everything as it is', async () => {
    const place = makePlace()
    const built = await place.ensure({ requirements: ['tiny==1.0'] })
    const again = await place.ensure({ requirements: ['tiny==1.0'] }, { refresh: true })
    for (const each of [built, again]) each.release()
    const before = snapshot(place.home)
    const told = await place.provisioner.prune({ dryRun: true, maxAgeDays: 0 })
    expect(snapshot(place.home)).toEqual(before)
    expect(await place.provisioner.prune({ maxAgeDays: 0 })).toEqual(told)
    expect(told.removed.map(({ what }) => what)).toEqual(['generation', 'generation', 'tool'])
    expect(readdirSync(join(place.home, 'e'))).toEqual([])
  })

  test('tells as physical what the disk gets back: nothing of a file that has another name', async () => {
    const place = makePlace()
    const built = await place.ensure()
    built.release()
    const big = join(built.prefix, 'big')
    writeFileSync(big, Buffer.alloc(1_000_000))
    linkSync(big, join(built.prefix, 'big2'))
    const within = await place.provisioner.prune({ dryRun: true, maxAgeDays: 0 })
    expect(within.bytes.logical).toBeGreaterThan(2_000_000)
    expect(within.bytes.physical).toBeGreaterThan(1_000_000)
    expect(within.bytes.physical).toBeLessThan(2_000_000)
    linkSync(big, join(place.home, 'c', 'elsewhere'))
    expect((await place.provisioner.prune({ dryRun: true, maxAgeDays: 0 })).bytes.physical).toBeLessThan(1_000_000)
  })

  test('removes what killed programs left: generations without a stamp, temporary files, leases', async () => {
    const place = makePlace()
    const built = await place.ensure()
    built.release()
    const key = join(place.home, 'e', built.id)
    mkdirSync(join(key, 'g00000001', 'bin'), { recursive: true })
    writeFileSync(join(key, 'g00000001.building.json'), JSON.stringify({ ...ownIdentity(), startTime: '1' }))
    mkdirSync(join(key, 'g00000002'))
    writeFileSync(join(key, 'g00000002.building.json'), JSON.stringify(ownIdentity()))
    const temporary = '.tmp-0123456789abcdef'
    mkdirSync(join(place.home, 't', 'uv', temporary), { recursive: true })
    const paths = [join(place.home, temporary), join(key, temporary)]
    for (const path of paths) writeFileSync(path, '')
    const lease = join(place.home, 'u', built.id, `${built.generation}.1.0123456789ab.json`)
    writeFileSync(lease, JSON.stringify({ ...ownIdentity(), startTime: '1' }))
    const usedMs = statSync(dirname(lease)).mtimeMs
    for (const path of [...paths, join(place.home, 't', 'uv', temporary)]) setAge(path, 2 * DAY_MS)
    // A folder of tools has its time of arrival, which nobody can set back: it stays.
    const report = await place.provisioner.prune()
    expect(report.removed.map(({ path, reason }) => [path, reason])).toEqual([
      [join(key, 'g00000001'), 'unfinished'],
      [join(place.home, temporary), 'old'],
      [join(key, temporary), 'old'],
    ])
    expect(report.kept.map(({ generation, reason }) => [generation, reason])).toEqual([
      ['g00000002', 'building'],
      [built.generation, 'current'],
    ])
    expect(existsSync(lease)).toBe(false)
    // That was no use.
    expect(statSync(dirname(lease)).mtimeMs).toBeCloseTo(usedMs, 0)
  })

  test('keeps the newest twenty logs, and what is not a log of ours', async () => {
    const place = makePlace()
    const built = await place.ensure()
    built.release()
    const logs = join(place.home, 'log')
    for (let index = 0; index < 25; index += 1) {
      const path = join(logs, `${built.id}-g000000${String(index).padStart(2, '0')}.log`)
      writeFileSync(path, 'x')
      setAge(path, (index + 1) * 60_000)
    }
    writeFileSync(join(logs, 'other.log'), 'x')
    setAge(join(logs, 'other.log'), 100 * DAY_MS)
    const { removed } = await place.provisioner.prune()
    expect(removed.map(({ what }) => what)).toEqual(Array(6).fill('log'))
    expect(readdirSync(logs)).toHaveLength(21)
  })

  test('removes tools and Pythons that nothing was made with, once they have been there for long', async () => {
    const place = makePlace()
    const built = await place.ensure()
    built.release()
    const stamp = join(built.prefix, '.stamp.json')
    const pythons = join(place.home, 'py')
    const used = join(pythons, 'cpython-3.12.4-linux-x86_64-gnu')
    writeFileSync(
      stamp,
      readFileSync(stamp, 'utf8')
        .replace('"tools":{}', '"tools":{"uv":"0.9.18","pip":"25.3"}')
        .replace(/"prefix":"[^"]*","ownPrefix"/, `"prefix":"${used}","ownPrefix"`),
    )
    for (const name of ['0.9.17-linux-x64', '0.9.18-linux-x64', '0.13.9-linux-arm64']) {
      mkdirSync(join(place.home, 't', 'uv', name), { recursive: true })
    }
    for (const name of ['24.2-0123abcd', '25.3-0123abcd']) {
      mkdirSync(join(place.home, 't', 'pip', name), { recursive: true })
    }
    for (const folder of [used, join(pythons, 'cpython-3.11.9-linux-x86_64-gnu')])
      mkdirSync(folder, { recursive: true })
    symlinkSync('cpython-3.11.9-linux-x86_64-gnu', join(pythons, 'cpython-3.11-linux-x86_64-gnu'))
    expect((await place.provisioner.prune()).removed).toEqual([])
    vi.setSystemTime(Date.now() + 29 * DAY_MS)
    expect((await place.provisioner.prune()).removed).toEqual([])
    vi.setSystemTime(Date.now() + 2 * DAY_MS)
    const user = await place.ensure()
    const { removed, kept } = await place.provisioner.prune()
    vi.useRealTimers()
    expect(kept).toMatchObject([{ reason: 'in-use' }])
    expect(removed.map(({ what, path }) => [what, path])).toEqual([
      ['tool', join(place.home, 't', 'uv', '0.9.17-linux-x64')],
      ['tool', join(place.home, 't', 'pip', '24.2-0123abcd')],
      ['python', join(pythons, 'cpython-3.11.9-linux-x86_64-gnu')],
    ])
    expect(readdirSync(pythons)).toEqual(['cpython-3.12.4-linux-x86_64-gnu'])
    user.release()
  })

  test('touches nothing in a folder that is not a home', async () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'log'))
    writeFileSync(join(folder, '.tmp-0123456789abcdef'), '')
    setAge(join(folder, '.tmp-0123456789abcdef'), 2 * DAY_MS)
    const before = snapshot(folder)
    expect((await new Provisioner({ home: folder }).prune()).removed).toEqual([])
    expect(snapshot(folder)).toEqual(before)
    expect(await new Provisioner({ home: join(folder, 'absent') }).prune()).toMatchObject({ removed: [], kept: [] })
    expect(existsSync(join(folder, 'absent'))).toBe(false)
  })

  test('of a private folder is SPEC_INVALID', async () => {
    const provisioner = new Provisioner({ baseDir: temporaryFolder() })
    await expect(provisioner.prune()).rejects.toMatchObject({ code: 'ERR_PYFERRY_SPEC_INVALID' })
    await expect(provisioner.remove('aaaaaaaaaaaaaaaa')).rejects.toMatchObject({ code: 'ERR_PYFERRY_SPEC_INVALID' })
  })

  test('of a home of another user is HOME_UNSAFE, though it may be read', async () => {
    const place = makePlace()
    const built = await place.ensure()
    built.release()
    for (const path of [dirname(place.home), place.home, dirname(bundle)]) chmodSync(path, 0o755)
    chmodSync(join(place.home, 'HOME.json'), 0o644)
    const host = startHost(
      `
      const error = await new pyferry.Provisioner({ home: ${JSON.stringify(place.home)} }).prune().catch((thrown) => thrown)
      say('code', error.code)
    `,
      process.geteuid?.() === 0 ? { uid: OTHER_USER, cwd: '/' } : {},
    )
    if (process.geteuid?.() === 0) expect(await host.said('code')).toBe('ERR_PYFERRY_HOME_UNSAFE')
    expect(existsSync(built.prefix)).toBe(true)
  })

  test('of a home on a disk that is mounted for reading only is HOME_READ_ONLY, and dryRun tells all the same', async () => {
    const disk = mountDisk(32 * 1024 * 1024)
    const place = makePlace({ home: join(disk.path, 'home') })
    ;(await place.ensure()).release()
    disk.makeReadOnly()
    await expect(place.provisioner.prune({ maxAgeDays: 0 })).rejects.toMatchObject({
      code: 'ERR_PYFERRY_HOME_READ_ONLY',
    })
    expect((await place.provisioner.prune({ maxAgeDays: 0, dryRun: true })).removed).toHaveLength(1)
  })

  test('tells what could not be removed, goes on with the rest, and finishes the next time', async () => {
    const place = makePlace()
    const one = await place.ensure({ requirements: ['tiny==1.0'] })
    const two = await place.ensure({ requirements: ['tiny==2.0'] })
    for (const each of [one, two]) each.release()
    mkdirSync(join(one.prefix, 'mounted'))
    const disk = mountDisk(4096, join(one.prefix, 'mounted'))
    const report = await place.provisioner.prune({ maxAgeDays: 0 })
    expect(report.removed).toMatchObject([{ generation: two.generation }])
    expect(report.skipped).toMatchObject([
      {
        id: one.id,
        generation: one.generation,
        path: one.prefix,
        reason: 'failed',
        message: expect.stringContaining('EBUSY'),
      },
    ])
    // Half of it is gone: nobody takes it for whole.
    expect(await place.ensure({ requirements: ['tiny==1.0'] })).toMatchObject({ id: one.id, hit: false })
    disk.unmount()
    expect((await place.provisioner.prune()).removed).toMatchObject([{ generation: one.generation, reason: 'doomed' }])
    expect(existsSync(one.prefix)).toBe(false)
  })

  test('makes room on a full disk', async () => {
    const disk = mountDisk(16 * 1024 * 1024)
    const place = makePlace({ home: join(disk.path, 'home') })
    ;(await place.ensure()).release()
    fill(join(disk.path, 'ballast'))
    const { removed, skipped } = await place.provisioner.prune({ maxAgeDays: 0 })
    expect([removed, skipped]).toMatchObject([[{ reason: 'unused' }], []])
    expect(readdirSync(join(disk.path, 'home', 'e'))).toEqual([])
  })

  test('ends between two removals when its signal is aborted', async () => {
    const place = makePlace()
    for (const requirements of [['tiny==1.0'], ['tiny==2.0']]) (await place.ensure({ requirements })).release()
    const controller = new AbortController()
    const onEvent = (event: ProvisionEvent) => event.type === 'progress' && controller.abort(new Error('enough'))
    await expect(place.provisioner.prune({ maxAgeDays: 0, signal: controller.signal, onEvent })).rejects.toMatchObject({
      code: 'ERR_PYFERRY_ABORTED',
      cause: { message: 'enough' },
    })
    expect(readdirSync(join(place.home, 'e'))).toHaveLength(1)
  })

  test.each([
    ['maxAgeDays', -1],
    ['maxAgeDays', '30'],
    ['dryRun', 'yes'],
    ['force', true],
  ])('refuses %s: %s', async (option, value) => {
    await expect(makePlace().provisioner.prune({ [option]: value })).rejects.toMatchObject({
      code: 'ERR_PYFERRY_OPTION',
      option,
    })
  })
})

describe('I4: nothing under a live lease is removed', () => {
  test('neither of this process, nor of another that lives; nor a generation that was replaced', async () => {
    const place = makePlace()
    const first = await startUser(place)
    const second = await place.ensure({}, { refresh: true })
    age(place, second, 31 * DAY_MS)
    const report = await place.provisioner.prune({ maxAgeDays: 0 })
    expect(report.removed).toEqual([])
    expect(report.kept).toMatchObject([
      { reason: 'in-use', pids: [expect.any(Number)] },
      { reason: 'in-use', pids: [expect.any(Number)] },
    ])
    expect(new Set(report.kept.flatMap(({ pids }) => pids))).toEqual(new Set([process.pid, first.child.pid]))
    expect(runPython(second.python, 'print(1)')).toBe('1')
    second.release()
    first.child.stdin?.end()
    await first.ended
    expect((await place.provisioner.prune({ maxAgeDays: 0 })).removed).toHaveLength(2)
  })

  test('a lease goes with its process, also when that is killed', async () => {
    const place = makePlace()
    const user = await startUser(place)
    user.child.kill('SIGKILL')
    await user.ended
    expect((await place.provisioner.prune({ maxAgeDays: 0 })).removed).toHaveLength(1)
    expect(readdirSync(join(place.home, 'u'))).toEqual([])
  })

  test.each([
    ['of this machine before it was started anew', { bootId: 'another' }, 0, 'removed'],
    ['of a process whose number another has now', { startTime: '1' }, 0, 'removed'],
    ['of another machine', { host: `${hostname()}-other` }, 0, 'kept'],
    ['of another container', { pidNamespace: 'pid:[1]' }, 23, 'kept'],
    ['of another machine that has not renewed it for a day', { host: `${hostname()}-other` }, 25, 'removed'],
    ['of another container that has not renewed it for a day', { pidNamespace: 'pid:[1]' }, 25, 'removed'],
    ['that was cut off by a crash', 'half', 0, 'kept'],
    ['that was cut off by a crash, a day later', 'half', 25, 'removed'],
  ] as const)('a lease %s', async (_, identity, ageHours, fate) => {
    const place = makePlace()
    const built = await place.ensure()
    built.release()
    const lease = join(place.home, 'u', built.id, `${built.generation}.${process.pid}.0123456789ab.json`)
    writeFileSync(lease, identity === 'half' ? '{"host":' : JSON.stringify({ ...ownIdentity(), ...identity }))
    setAge(lease, ageHours * 60 * 60 * 1000)
    const report = await place.provisioner.prune({ maxAgeDays: 0 })
    expect(fate === 'kept' ? report.kept : report.removed).toMatchObject([{ generation: built.generation }])
    expect(existsSync(built.prefix)).toBe(fate === 'kept')
  })

  test('while somebody builds it, the key is left alone', async () => {
    const place = makePlace()
    const built = await place.ensure()
    built.release()
    age(place, built, 31 * DAY_MS)
    const host = startHost(`
      const provisioner = new pyferry.Provisioner({ home: ${JSON.stringify(place.home)} })
      const onEvent = (event) => event.type === 'phase' && event.phase === 'create' && event.state === 'start' && say('builds')
      await provisioner.ensure(${JSON.stringify(minimal)}, { refresh: true, onEvent })
      process.stdin.resume()
    `)
    await host.said('builds')
    host.child.kill('SIGSTOP')
    const report = await place.provisioner.prune()
    const error = await place.provisioner.remove(built.id, { force: true }).catch((thrown) => thrown)
    host.child.kill('SIGKILL')
    expect(report.removed).toEqual([])
    expect(error).toMatchObject({ code: 'ERR_PYFERRY_ENV_IN_USE', facts: { pids: [host.child.pid] } })
  })
})

describe('E: a collector that was killed', () => {
  const dead = { ...ownIdentity(), startTime: '1' }

  test.each([
    ['after its mark', () => {}],
    ['after the stamp', (prefix: string) => writeFileSync(join(prefix, '.stamp.json'), '')],
  ])('%s: the next one finishes', async (_, damage) => {
    const place = makePlace()
    const built = await place.ensure()
    built.release()
    damage(built.prefix)
    writeFileSync(`${built.prefix}.doomed`, JSON.stringify(dead))
    const { removed } = await place.provisioner.prune()
    expect(removed).toMatchObject([{ generation: built.generation, reason: 'doomed' }])
    expect(readdirSync(join(place.home, 'e', built.id))).toEqual(['spec.json'])
    expect(await place.ensure()).toMatchObject({ hit: false })
  })

  test('when somebody has a lease on it, finishing waits for that', async () => {
    const place = makePlace()
    const user = await startUser(place)
    const [id = ''] = readdirSync(join(place.home, 'e'))
    const { gen } = JSON.parse(readFileSync(join(place.home, 'e', id, 'current.json'), 'utf8'))
    writeFileSync(join(place.home, 'e', id, `${gen}.doomed`), JSON.stringify(dead))
    expect((await place.provisioner.prune()).kept).toMatchObject([{ generation: gen, reason: 'in-use' }])
    // Nobody new gets it meanwhile.
    const next = await place.ensure()
    expect(next.generation).not.toBe(gen)
    user.child.kill('SIGKILL')
    await user.ended
    expect((await place.provisioner.prune()).removed).toMatchObject([{ generation: gen, reason: 'doomed' }])
  })

  test('one that lives and holds no lock is left to it', async () => {
    const place = makePlace()
    const built = await place.ensure()
    built.release()
    writeFileSync(`${built.prefix}.doomed`, JSON.stringify(ownIdentity()))
    const { removed, skipped } = await place.provisioner.prune()
    expect(removed).toEqual([])
    expect(skipped).toMatchObject([{ generation: built.generation, reason: 'taken' }])
    expect(existsSync(built.prefix)).toBe(true)
  })
})

describe('E: remove', () => {
  test('takes one environment away, whenever it was used', async () => {
    const place = makePlace()
    const one = await place.ensure({ requirements: ['tiny==1.0'] })
    const two = await place.ensure({ requirements: ['tiny==2.0'] })
    one.release()
    expect(await place.provisioner.remove(one.id)).toMatchObject({
      removed: [{ id: one.id, generation: one.generation, reason: 'asked' }],
    })
    expect(readdirSync(join(place.home, 'e'))).toEqual([two.id])
    expect(await place.provisioner.remove(one.id)).toEqual({ removed: [], bytes: { logical: 0, physical: 0 } })
  })

  test('of one that is in use names the processes, unless it is forced', async () => {
    const place = makePlace()
    const user = await startUser(place)
    const built = await place.ensure()
    const error = await place.provisioner.remove(built.id).catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_PYFERRY_ENV_IN_USE', retryable: true, facts: { id: built.id } })
    expect(new Set(error.facts.pids)).toEqual(new Set([process.pid, user.child.pid]))
    expect(existsSync(built.prefix)).toBe(true)
    expect(await place.provisioner.remove(built.id, { force: true })).toMatchObject({ removed: [{ id: built.id }] })
    expect(existsSync(built.prefix)).toBe(false)
    expect(await place.ensure()).toMatchObject({ id: built.id, hit: false })
  })

  test('of what is no id is refused at the door', async () => {
    const { provisioner } = makePlace()
    await expect(provisioner.remove('../../etc')).rejects.toMatchObject({ code: 'ERR_PYFERRY_OPTION', option: 'id' })
  })
})
