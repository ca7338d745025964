/** One home and several programs: each here is a process of its own. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type EnsureOptions, type EnvironmentSpec, type ProvisionEvent, Provisioner } from '../src/index.js'
import { isGroupAlive } from '../src/process-group.js'
import { temporaryFolder } from './fixtures/folders.js'
import { type Host, startHost } from './fixtures/host.js'
import { usePackagesOf } from './fixtures/pip-settings.js'
import { listUsers, until } from './fixtures/processes.js'
import { runPython, testPython } from './fixtures/pythons.js'
import { testUv } from './fixtures/uv.js'
import { makeSource, makeWheel, writeFiles } from './fixtures/wheels.js'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.useRealTimers()
})

/** A build that never ends, for whoever comes first: it leaves its group in the file `mark`. Later ones work. */
const STUCK = `
import os, shutil, subprocess, sys, time
try:
    mark = os.open(os.environ["MARK"] + ".new", os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    os.write(mark, str(os.getpgrp()).encode())
    os.rename(os.environ["MARK"] + ".new", os.environ["MARK"])
    open(os.environ["MARK"] + ".new", "w").close()
    time.sleep(600)
except FileExistsError:
    pass
def build_wheel(folder, settings=None, metadata=None):
    shutil.copy(os.environ["WHEEL"], folder)
    return os.path.basename(os.environ["WHEEL"])
`

/** A module that never ends, and leaves its group in the file `mark`. */
const HANGING = `
import os, time
with open(os.environ["MARK"] + ".new", "w") as mark: mark.write(str(os.getpgrp()))
os.rename(os.environ["MARK"] + ".new", os.environ["MARK"])
time.sleep(600)
`

/** A build that waits until the file `gate` is there, and does what that says. */
const GATED = `
import os, shutil, time
open(os.environ["MARK"], "w").close()
while not os.path.exists(os.environ["GATE"]): time.sleep(0.01)
if open(os.environ["GATE"]).read() == "fail": raise SystemExit("the gate says no")
def build_wheel(folder, settings=None, metadata=None):
    shutil.copy(os.environ["WHEEL"], folder)
    return os.path.basename(os.environ["WHEEL"])
`

type BackendOption = NonNullable<EnvironmentSpec['backend']>

interface Place {
  home: string
  mark: string
  gate: string
  /** What every ask begins with. */
  spec: EnvironmentSpec
  provisioner: Provisioner
  options: { home: string; uvPath?: string }
}

interface Answer {
  id?: string
  generation?: string
  prefix?: string
  python?: string
  hit?: boolean
  code?: string
  message?: string
  /** Reasons of what it has begun to build. */
  misses: string[]
  warnings: string[]
}

interface Asker extends Host {
  answer(): Promise<Answer>
}

/** A home, and packages: `tiny`, `hanging`, and `slow` of two versions that are built from source. */
function makePlace(backend: BackendOption = 'uv'): Place {
  const folder = temporaryFolder()
  const wheel = makeWheel({ name: 'slow', version: '1.0' })
  const links = writeFiles(join(folder, 'links'), [
    makeWheel({ name: 'tiny', version: '1.0' }),
    makeWheel({ name: 'hanging', version: '1.0', files: { 'hanging.py': HANGING } }),
    makeSource('slow', '1.0', STUCK),
    makeSource('slow', '2.0', GATED),
  ])
  writeFiles(join(folder, 'wheels'), [wheel, makeWheel({ name: 'slow', version: '2.0' })])
  usePackagesOf(links)
  const [mark, gate, home] = [join(folder, 'mark'), join(folder, 'gate'), join(folder, 'home')]
  vi.stubEnv('MARK', mark)
  vi.stubEnv('GATE', gate)
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'))
  vi.stubEnv('TMPDIR', temporaryFolder())
  const options = { home, ...(backend === 'uv' && { uvPath: testUv() }) }
  return { home, mark, gate, spec: { python: testPython, backend }, provisioner: new Provisioner(options), options }
}

/** Environments with a build that never ends for whoever comes first, or that waits for the gate. */
function stuck(place: Place): EnvironmentSpec {
  return withWheel(place, '1.0')
}

function gated(place: Place): EnvironmentSpec {
  return withWheel(place, '2.0')
}

function withWheel({ home, spec }: Place, version: string): EnvironmentSpec {
  vi.stubEnv('WHEEL', join(home, '..', 'wheels', `slow-${version}-py3-none-any.whl`))
  return { ...spec, requirements: [`slow==${version}`] }
}

