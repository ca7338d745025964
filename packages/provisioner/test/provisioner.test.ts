import { existsSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  BaseDirInUseError,
  claimBaseDir,
  type EnsureOptions,
  type Environment,
  type EnvironmentSpec,
  OptionError,
  type ProvisionEvent,
  Provisioner,
  StoppedError,
} from '../src/index.js'
import { isGroupAlive } from '../src/process-group.js'
import * as runModule from '../src/run.js'
import { temporaryFolder } from './fixtures/folders.js'
import { startHost } from './fixtures/host.js'
import { usePackagesOf } from './fixtures/pip-settings.js'
import { runPython, testPython } from './fixtures/pythons.js'
import { makeSource, makeWheel, writeFiles } from './fixtures/wheels.js'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

const slowBuild = `
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(os.environ["MARK"], "w").write(str(os.getpgrp()))
time.sleep(600)
`

interface Place {
  folder: string
  links: string
  baseDir: string
  events: ProvisionEvent[]
  ensure(spec: EnvironmentSpec, options?: EnsureOptions): Promise<Environment>
}

/** A folder with packages `tiny` 1.0 and 2.0, `needy` (needs `tiny`) and `slow` (its build never ends, and says so in `mark`). */
function makePlace(): Place {
  const folder = temporaryFolder()
  const links = writeFiles(join(folder, 'links'), [
    makeWheel({ name: 'tiny', version: '1.0' }),
    makeWheel({ name: 'tiny', version: '2.0' }),
    makeWheel({ name: 'needy', version: '1.0', requires: ['tiny>=1.0'] }),
    makeSource('slow', '1.0', slowBuild),
  ])
  usePackagesOf(links)
  vi.stubEnv('MARK', join(folder, 'mark'))
  const baseDir = join(folder, 'base')
  const provisioner = new Provisioner({ baseDir })
  const events: ProvisionEvent[] = []
  const onEvent = (event: ProvisionEvent) => events.push(event)
  return {
    folder,
    links,
    baseDir,
    events,
    ensure: (spec, options) =>
      provisioner.ensure({ python: testPython, backend: 'venv-pip', ...spec }, { onEvent, ...options }),
  }
}

const misses = (events: readonly ProvisionEvent[]) => events.filter((event) => event.type === 'miss')
const inEnv = ({ baseDir }: Place) => readdirSync(join(baseDir, 'env')).sort()

