/**
 * Leases against the collector, and nothing else: environments with nothing in them, made in a tenth of a second, that some take and let
 * go of in every way there is, while others remove whatever nobody has. Once at random, with kills, and once step by step. The long run
 * is `pnpm storm`.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type ProvisionEvent, Provisioner } from '../src/index.js'
import { beforeFileSteps, type Gate, gateBefore } from './fixtures/file-steps.js'
import { temporaryFolder } from './fixtures/folders.js'
import { bundleSource, type Host, startHost } from './fixtures/host.js'
import { type HistoryEntry, judgeHistory, judgeHome, judgeTemporary, observe } from './fixtures/judge.js'
import { listUsers, until } from './fixtures/processes.js'
import { runPython, testPython } from './fixtures/pythons.js'
import { isLongStorm, makeRandom, pruneAll, stormKills, stormSeed, sweepLater } from './fixtures/storm.js'

afterEach(() => vi.unstubAllEnvs())

const judgeModule = pathToFileURL(bundleSource('test/fixtures/judge')).href

/** Of the standard library, and with a version: there is nothing else in these. */
const MODULE = 'json'
const version = runPython(testPython, `import ${MODULE}; print(${MODULE}.__version__)`)

const specOf = (name: string) => ({ python: testPython, backend: 'venv-pip', install: false, extra: { name } }) as const

test('I4: what somebody has a lease on stays as it is, however it is let go of and whoever collects', async () => {
  const kills = stormKills(8)
  const random = makeRandom(stormSeed('collect'))
  const folder = temporaryFolder()
  const place = { home: join(folder, 'home'), history: join(folder, 'history'), failures: join(folder, 'failures') }
  const temporary = temporaryFolder()
  vi.stubEnv('TMPDIR', temporary)
  const starters = [startUser, startUser, startUser, startCollector, startCollector]
  const hosts = starters.map((start) => start(place, random()))
  for (let kill = 0; kill < kills; kill += 1) {
    const number = Math.floor(random() * starters.length)
    const host = hosts[number] as Host
    // One that has ended by itself, with what it held, is one too.
    await Promise.race([host.said('begins'), host.ended])
    await new Promise((resolve) => setTimeout(resolve, random() * 300))
    host.child.kill('SIGKILL')
    await host.ended
    hosts[number] = (starters[number] as typeof startUser)(place, random())
  }
  // Those that were collected and then made anew: without any, nothing was tried.
  await until(() => readHistory(place).filter(({ hit }) => !hit).length >= names.length + kills / 4)
  for (const host of hosts) host.tell('end')
  await Promise.all(hosts.map(({ ended }) => ended))
  await until(() => listUsers(place.home).length === 0)

  expect(readLines(place.failures)).toEqual([])
  expect(judgeHistory(readHistory(place))).toEqual([])

  const provisioner = new Provisioner({ home: place.home })
  await pruneAll(provisioner, place.home)
  // What somebody was about to write when it was killed may be somebody's until it is a day old.
  for (const each of readdirSync(join(place.home, 'e'))) {
    for (const name of readdirSync(join(place.home, 'e', each))) expect(name).toMatch(/^\.tmp-[0-9a-f]{16}$/)
  }
  await sweepLater(place.home)
  expect(judgeHome(place.home)).toEqual([])
  expect(judgeTemporary(temporary)).toEqual([])
  await provisioner.prune({ maxAgeDays: 0 })
  for (const each of ['e', 'k', 'u']) expect(readdirSync(join(place.home, each)), each).toEqual([])
}, 1_200_000)