/** Let the next build be as the first: installers keep what they have built. */
function forgetBuild({ home, mark, gate }: Place): void {
  const caches = [join(home, '..', 'cache'), join(home, 'c', 'pip'), join(home, 'c', 'uv')]
  for (const path of [...caches, mark, `${mark}.new`, gate]) rmSync(path, { recursive: true, force: true })
}

/** A process that asks once it is told `go`, says `waits` when it does, and ends with its answer; `abort` aborts it. */
function startAsker({ options }: Place, spec: EnvironmentSpec, ensureOptions: EnsureOptions = {}): Asker {
  const host = startHost(`
    const stop = new AbortController()
    const answer = { misses: [], warnings: [] }
    const onEvent = (event) => {
      if (event.type === 'miss') answer.misses.push(event.reason)
      if (event.type === 'warning') answer.warnings.push(event.code)
      if (event.type === 'phase' && event.phase === 'lock-wait') say('waits')
    }
    const provisioner = new pyferry.Provisioner(${JSON.stringify(options)})
    say('ready')
    await heard('go')
    void heard('abort').then(() => stop.abort())
    try {
      const options = { ...${JSON.stringify(ensureOptions)}, onEvent, signal: stop.signal }
      const { id, generation, prefix, python, hit } = await provisioner.ensure(${JSON.stringify(spec)}, options)
      Object.assign(answer, { id, generation, prefix, python, hit })
    } catch ({ code, message }) {
      Object.assign(answer, { code, message })
    }
    say('answer', answer)
    process.exit()
  `)
  return { ...host, answer: async () => JSON.parse(await host.said('answer')) as Answer }
}

function go(...askers: Asker[]): void {
  for (const asker of askers) asker.tell('go')
}

async function askAtOnce(askers: readonly Asker[]): Promise<Answer[]> {
  await Promise.all(askers.map(({ said }) => said('ready')))
  go(...askers)
  return await Promise.all(askers.map((asker) => asker.answer()))
}

/** What is in the one key folder that there is, or in that of `id`. */
function listKey({ home }: Place, id = readdirSync(join(home, 'e'))[0] as string): string[] {
  const folder = join(home, 'e', id)
  return existsSync(folder) ? readdirSync(folder).sort() : []
}

const eight = [1, 2, 3, 4, 5, 6, 7, 8]

describe('E-5: of programs that ask at the same time', () => {
  test('eight who ask one new question build once, and get the same', async () => {
    const place = makePlace('venv-pip')
    const spec = { ...place.spec, requirements: ['tiny==1.0'] }
    const answers = await askAtOnce(eight.map(() => startAsker(place, spec)))
    const [generation, ...others] = new Set(answers.map((answer) => answer.generation))
    expect(others).toEqual([])
    expect(answers.flatMap(({ misses }) => misses)).toEqual(['absent'])
    expect(answers.filter(({ hit }) => hit === false)).toHaveLength(1)
    expect(listKey(place)).toEqual(['current.json', generation, 'spec.json'])
  })

  test('eight who ask eight questions each get their own', async () => {
    const place = makePlace()
    const askers = eight.map((number) => startAsker(place, { ...place.spec, extra: { tenant: `${number}` } }))
    const answers = await askAtOnce(askers)
    expect(new Set(answers.map(({ id }) => id)).size).toBe(8)
    for (const { prefix, python, hit } of answers) {
      expect(hit).toBe(false)
      expect(runPython(python as string, 'import sys; print(sys.prefix)')).toBe(prefix)
    }
  })

  test('all fail as the one that builds does, and nobody repeats it', async () => {
    const place = makePlace()
    const spec = gated(place)
    const builder = startAsker(place, spec)
    go(builder)
    await until(() => existsSync(place.mark))
    const waiters = [1, 2, 3].map(() => startAsker(place, spec))
    go(...waiters)
    await Promise.all(waiters.map(({ said }) => said('waits')))
    writeFileSync(place.gate, 'fail')
    const [first, ...rest] = await Promise.all([builder, ...waiters].map((asker) => asker.answer()))
    expect(first).toMatchObject({ code: 'ERR_PYFERRY_BUILD_FAILED', misses: ['absent'] })
    for (const { code, message, misses } of rest) {
      expect({ code, message, misses }).toEqual({ code: first?.code, message: first?.message, misses: [] })
    }
    // Whoever asks later tries again.
    writeFileSync(place.gate, 'work')
    const later = startAsker(place, spec)
    go(later)
    expect(await later.answer()).toMatchObject({ hit: false, misses: ['absent'] })
  })

  test('the one whose lock-wait ends in LOCK_TIMEOUT leaves the builder alone', async () => {
    const place = makePlace()
    const spec = gated(place)
    const builder = startAsker(place, spec)
    go(builder)
    await until(() => existsSync(place.mark))
    const waiter = startAsker(place, { ...spec, lockTimeoutMs: 50 })
    go(waiter)
    const { code, message } = await waiter.answer()
    expect(code).toBe('ERR_PYFERRY_LOCK_TIMEOUT')
    expect(message).toContain(`process ${builder.child.pid} `)
    writeFileSync(place.gate, 'work')
    expect(await builder.answer()).toMatchObject({ hit: false })
  })
})