describe('V-3: an environment is built once', () => {
  test('with what was asked for and what that needs, and is known the next time', async () => {
    const place = makePlace()
    const built = await place.ensure({ requirements: ['needy==1.0', 'tiny<2'] })
    expect(built).toEqual({
      id: expect.stringMatching(/^[a-z2-7]{16}$/),
      generation: expect.stringMatching(/^g[0-9a-f]{8}$/),
      prefix: join(place.baseDir, 'env', built.generation),
      python: join(built.prefix, 'bin', 'python'),
      pythonVersion: runPython(testPython, 'import platform; print(platform.python_version())'),
      packages: [
        { name: 'needy', version: '1.0' },
        { name: 'tiny', version: '1.0' },
      ],
      hit: false,
      backend: 'venv-pip',
      activation: {},
    })
    expect(runPython(built.python, 'import sys, tiny, needy; print(sys.prefix, tiny.__version__)')).toBe(
      `${built.prefix} 1.0`,
    )
    expect(inEnv(place)).toEqual(['current.json', built.generation, 'spec.json'])
    expect(readdirSync(join(place.baseDir, 'meta')).sort()).toEqual(['build.log', 'probe'])
    expect(misses(place.events)).toEqual([{ type: 'miss', id: built.id, reason: 'absent' }])
    expect(await place.ensure({ requirements: ['tiny <2', 'Needy == 1.0'] })).toEqual({ ...built, hit: true })
    expect(misses(place.events)).toHaveLength(1)
  })

  test('a hit starts no process and writes nothing', async () => {
    const place = makePlace()
    await place.ensure({ requirements: ['tiny==1.0'] })
    const run = vi.spyOn(runModule, 'run')
    const before = snapshot(place.baseDir)
    expect((await place.ensure({ requirements: ['tiny==1.0'] })).hit).toBe(true)
    expect(run).not.toHaveBeenCalled()
    expect(snapshot(place.baseDir)).toEqual(before)
  })

  test('two that ask at the same time share one build', async () => {
    const place = makePlace()
    const [one, two] = await Promise.all([
      place.ensure({ requirements: ['tiny'] }),
      place.ensure({ requirements: ['tiny'] }),
    ])
    expect([one.hit, two.hit].sort()).toEqual([false, true])
    expect(two.generation).toBe(one.generation)
  })

  test('its phases come in order, each with an end', async () => {
    const place = makePlace()
    await place.ensure({ requirements: ['tiny==1.0'] })
    const phases = place.events.flatMap((event) => (event.type === 'phase' ? [`${event.phase} ${event.state}`] : []))
    const names = ['resolve-source', 'find-python', 'key', 'create', 'resolve', 'install', 'verify', 'publish', 'done']
    expect(phases).toEqual(names.flatMap((name) => [`${name} start`, `${name} end`]))
    expect(place.events.filter((event) => event.type === 'progress').at(-1)).toMatchObject({
      phase: 'install',
      total: 1,
    })
    expect(place.events).toContainEqual(
      expect.objectContaining({
        type: 'log',
        phase: 'install',
        stream: 'stdout',
        line: 'Successfully installed tiny-1.0',
      }),
    )
  })
})

