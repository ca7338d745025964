/**
 * Many programs with one home: they ask the same and other questions, ask anew, give back, clean up behind each other, and are killed
 * at any moment. Each writes down what it got and looks at it once more before it gives it back; what may not be in such a history is
 * decided by `fixtures/judge.ts`. The long run is `pnpm storm`.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, expect, test, vi } from 'vitest'
import { Provisioner } from '../src/index.js'
import { temporaryFolder } from './fixtures/folders.js'
import { bundleSource, type Host, startHost } from './fixtures/host.js'
import { type HistoryEntry, hashTree, judgeHistory, judgeHome, judgeTemporary } from './fixtures/judge.js'
import { usePackagesOf } from './fixtures/pip-settings.js'
import { listUsers, readCommandLine, until } from './fixtures/processes.js'
import { testPython } from './fixtures/pythons.js'
import { makeRandom, pruneAll, stormKills, stormSeed, sweepLater } from './fixtures/storm.js'
import { testUv } from './fixtures/uv.js'
import { makeWheel, writeFiles } from './fixtures/wheels.js'

afterEach(() => vi.unstubAllEnvs())

const judgeModule = pathToFileURL(bundleSource('test/fixtures/judge')).href
const versions = ['1.0', '2.0']
const HOSTS = 4

test.each([
  ['E-5', 'while others build the same and other keys', false],
  ['I4', 'while others collect what nobody uses', true],
] as const)(
  '%s: hosts that are killed %s leave every answer true',
  async (_, title, hasCollectors) => {
    const kills = stormKills(6)
    const random = makeRandom(stormSeed(`shared (${title})`))
    const place = makePlace()
    const start = () => startStormHost(place, random(), hasCollectors)
    const hosts = Array.from({ length: HOSTS }, start)
    for (let kill = 0; kill < kills; kill += 1) {
      const number = Math.floor(random() * HOSTS)
      const host = hosts[number] as Host
      await host.said('begins')
      await new Promise((resolve) => setTimeout(resolve, random() * 400))
      // One in four loses only the lock, in the midst of whatever it does with it.
      const helper = random() < 0.25 ? helpersOf(place, host)[0] : undefined
      if (helper !== undefined) {
        tryKill(helper)
        continue
      }
      host.child.kill('SIGKILL')
      await host.ended
      hosts[number] = start()
    }
    for (const host of hosts) host.tell('end')
    await Promise.all(hosts.map(({ ended }) => ended))
    await until(() => listUsers(place.home).length === 0)

    const history = readLines(place.history) as HistoryEntry[]
    expect(judgeHistory(history)).toEqual([])
    // Every survivor asked at least once, and nobody failed.
    expect(history.length).toBeGreaterThanOrEqual(HOSTS)
    expect(readLines(place.failures)).toEqual([])

    const provisioner = new Provisioner(place.options)
    for (const version of versions) await provisioner.ensure(specOf(version), { refresh: true, lease: false })
    await sweepLater(place.home)
    expect(judgeHome(place.home)).toEqual([])
    expect(judgeTemporary(place.temporary)).toEqual([])
    // I2: what was ever published is what it was, unless it was collected.
    for (const { id, generation, tree } of history) {
      const prefix = join(place.home, 'e', id, generation)
      if (!hasCollectors || existsSync(join(prefix, '.stamp.json'))) expect(hashTree(prefix)).toBe(tree)
    }
    await pruneAll(provisioner, place.home)
    for (const folder of ['e', 'k', 'u']) expect(readdirSync(join(place.home, folder)), folder).toEqual([])
    expect(listUsers(place.home)).toEqual([])
  },
  1_200_000,
)

test('the judge of a history finds what is wrong in it', () => {
  const entry: HistoryEntry = {
    pid: 1,
    question: 'q',
    id: 'i',
    digest: 'd',
    generation: 'g1',
    hit: false,
    seen: 'yes',
    expected: 'yes',
    tree: 't',
  }
  const hit = { ...entry, hit: true }
  expect(judgeHistory([entry, hit, { ...entry, generation: 'g2', tree: 'u' }])).toEqual([])
  expect(judgeHistory([entry, entry])).toEqual(['g1 was built twice'])
  expect(judgeHistory([{ ...hit, seen: 'no' }])).toEqual([expect.stringMatching(/^not usable/)])
  for (const lie of [{ id: 'j' }, { digest: 'e' }, { tree: 'u' }]) {
    expect(judgeHistory([entry, { ...hit, ...lie }])).not.toEqual([])
  }
})

interface Place {
  home: string
  temporary: string
  history: string
  failures: string
  options: { home: string; uvPath: string }
}

function makePlace(): Place {
  const folder = temporaryFolder()
  usePackagesOf(
    writeFiles(
      join(folder, 'links'),
      versions.map((version) => makeWheel({ name: 'tiny', version })),
    ),
  )
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'))
  const temporary = temporaryFolder()
  vi.stubEnv('TMPDIR', temporary)
  const home = join(folder, 'home')
  const options = { home, uvPath: testUv() }
  return { home, temporary, history: join(folder, 'history'), failures: join(folder, 'failures'), options }
}

function specOf(version: string) {
  return { python: testPython, backend: 'uv', requirements: [`tiny==${version}`] } as const
}

/**
 * A host that asks one question after the other until it is told to end, and writes down what it got in lines that are whole: once when
 * it gets it, and once before it gives it back.
 */