describe('E-5: a builder that is lost', () => {
  test.each(['venv-pip', 'uv'] as const)(
    'killed: it is gone with its installers, and a waiter builds (%s)',
    async (backend) => {
      const place = makePlace(backend)
      const spec = stuck(place)
      const [builder, waiter] = [startAsker(place, spec), startAsker(place, spec)]
      go(builder)
      await until(() => existsSync(place.mark))
      const group = Number(readFileSync(place.mark, 'utf8'))
      expect(isGroupAlive(group)).toBe(true)
      const [unfinished] = listKey(place)
      go(waiter)
      await waiter.said('waits')
      builder.child.kill('SIGKILL')
      await until(() => !isGroupAlive(group))
      const { generation, hit, misses } = await waiter.answer()
      expect({ hit, misses }).toEqual({ hit: false, misses: ['absent'] })
      expect(unfinished).not.toBe(generation)
      expect(listKey(place)).toEqual(['current.json', generation, 'spec.json'])
      await waiter.ended
      await until(() => listUsers(place.home).length === 0)
    },
  )

  test('killed while it looks at what it has built: a module that never ends goes with it', async () => {
    const place = makePlace()
    const builder = startAsker(place, { ...place.spec, requirements: ['hanging'], imports: ['hanging'] })
    go(builder)
    await until(() => existsSync(place.mark))
    const group = Number(readFileSync(place.mark, 'utf8'))
    expect(isGroupAlive(group)).toBe(true)
    builder.child.kill('SIGKILL')
    await until(() => !isGroupAlive(group) && listUsers(place.home).length === 0)
  })

  test('aborted: it leaves nothing, and a waiter builds', async () => {
    const place = makePlace()
    const spec = stuck(place)
    const [builder, waiter] = [startAsker(place, spec), startAsker(place, spec)]
    go(builder)
    await until(() => existsSync(place.mark))
    go(waiter)
    await waiter.said('waits')
    builder.tell('abort')
    expect(await builder.answer()).toMatchObject({ code: 'ERR_PYFERRY_ABORTED' })
    expect(isGroupAlive(Number(readFileSync(place.mark, 'utf8')))).toBe(false)
    const { generation, hit, misses } = await waiter.answer()
    expect({ hit, misses }).toEqual({ hit: false, misses: ['absent'] })
    expect(listKey(place)).toEqual(['current.json', generation, 'spec.json'])
  })

  test('timed out: a waiter builds', async () => {
    const place = makePlace()
    const spec = stuck(place)
    const waiter = startAsker(place, spec)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const building = place.provisioner.ensure({ ...spec, buildTimeoutMs: 60_000 }).catch((error) => error)
    await until(() => existsSync(place.mark))
    go(waiter)
    await waiter.said('waits')
    vi.advanceTimersByTime(60_000)
    expect(await building).toMatchObject({ code: 'ERR_PYFERRY_TIMEOUT' })
    expect(await waiter.answer()).toMatchObject({ hit: false, misses: ['absent'] })
  })

  test('is swept by the next build of the key, also when nobody waited', async () => {
    const place = makePlace()
    const spec = stuck(place)
    const builder = startAsker(place, spec)
    go(builder)
    await until(() => existsSync(place.mark))
    builder.child.kill('SIGKILL')
    await builder.ended
    await until(() => listUsers(place.home).length === 0)
    expect(listKey(place).filter((name) => name.endsWith('.building.json'))).toHaveLength(1)
    const { generation } = await place.provisioner.ensure(spec)
    expect(listKey(place)).toEqual(['current.json', generation, 'spec.json'])
  })
})

