/**
 * Hosts that are killed at any moment of a build. The long run is `pnpm storm`, see `fixtures/storm.ts`.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { claimBaseDir, type EnsureOptions, type EnvironmentSpec, Provisioner } from '../src/index.js'
import { beforeFileSteps } from './fixtures/file-steps.js'
import { temporaryFolder } from './fixtures/folders.js'
import { startHost } from './fixtures/host.js'
import { hashTree, judgeBaseDir, judgeHome, judgeTemporary, observe } from './fixtures/judge.js'
import { usePackagesOf } from './fixtures/pip-settings.js'
import { listUsers, until } from './fixtures/processes.js'
import { testPython } from './fixtures/pythons.js'
import { endsWithin, isLongStorm, makeRandom, stormKills, stormSeed, sweepLater } from './fixtures/storm.js'
import { testUv } from './fixtures/uv.js'
import { makeWheel, writeFiles } from './fixtures/wheels.js'

afterEach(() => vi.unstubAllEnvs())

const versions = ['1.0', '2.0', '3.0']

type BackendOption = 'venv-pip' | 'uv'

/** Packages `tiny` of three versions, and a folder in which everything is. */
function makePlace(backend: BackendOption) {
  const folder = temporaryFolder()
  const wheels = versions.map((version) => makeWheel({ name: 'tiny', version }))
  usePackagesOf(writeFiles(join(folder, 'links'), wheels))
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'))
  const temporary = temporaryFolder()
  vi.stubEnv('TMPDIR', temporary)
  const tools = backend === 'uv' ? { uvPath: testUv() } : {}
  const specOf = (version: string): EnvironmentSpec => ({
    python: testPython,
    backend,
    requirements: [`tiny==${version}`],
  })
  return { folder, temporary, tools, specOf }
}

describe.each([
  { backend: 'venv-pip', kills: 2 },
  { backend: 'uv', kills: 4 },
] as const)('builds by $backend killed at any moment', ({ backend, kills: quick }) => {
  const kills = stormKills(quick)

  test('V-3: in a private folder never leave a wrong yes, nor anything else', async () => {
    const random = makeRandom(stormSeed(`kill (baseDir, ${backend})`))
    const { folder, temporary, tools, specOf } = makePlace(backend)
    const baseDir = join(folder, 'base')
    const provisioner = new Provisioner({ baseDir, ...tools })
    const lastsMs = new LongestMs()
    for (let kill = 0; kill < kills; kill += 1) {
      const version = versions[kill % versions.length] as string
      const spec = specOf(version)
      await killAfter(
        random() * lastsMs.value,
        `
        const baseDir = ${JSON.stringify(baseDir)}
        const claim = await pyferry.claimBaseDir(baseDir)
        const provisioner = new pyferry.Provisioner(${JSON.stringify({ baseDir, ...tools })})
        say('begins')
        await provisioner.ensure(${JSON.stringify(spec)})
        await claim.release()
        `,
      )
      // What it had running follows it at once; what it had half-made is of no account.
      await until(() => listUsers(baseDir).length === 0)

      const claim = await claimBaseDir(baseDir)
      const environment = await lastsMs.measure(() => provisioner.ensure(spec))
      expect(observe(environment, 'tiny').seen).toBe(`${environment.prefix} ${version}`)
      expect(environment.packages).toEqual([{ name: 'tiny', version }])
      expect(readdirSync(join(baseDir, 'env')).sort()).toEqual(['current.json', environment.generation, 'spec.json'])
      expect(readdirSync(claim.metaDir).sort()).toEqual([
        'build.log',
        expect.stringMatching(/^owner-.*json$/),
        expect.stringMatching(/^owner-.*sock$/),
        'probe',
      ])
      expect(readdirSync(baseDir).sort()).toEqual(['HOME.json', 'env', 'meta'])
      expect(judgeTemporary(temporary)).toEqual([])
      await claim.release()
    }
  }, 1_200_000)

  test('E-5: in a home never leave a wrong yes, and are swept', async () => {
    const random = makeRandom(stormSeed(`kill (home, ${backend})`))
    const { folder, temporary, tools, specOf } = makePlace(backend)
    const home = join(folder, 'home')
    const provisioner = new Provisioner({ home, ...tools })
    const ensure = (options?: EnsureOptions) => provisioner.ensure(specOf('1.0'), options)
    /** By the path of each generation that was ever published, as it was then. */
    const trees = new Map<string, string>()
    const lastsMs = new LongestMs()
    for (let kill = 0; kill < kills; kill += 1) {
      await killAfter(
        random() * lastsMs.value,
        `
        const provisioner = new pyferry.Provisioner(${JSON.stringify({ home, ...tools })})
        say('begins')
        await provisioner.ensure(${JSON.stringify(specOf('1.0'))}, { refresh: true })
        `,
      )
      await until(() => listUsers(home).length === 0)
      const environment = await lastsMs.measure(() => ensure())
      const { seen, tree } = observe(environment, 'tiny')
      expect(seen).toBe(`${environment.prefix} 1.0`)
      expect(environment.packages).toEqual([{ name: 'tiny', version: '1.0' }])
      expect(trees.get(environment.prefix) ?? tree).toBe(tree)
      trees.set(environment.prefix, tree)
      // Nobody is left to wait for.
      expect(listUsers(home)).toEqual([])
    }
    await ensure({ refresh: true })
    await sweepLater(home)
    expect(judgeHome(home)).toEqual([])
    expect(judgeTemporary(temporary)).toEqual([])
    for (const [prefix, tree] of trees) expect(hashTree(prefix)).toBe(tree)
    expect(listUsers(home)).toEqual([])
  }, 1_200_000)
})