function startStormHost({ options, history, failures }: Place, seed: number, isCollector: boolean): Host {
  return startHost(`
    const { appendFileSync, readFileSync } = await import('node:fs')
    const { observe } = await import(${JSON.stringify(judgeModule)})
    let state = Math.floor(${seed} * 2 ** 31)
    const random = () => (state = (state * 48271 + 11) % 2147483647) / 2147483647
    const provisioner = new pyferry.Provisioner(${JSON.stringify(options)})
    const questions = ${JSON.stringify(versions.map((version) => [version, specOf(version)]))}
    const write = (path, entry) => appendFileSync(path, JSON.stringify({ pid: process.pid, ...entry }) + '\\n')
    const look = ({ id, generation, prefix, python, hit }, question) => {
      const { digest } = JSON.parse(readFileSync(prefix + '/.stamp.json', 'utf8'))
      const expected = prefix + ' ' + question
      write(${JSON.stringify(history)}, { question, id, digest, generation, hit, expected, ...observe({ prefix, python }, 'tiny') })
    }
    const held = []
    const giveBack = () => {
      const [environment, question] = held.shift()
      look({ ...environment, hit: true }, question)
      environment.release()
    }
    let isOver = false
    void heard('end').then(() => { isOver = true })
    say('begins')
    do {
      const [question, spec] = questions[Math.floor(random() * questions.length)]
      try {
        const environment = await provisioner.ensure(spec, { refresh: random() < 0.3 })
        look(environment, question)
        held.push([environment, question])
        if (${isCollector} && random() < 0.4) await provisioner.prune({ maxAgeDays: 0 })
        if (${isCollector} && random() < 0.2) await provisioner.remove(environment.id).catch(allow('ERR_PYFERRY_ENV_IN_USE'))
        while (held.length > random() * 3) giveBack()
      } catch ({ code, message }) {
        write(${JSON.stringify(failures)}, { question, code, message })
      }
    } while (!isOver)
    process.exit()
    function allow(code) {
      return (error) => {
        if (error.code !== code) throw error
      }
    }
  `)
}

/** The lock helpers that a host has started. */
function helpersOf({ home }: Place, { child }: Host): number[] {
  return listUsers(join(home, 'k')).filter((pid) => readCommandLine(pid).includes(`"pid":${child.pid},`))
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has just given the lock back.
  }
}

function readLines(path: string): unknown[] {
  if (!existsSync(path)) return []
  const lines = readFileSync(path, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line))
}