describe('V-3: what changed is built anew, beside, and then replaces', () => {
  test('the requirements', async () => {
    const place = makePlace()
    const one = await place.ensure({ requirements: ['tiny==1.0'] })
    const two = await place.ensure({ requirements: ['tiny==2.0'] })
    expect(two.hit).toBe(false)
    expect(two.packages).toEqual([{ name: 'tiny', version: '2.0' }])
    expect(misses(place.events).at(-1)).toEqual({
      type: 'miss',
      id: two.id,
      reason: 'input-changed',
      changed: ['source.packages'],
    })
    expect(inEnv(place)).toEqual(['current.json', two.generation, 'spec.json'])
    expect(one.id).not.toBe(two.id)
  })

  test('a file that a requirements file draws in', async () => {
    const place = makePlace()
    const requirementsFile = join(place.folder, 'requirements.txt')
    writeFileSync(requirementsFile, '-r nested.txt\n')
    writeFileSync(join(place.folder, 'nested.txt'), 'tiny==1.0\n')
    await place.ensure({ requirementsFile })
    expect((await place.ensure({ requirementsFile })).hit).toBe(true)
    writeFileSync(join(place.folder, 'nested.txt'), 'tiny==2.0\n')
    expect((await place.ensure({ requirementsFile })).packages).toEqual([{ name: 'tiny', version: '2.0' }])
    expect(misses(place.events).at(-1)).toMatchObject({ changed: ['source.files'] })
  })

  test('a file that a requirements file names by a variable of the spec, as pip finds it', async () => {
    const place = makePlace()
    const requirementsFile = join(place.folder, 'requirements.txt')
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as pip reads it
    writeFileSync(requirementsFile, '-r ${STAGE}.txt\n')
    const spec: EnvironmentSpec = { requirementsFile, env: { set: { STAGE: 'nested' } } }
    writeFileSync(join(place.folder, 'nested.txt'), 'tiny==1.0\n')
    await place.ensure(spec)
    writeFileSync(join(place.folder, 'nested.txt'), 'tiny==2.0\n')
    expect((await place.ensure(spec)).packages).toEqual([{ name: 'tiny', version: '2.0' }])
  })

  test('what the folder of packages holds', async () => {
    const place = makePlace()
    await place.ensure({ requirements: ['tiny'] })
    writeFiles(place.links, [makeWheel({ name: 'tiny', version: '3.0' })])
    expect((await place.ensure({ requirements: ['tiny'] })).packages).toEqual([{ name: 'tiny', version: '3.0' }])
    expect(misses(place.events).at(-1)).toMatchObject({ changed: ['install.findLinks'] })
  })

  test.each([
    [
      'the stamp is not whole',
      'stamp-invalid',
      ({ prefix }: Environment) => writeFileSync(join(prefix, '.stamp.json'), '{'),
    ],
    ['the stamp is of another version', 'stamp-invalid', (built: Environment) => editStamp(built, { schema: 9 })],
    ['the stamp lacks a field', 'stamp-invalid', (built: Environment) => editStamp(built, { exe: undefined })],
    [
      'the stamp is no object',
      'stamp-invalid',
      ({ prefix }: Environment) => writeFileSync(join(prefix, '.stamp.json'), 'null'),
    ],
    [
      'the stamp is of another key than the pointer',
      'stamp-invalid',
      (built: Environment) => editStamp(built, { digest: 'x' }),
    ],
    ['the interpreter leads nowhere', 'stamp-invalid', breakPython],
    ['the generation is gone', 'stamp-invalid', ({ prefix }: Environment) => rmSync(prefix, { recursive: true })],
    [
      'the pointer is not JSON',
      'absent',
      ({ prefix }: Environment) => writeFileSync(join(dirname(prefix), 'current.json'), ''),
    ],
  ] as const)('%s', async (_, reason, damage) => {
    const place = makePlace()
    const one = await place.ensure({})
    damage(one)
    const two = await place.ensure({})
    expect(two).toMatchObject({ hit: false, id: one.id })
    expect(misses(place.events).at(-1)).toMatchObject({ reason })
    expect(inEnv(place)).toEqual(['current.json', two.generation, 'spec.json'])
    expect(runPython(two.python, 'import sys; print(sys.prefix)')).toBe(two.prefix)
  })

  test('the folder was moved', async () => {
    const place = makePlace()
    await place.ensure({})
    renameSync(place.baseDir, `${place.baseDir}2`)
    const events: ProvisionEvent[] = []
    const moved = new Provisioner({ baseDir: `${place.baseDir}2` })
    const environment = await moved.ensure({ python: testPython }, { onEvent: (event) => events.push(event) })
    expect(misses(events)).toMatchObject([{ reason: 'moved' }])
    expect(runPython(environment.python, 'import sys; print(sys.prefix)')).toBe(environment.prefix)
  })
})

test('V-3: a base that was touched and is the same is asked once, and the environment stays', async () => {
  const place = makePlace()
  const built = await place.ensure({})
  const probes = join(place.baseDir, 'meta', 'probe')
  const path = join(probes, readdirSync(probes)[0] as string)
  const entry = JSON.parse(readFileSync(path, 'utf8'))
  writeFileSync(path, JSON.stringify({ ...entry, mtimeMs: entry.mtimeMs - 1 }))
  const run = vi.spyOn(runModule, 'run')
  expect(await place.ensure({})).toEqual({ ...built, hit: true })
  expect(run).toHaveBeenCalledTimes(1)
  expect(await place.ensure({})).toEqual({ ...built, hit: true })
  expect(run).toHaveBeenCalledTimes(1)
})