describe('E-5: a refresh', () => {
  test('by two at once is one, when the second asks while the first builds', async () => {
    const place = makePlace()
    const spec = gated(place)
    writeFileSync(place.gate, 'work')
    const before = await place.provisioner.ensure(spec)
    forgetBuild(place)
    const [first, second] = [1, 2].map(() => startAsker(place, spec, { refresh: true })) as [Asker, Asker]
    go(first)
    await until(() => existsSync(place.mark))
    go(second)
    await second.said('waits')
    writeFileSync(place.gate, 'work')
    const built = await first.answer()
    expect(built).toMatchObject({ hit: false, misses: ['refresh'] })
    expect(built.generation).not.toBe(before.generation)
    expect(await second.answer()).toMatchObject({ hit: true, misses: [], generation: built.generation })
  })

  test('that waits for one that is killed does it itself, and does not take the old for the new', async () => {
    const place = makePlace()
    const spec = stuck(place)
    writeFileSync(`${place.mark}.new`, '')
    const before = await place.provisioner.ensure(spec)
    forgetBuild(place)
    const [first, second] = [1, 2].map(() => startAsker(place, spec, { refresh: true })) as [Asker, Asker]
    go(first)
    await until(() => existsSync(place.mark))
    go(second)
    await second.said('waits')
    first.child.kill('SIGKILL')
    const answer = await second.answer()
    expect(answer).toMatchObject({ hit: false, misses: ['refresh'] })
    expect(answer.generation).not.toBe(before.generation)
    expect(existsSync(before.prefix)).toBe(true)
  })

  test.each(['home', 'baseDir'] as const)(
    'that waits in one program for one that is aborted does it itself (%s)',
    async (kind) => {
      const place = makePlace()
      const spec = stuck(place)
      writeFileSync(`${place.mark}.new`, '')
      const provisioner =
        kind === 'home' ? place.provisioner : new Provisioner({ baseDir: `${place.home}-private`, uvPath: testUv() })
      const before = await provisioner.ensure(spec)
      forgetBuild(place)
      const stop = new AbortController()
      const first = provisioner.ensure(spec, { refresh: true, signal: stop.signal })
      await until(() => existsSync(place.mark))
      const second = provisioner.ensure(spec, { refresh: true })
      stop.abort()
      await expect(first).rejects.toMatchObject({ code: 'ERR_PYFERRY_ABORTED' })
      const { hit, generation } = await second
      expect(hit).toBe(false)
      expect(generation).not.toBe(before.generation)
    },
  )
})

describe('I3: without a lock', () => {
  test('builds of one key go on side by side, and each gets one that stays', async () => {
    const place = makePlace()
    const spec = gated(place)
    writeFileSync(place.gate, 'work')
    const { id } = await place.provisioner.ensure(spec)
    forgetBuild(place)
    rmSync(join(place.home, 'e', id), { recursive: true })
    rmSync(join(place.home, 'k', `${id}.lock`))
    mkdirSync(join(place.home, 'k', `${id}.lock`))
    const askers = [1, 2, 3].map(() => startAsker(place, spec))
    go(...askers)
    await until(() => listKey(place, id).filter((name) => name.endsWith('.requirements.txt')).length === 3)
    writeFileSync(place.gate, 'work')
    const answers = await Promise.all(askers.map((asker) => asker.answer()))
    for (const { hit, warnings, python, prefix } of answers) {
      expect([hit, warnings[0]]).toEqual([false, 'no-lock'])
      expect(runPython(python as string, 'import sys, slow; print(sys.prefix, slow.__version__)')).toBe(`${prefix} 2.0`)
    }
    const generations = answers.map(({ generation }) => generation as string)
    expect(new Set(generations).size).toBe(3)
    expect(listKey(place, id)).toEqual(['current.json', ...generations.sort(), 'spec.json'])
    const { hit, generation } = await place.provisioner.ensure(spec)
    expect(hit).toBe(true)
    expect(generations).toContain(generation)
  })

  test('a builder whose helper is killed is warned, and publishes all the same', async () => {
    const place = makePlace()
    const spec = gated(place)
    const events: ProvisionEvent[] = []
    const building = place.provisioner.ensure(spec, { onEvent: (event) => events.push(event) })
    await until(() => existsSync(place.mark))
    for (const pid of listUsers(join(place.home, 'k'))) process.kill(pid, 'SIGKILL')
    const other = startAsker(place, spec)
    go(other)
    await until(() => listKey(place).filter((name) => name.endsWith('.building.json')).length === 2)
    writeFileSync(place.gate, 'work')
    const [built, answer] = await Promise.all([building, other.answer()])
    expect(events).toContainEqual(expect.objectContaining({ type: 'warning', code: 'lock-lost' }))
    expect(answer).toMatchObject({ hit: false, misses: ['absent'] })
    for (const python of [built.python, answer.python as string]) {
      expect(runPython(python, 'import slow; print(slow.__version__)')).toBe('2.0')
    }
  })
})