describe('one of each, stopped at their steps', () => {
  test.each([
    ['use', '.'],
    // The quick run: until it has made sure that the folder of the key is there, of which it has no lock yet.
    ['refresh', isLongStorm ? '.' : '^lstat.* .*/[a-z2-7]{16}$'],
  ] as const)(
    'I4: a %s that a whole collection comes between ends with what is there',
    async (kind, last) => {
      const pair = new Pair()
      const steps = await pair.listSteps(kind)
      const end = steps.findLastIndex((step) => new RegExp(last).test(step))
      expect(end).toBeGreaterThan(2)
      for (let number = 0; number <= end; number += 1) {
        const use = await pair.start(kind, number)
        await use.host.said('stopped')
        await pair.provisioner.prune({ maxAgeDays: 0 })
        use.gate.open()
        expect(await use.host.said('has'), `stopped before step ${number}`).toBe(await use.host.said('expects'))
        await use.host.ended
      }
    },
    600_000,
  )

  test('I3: a build that has lost its lock, and that a whole collection comes between then, ends with what is there', async () => {
    const pair = new Pair()
    const steps = await pair.listSteps('refresh')
    // The quick run: from where it has a stamp, since before that it has no need of a lease.
    const stamped = steps.findIndex((step) => /^rename .*\/g[0-9a-f]{8}\//.test(step))
    expect(stamped).toBeGreaterThan(2)
    for (let number = isLongStorm ? 0 : stamped; number < steps.length; number += 1) {
      const use = await pair.start('refresh', number)
      await use.host.said('stopped')
      for (const pid of listUsers(join(pair.home, 'k'))) process.kill(pid, 'SIGKILL')
      await until(() => listUsers(join(pair.home, 'k')).length === 0)
      await pair.provisioner.prune({ maxAgeDays: 0 })
      use.gate.open()
      expect(await use.host.said('has'), `stopped before step ${number}`).toBe(await use.host.said('expects'))
      await use.host.ended
    }
  }, 600_000)

  test('I4: a collection that a use comes between, at any of its steps, leaves what is used', async () => {
    const pair = new Pair()
    const steps = await pair.listSteps('collection')
    for (const number of isLongStorm ? steps.keys() : told(steps)) {
      const { host, gate } = await pair.start('collection', number)
      await host.said('stopped')
      // It has the lock: when that is waited for, it has to go on.
      const onEvent = (event: ProvisionEvent) => {
        if (event.type === 'phase' && event.phase === 'lock-wait') gate.open()
      }
      const environment = await pair.provisioner.ensure(specOf('a'), { onEvent })
      const before = observe(environment, MODULE)
      gate.open()
      await host.ended
      expect(before.seen, `stopped before step ${number}`).toBe(`${environment.prefix} ${version}`)
      expect(observe(environment, MODULE), `stopped before step ${number}`).toEqual(before)
      environment.release()
    }
  }, 600_000)

  test('I4: a use that begins after leases were looked for, and ends after all is gone, does not believe it', async () => {
    const pair = new Pair()
    const steps = await pair.listSteps('collection')
    const looked = steps.findIndex((step, number) => number > begin(steps) && step.startsWith('readdir ')) + 1
    const uses = await pair.listSteps('use')
    // The quick run: between the last look for leases and the first removal, before the lease and each look that decides.
    const deciding = [...uses.keys()].filter((number) => /^write|\.doomed$|\.stamp\.json$/.test(uses[number] as string))
    expect(deciding).toHaveLength(3)
    for (const where of isLongStorm ? told(steps).filter((number) => number >= looked) : [looked]) {
      for (const number of isLongStorm ? uses.keys() : deciding) {
        const collection = await pair.start('collection', where)
        await collection.host.said('stopped')
        const use = await pair.start('use', number, collection)
        await Promise.race([use.host.said('stopped'), use.host.said('waits')])
        collection.gate.open()
        await collection.host.ended
        use.gate.open()
        expect(await use.host.said('has'), `stopped before ${where} and ${number}`).toBe(await use.host.said('expects'))
        await use.host.ended
      }
    }
  }, 600_000)
})

type Kind = 'use' | 'refresh' | 'collection'

/** Somebody who uses an environment and somebody who collects it, each with a gate before one of its steps. */
class Pair {
  readonly home = join(temporaryFolder(), 'home')
  readonly provisioner = new Provisioner({ home: this.home })
  #id: string | undefined

  /** What it does when nobody comes between. */
  async listSteps(kind: Kind): Promise<string[]> {
    const { host } = await this.start(kind, undefined)
    const steps = JSON.parse(await host.said('steps'))
    await host.ended
    expect(steps.length).toBeGreaterThan(5)
    return steps
  }

  /** @param during a collection that has begun: it has the lock, and what is there is what it has left */
  async start(kind: Kind, number: number | undefined, during?: unknown): Promise<{ host: Host; gate: Gate }> {
    const id = during === undefined ? await this.#make() : this.#id
    if (id === undefined) throw new Error('nothing was made that could be collected')
    const gate = gateBefore(number, [join(this.home, 'e', id), join(this.home, 'u', id)])
    const host = startHost(`
      const { observe } = await import(${JSON.stringify(judgeModule)})
      const provisioner = new pyferry.Provisioner(${JSON.stringify({ home: this.home })})
      ${gate.script}
      ${kind === 'collection' ? COLLECT : useBy({ refresh: kind === 'refresh' })}
    `)
    return { host, gate }
  }

  /** Have there be one that nobody uses. @returns its id */
  async #make(): Promise<string> {
    const { id, release } = await this.provisioner.ensure(specOf('a'))
    release()
    this.#id = id
    return id
  }
}