describe('V-3: a build that fails leaves what was there', () => {
  test('a package that cannot be had', async () => {
    const place = makePlace()
    const one = await place.ensure({ requirements: ['tiny==1.0'] })
    await expect(place.ensure({ requirements: ['tiny==99'] })).rejects.toMatchObject({
      code: 'ERR_PYFERRY_NO_MATCHING_DISTRIBUTION',
      facts: { requirement: 'tiny==99' },
      phase: 'resolve',
      stderrTail: expect.stringContaining('tiny==99'),
    })
    expect(inEnv(place)).toEqual(['current.json', one.generation, 'spec.json'])
    expect(await place.ensure({ requirements: ['tiny==1.0'] })).toEqual({ ...one, hit: true })
  })

  test('a requirements file that is not there', async () => {
    const place = makePlace()
    await expect(place.ensure({ requirementsFile: '/nowhere.txt' })).rejects.toMatchObject({
      code: 'ERR_PYFERRY_SOURCE_MISSING',
      phase: 'resolve-source',
    })
    expect(existsSync(place.baseDir)).toBe(false)
  })

  test('an environment that is not what was planned is VERIFY_FAILED', async () => {
    const place = makePlace()
    const files = {
      'shady.py': '',
      'shady-1.0.dist-info/REQUESTED': '',
      'shady.pth': 'import sys; sys.prefix = "/elsewhere"\n',
    }
    writeFiles(place.links, [makeWheel({ name: 'shady', version: '1.0', files })])
    await expect(place.ensure({ requirements: ['shady'] })).rejects.toMatchObject({
      code: 'ERR_PYFERRY_VERIFY_FAILED',
      phase: 'verify',
      facts: { received: '/elsewhere' },
    })
    expect(inEnv(place)).toEqual([])
  })
})

describe('V-3: an abort', () => {
  test('during pip kills the whole tree, rejects with ABORTED, and leaves nothing', async () => {
    const place = makePlace()
    const controller = new AbortController()
    const reason = new Error('enough')
    const ensuring = place.ensure({ requirements: ['slow'] }, { signal: controller.signal })
    ensuring.catch(() => {})
    const group = await readMark(place)
    controller.abort(reason)
    const error = await ensuring.catch((thrown) => thrown)
    expect(error).toBeInstanceOf(StoppedError)
    expect(error).toMatchObject({ code: 'ERR_PYFERRY_ABORTED', cause: reason, retryable: true, phase: 'resolve' })
    expect(isGroupAlive(group)).toBe(false)
    expect(inEnv(place)).toEqual([])
    expect((await place.ensure({ requirements: ['tiny'] })).hit).toBe(false)
  })

  test('before anything begins touches nothing', async () => {
    const place = makePlace()
    await expect(place.ensure({}, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ERR_PYFERRY_ABORTED',
    })
    expect(existsSync(place.baseDir)).toBe(false)
  })

  test('of one that waits for another ends the wait alone', async () => {
    const place = makePlace()
    const first = place.ensure({ requirements: ['tiny'] })
    const controller = new AbortController()
    const second = place.ensure({ requirements: ['tiny'] }, { signal: controller.signal })
    controller.abort()
    await expect(second).rejects.toMatchObject({ code: 'ERR_PYFERRY_ABORTED' })
    expect((await first).packages).toEqual([{ name: 'tiny', version: '2.0' }])
  })

  test('by buildTimeoutMs is TIMEOUT, naming limit and option', async () => {
    const place = makePlace()
    const error = await place.ensure({ requirements: ['slow'], buildTimeoutMs: 3_000 }).catch((thrown) => thrown)
    expect(error).toMatchObject({
      code: 'ERR_PYFERRY_TIMEOUT',
      message: 'the environment was not done within 3000 ms (buildTimeoutMs)',
      retryable: true,
    })
    expect(inEnv(place)).toEqual([])
  })
})

describe('V-2: owners', () => {
  test('whoever builds in a folder of another is refused, and what the other has can be used', async () => {
    const place = makePlace()
    const built = await place.ensure({})
    const host = startHost(
      `await pyferry.claimBaseDir(${JSON.stringify(place.baseDir)}); say('owns'); process.stdin.resume()`,
    )
    await host.said('owns')
    await expect(place.ensure({ requirements: ['tiny'] })).rejects.toThrow(BaseDirInUseError)
    expect(await place.ensure({})).toEqual({ ...built, hit: true })
  })

  test('the owner builds without asking anew, also after somebody emptied the folder', async () => {
    const place = makePlace()
    const claim = await claimBaseDir(place.baseDir)
    expect((await place.ensure({ requirements: ['tiny'] })).hit).toBe(false)
    rmSync(join(place.baseDir, 'env'), { recursive: true })
    expect((await place.ensure({})).hit).toBe(false)
    await claim.release()
  })

  test('a baseDir that is a link gives paths without it', async () => {
    const place = makePlace()
    const built = await place.ensure({})
    symlinkSync(place.baseDir, join(place.folder, 'link'))
    const linked = new Provisioner({ baseDir: join(place.folder, 'link') })
    expect(await linked.ensure({ python: testPython })).toEqual({ ...built, hit: true })
  })
})