describe.each(['home', 'baseDir'] as const)('a build in a %s', (kind) => {
  test('E-5: killed before any one of the writes of its host never leaves a wrong yes, and is swept', async () => {
    const { folder, temporary, tools, specOf } = makePlace('uv')
    const writes = await buildUntil(undefined, { [kind]: join(folder, 'all'), ...tools }, specOf('1.0'))
    expect(writes.length).toBeGreaterThan(10)
    // Each rename makes something true; the quick run takes the last ones of those.
    const renames = writes.flatMap((name, number) => (name === 'rename' ? [number] : []))
    const last = isLongStorm ? [...writes.keys()] : renames.slice(kind === 'home' ? -4 : -2)
    for (const number of last) {
      const path = join(folder, `killed-${number}`)
      const options = { [kind]: path, ...tools }
      await buildUntil(number, options, specOf('1.0'))
      await until(() => listUsers(path).length === 0)
      const provisioner = new Provisioner(options)
      const environment = await provisioner.ensure(specOf('1.0'))
      const { seen, tree } = observe(environment, 'tiny')
      expect(seen).toBe(`${environment.prefix} 1.0`)
      if (kind === 'home') {
        await provisioner.ensure(specOf('1.0'), { refresh: true })
        await sweepLater(path)
        expect(hashTree(environment.prefix)).toBe(tree)
      } else await (await claimBaseDir(path)).release()
      const left = kind === 'home' ? judgeHome(path) : judgeBaseDir(path)
      expect([...left, ...judgeTemporary(temporary)], `killed before its write ${number}`).toEqual([])
    }
  }, 600_000)
})

/** Build in a host that kills itself before its write of this number. @returns what it has begun to write, when it was not killed */
async function buildUntil(number: number | undefined, options: object, spec: EnvironmentSpec): Promise<string[]> {
  const host = startHost(`
    const writes = []
    ${beforeFileSteps(
      `(name) => {
        if (writes.length === ${number}) process.kill(process.pid, 'SIGKILL')
        writes.push(name)
      }`,
      'writes',
    )}
    await new pyferry.Provisioner(${JSON.stringify(options)}).ensure(${JSON.stringify(spec)})
    say('writes', writes)
  `)
  await host.ended
  return number === undefined ? JSON.parse(await host.said('writes')) : []
}

/** Run a host that says `begins`, and kill it some time after that. */
async function killAfter(delayMs: number, script: string): Promise<void> {
  const host = startHost(script)
  await host.said('begins')
  await endsWithin(host.ended, delayMs)
  host.child.kill('SIGKILL')
  await host.ended
}

/** For drawing the moments of kills: a little more than a whole build takes here. */
class LongestMs {
  value = 1_500

  async measure<T extends { hit: boolean }>(build: () => Promise<T>): Promise<T> {
    const startedMs = performance.now()
    const built = await build()
    if (!built.hit) this.value = Math.min(this.value, 1.3 * (performance.now() - startedMs))
    return built
  }
}
