/**
 * Hosts that are killed at any moment of a build. `PYFERRY_STORM_KILLS` sets how many for the long run (@default 10), and
 * `PYFERRY_STORM_SEED` repeats one.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { claimBaseDir, Provisioner } from '../src/index.js'
import { temporaryFolder } from './fixtures/folders.js'
import { startHost } from './fixtures/host.js'
import { usePackagesOf } from './fixtures/pip-settings.js'
import { runPython, testPython } from './fixtures/pythons.js'
import { makeWheel, writeFiles } from './fixtures/wheels.js'

const kills = Number(process.env.PYFERRY_STORM_KILLS ?? 10)
const seed = Number(process.env.PYFERRY_STORM_SEED ?? Math.floor(Math.random() * 2 ** 31))

afterEach(() => vi.unstubAllEnvs())

test(`V-3: ${kills} builds killed at any moment never leave a wrong yes, nor anything else`, async () => {
  console.log(`kill storm: PYFERRY_STORM_SEED=${seed}`)
  const random = makeRandom(seed)
  const folder = temporaryFolder()
  const baseDir = join(folder, 'base')
  const versions = ['1.0', '2.0', '3.0']
  usePackagesOf(
    writeFiles(
      join(folder, 'links'),
      versions.map((version) => makeWheel({ name: 'tiny', version })),
    ),
  )
  const provisioner = new Provisioner({ baseDir })

  let wholeBuildMs = 3_000
  for (let kill = 0; kill < kills; kill += 1) {
    const version = versions[kill % versions.length] as string
    const spec = { python: testPython, requirements: [`tiny==${version}`] }
    const startedMs = performance.now()
    const host = startHost(buildAndSay(baseDir, spec))
    await host.said('begins')
    await endsWithin(host.ended, random() * wholeBuildMs)
    host.child.kill('SIGKILL')
    await host.ended
    // What it had running follows it at once; what it had half-made is of no account.
    await untilUnused(baseDir)

    const claim = await claimBaseDir(baseDir)
    const environment = await provisioner.ensure(spec)
    expect(runPython(environment.python, 'import sys, tiny; print(sys.prefix, tiny.__version__)')).toBe(
      `${environment.prefix} ${version}`,
    )
    expect(environment.packages).toEqual([{ name: 'tiny', version }])
    expect(readdirSync(join(baseDir, 'env')).sort()).toEqual(['current.json', environment.generation, 'spec.json'])
    expect(readdirSync(claim.metaDir).sort()).toEqual([
      'build.log',
      expect.stringMatching(/^owner-.*json$/),
      expect.stringMatching(/^owner-.*sock$/),
      'probe',
    ])
    expect(readdirSync(baseDir).sort()).toEqual(['HOME.json', 'env', 'meta'])
    await claim.release()
    wholeBuildMs = Math.min(wholeBuildMs, performance.now() - startedMs)
  }
}, 600_000)

function buildAndSay(baseDir: string, spec: object): string {
  return `
    const baseDir = ${JSON.stringify(baseDir)}
    const claim = await pyferry.claimBaseDir(baseDir)
    say('begins')
    await new pyferry.Provisioner({ baseDir }).ensure(${JSON.stringify(spec)})
    await claim.release()
  `
}

/** Waits for the end, and for no longer than the moment that was drawn for the kill. */
async function endsWithin(ended: Promise<unknown>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const moment = new Promise((resolve) => {
    timer = setTimeout(resolve, limitMs)
  })
  await Promise.race([ended, moment])
  clearTimeout(timer)
}

/** Polls until no process has an argument that leads into the folder. */
async function untilUnused(baseDir: string): Promise<void> {
  while (listUsers(baseDir).length > 0) await new Promise((resolve) => setTimeout(resolve, 5))
}

function listUsers(baseDir: string): number[] {
  if (!existsSync('/proc')) return []
  return (
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .map(Number)
      // Of a zombie the command line is empty.
      .filter((pid) => commandLine(pid).includes(baseDir))
  )
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

/** A small generator of known quality (mulberry32): the same seed, the same storm. */
function makeRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