test("E: a configuration file that wants packages in the user's folder has no say in that", async () => {
  const place = makePlace()
  vi.stubEnv('PIP_CONFIG_FILE', join(place.folder, 'pip.conf'))
  writeFileSync(join(place.folder, 'pip.conf'), '[install]\nuser = true\n')
  expect((await place.ensure({ requirements: ['tiny==1.0'] })).packages).toEqual([{ name: 'tiny', version: '1.0' }])
})

test('X: no password is in an argument, a file, an event or an error', async () => {
  const place = makePlace()
  vi.stubEnv('PIP_EXTRA_INDEX_URL', 'http://user:s3cret-word@127.0.0.1:9/simple/')
  vi.stubEnv('PIP_NO_INDEX', undefined)
  vi.stubEnv('PIP_CONFIG_FILE', join(place.folder, 'pip.conf'))
  vi.stubEnv('PIP_INDEX_URL', 'http://user:s3cret-word@127.0.0.1:9/simple/')
  writeFileSync(join(place.folder, 'pip.conf'), '[global]\nretries = 0\ntimeout = 1\n')
  const run = vi.spyOn(runModule, 'run')
  const built = await place.ensure({ requirements: ['tiny==1.0'] })
  const error = await place.ensure({ requirements: ['absent'] }).catch((thrown) => thrown)
  const args = run.mock.calls.map(([{ file, args }]) => [file, ...args])
  const files = Object.values(snapshot(built.prefix)).join('\n')
  expect(files).toContain('127.0.0.1:9')
  expect(`${JSON.stringify([args, place.events, error, error.message])}${files}`).not.toContain('s3cret')
})

test.each([
  [{ home: 1 }],
  [{ bseDir: '/x' }],
  [{ baseDir: '' }],
  [{ baseDir: 3 }],
  [{ baseDir: '/x', home: '/y' }],
  [null],
])('V-1: new Provisioner(%j) is an OptionError', (options) => {
  expect(() => new Provisioner(options as { baseDir: string })).toThrow(OptionError)
})

test.each([
  [{}, { signal: 'x' }, 'signal'],
  [{}, { onEvent: 1 }, 'onEvent'],
  [{}, { onProgress: () => {} }, 'onProgress'],
  [{ packages: [] }, {}, 'packages'],
])('V-1: ensure(%j, %j) rejects with an OptionError', async (spec, options, option) => {
  const ensuring = new Provisioner({ baseDir: '/nowhere/at/all' }).ensure(
    spec as EnvironmentSpec,
    options as EnsureOptions,
  )
  await expect(ensuring).rejects.toMatchObject({ code: 'ERR_PYFERRY_OPTION', option })
})

/** Every file below, with its content; links by their target. */
function snapshot(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return Object.fromEntries(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path, readFileSync(path, 'latin1')]),
  )
}

function editStamp({ prefix }: Environment, change: object): void {
  const path = join(prefix, '.stamp.json')
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...change }))
}

function breakPython({ python }: Environment): void {
  rmSync(python)
  symlinkSync('/nowhere', python)
}

/** Polls for what the slow build writes: its process group. */
async function readMark({ folder }: Place): Promise<number> {
  for (;;) {
    const text = existsSync(join(folder, 'mark')) ? readFileSync(join(folder, 'mark'), 'utf8') : ''
    if (text !== '') return Number(text)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