/** That it looks at what it has is no step of its. */
function useBy(options: object): string {
  return `
    const onEvent = ({ phase, state }) => phase === 'lock-wait' && state === 'start' && say('waits')
    const environment = await provisioner.ensure(${JSON.stringify(specOf('a'))}, { onEvent, ...${JSON.stringify(options)} })
    say('steps', steps)
    say('expects', environment.prefix + ' ' + ${JSON.stringify(version)})
    say('has', observe(environment, ${JSON.stringify(MODULE)}).seen)
  `
}

const COLLECT = `
  await provisioner.prune({ maxAgeDays: 0 })
  say('steps', steps)
`

/** Where it is said that the generation goes. */
function begin(steps: readonly string[]): number {
  return steps.findIndex((step) => /^open .*\.doomed$/.test(step))
}

/** From there on, and without those at each of the generation's files. */
function told(steps: readonly string[]): number[] {
  const isTold = (step: string) => !/^lstat |\/g[0-9a-f]{8}\/[^.]|^readdir .*\/g[0-9a-f]{8}$/.test(step)
  const numbers = [...steps.keys()].filter((number) => number >= begin(steps) && isTold(steps[number] as string))
  expect(numbers.length).toBeGreaterThan(10)
  return numbers
}

const names = ['a', 'b', 'c']

interface Place {
  home: string
  history: string
  failures: string
}

/**
 * Somebody who takes leases, looks at what it has, and gives one back after the other; now and then it ends without having given back
 * what it has, as a program does.
 */
function startUser(place: Place, seed: number): Host {
  return startSlowHost(
    place,
    seed,
    `
    const { observe } = await import(${JSON.stringify(judgeModule)})
    const look = ([environment, question], hit) => {
      const { id, generation, prefix } = environment
      const { digest } = JSON.parse(readFileSync(prefix + '/.stamp.json', 'utf8'))
      const expected = prefix + ' ' + ${JSON.stringify(version)}
      const seen = observe(environment, ${JSON.stringify(MODULE)})
      write(${JSON.stringify(place.history)}, { question, id, digest, generation, hit, expected, ...seen })
    }
    const held = []
    const work = async () => {
      const [question, spec] = pick(${JSON.stringify(names.map((name) => [name, specOf(name)]))})
      const environment = await provisioner.ensure(spec, { refresh: random() < 0.1 })
      held.push([environment, question])
      look(held.at(-1), environment.hit)
      if (random() < 0.05) process.exit()
      while (held.length > random() * 3) {
        const first = held.shift()
        look(first, true)
        first[0].release()
      }
    }
  `,
  )
}

function startCollector(place: Place, seed: number): Host {
  return startSlowHost(
    place,
    seed,
    `
    const work = async () => {
      const { skipped } = await provisioner.prune({ maxAgeDays: 0 })
      const failed = skipped.find(({ reason }) => !['locked', 'taken'].includes(reason))
      if (failed) throw Object.assign(new Error(failed.message), { code: failed.reason })
    }
  `,
  )
}

/** A host that does its work over and over until it is told to end, and every few steps of it is held up for a moment. */
function startSlowHost({ home, failures }: Place, seed: number, work: string): Host {
  return startHost(`
    const { appendFileSync, readFileSync } = await import('node:fs')
    let state = Math.floor(${seed} * 2 ** 31)
    const random = () => (state = (state * 48271 + 11) % 2147483647) / 2147483647
    const pick = (list) => list[Math.floor(random() * list.length)]
    const write = (path, entry) => appendFileSync(path, JSON.stringify({ pid: process.pid, ...entry }) + '\\n')
    const provisioner = new pyferry.Provisioner(${JSON.stringify({ home })})
    ${work}
    ${beforeFileSteps(`(_, path) => {
      if (!path.startsWith(${JSON.stringify(home)}) || random() > 0.1) return
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, random() * 10)
    }`)}
    let isOver = false
    void heard('end').then(() => { isOver = true })
    say('begins')
    do {
      try {
        await work()
      } catch ({ code, message }) {
        write(${JSON.stringify(failures)}, { code, message })
      }
    } while (!isOver)
    process.exit()
  `)
}

function readHistory({ history }: Place): HistoryEntry[] {
  return readLines(history) as HistoryEntry[]
}

function readLines(path: string): unknown[] {
  if (!existsSync(path)) return []
  const lines = readFileSync(path, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line))
}
