/** The contract with a fake pixi, which replays what a real one did; and what is refused before any pixi is started. */
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { buildInPlace, buildManaged, type PixiJob } from '../../src/backends/pixi.js'
import { condaPlatform } from '../../src/backends/pixi-lock.js'
import { installerEnvironment } from '../../src/child-environment.js'
import { Reporter } from '../../src/events.js'
import { Provisioner } from '../../src/index.js'
import * as runModule from '../../src/run.js'
import { writeScript } from '../fixtures/executables.js'
import { temporaryFolder } from '../fixtures/folders.js'
import { listUsers, manifestOf, testPixi, until } from '../fixtures/pixi-contract.js'
import { recordingOf, writeLauncher } from '../fixtures/pixi-launcher.js'
import { runPython, testPython } from '../fixtures/pythons.js'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'pyferry-pixi-world-')))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const fake = writeLauncher(folder, 'fake-pixi.mjs')

const places = {
  '<channel>': 'file:///nowhere/conda-channel',
  '<refusing>': 'http://refusing.example',
  '<server>': 'http://server.example',
  '<secure>': 'https://server.example',
  '<platform>': condaPlatform() as string,
}

testPixi(() => ({
  tool: { path: fake, version: '0.15.2' },
  channel: places['<channel>'],
  failing: {
    refusing: places['<refusing>'],
    unauthorized: `${places['<server>']}/unauthorized`,
    forbidden: `${places['<server>']}/forbidden`,
    broken: `${places['<server>']}/failing`,
    silent: `${places['<server>']}/silent`,
    absent: `${places['<server>']}/ok`,
    untrusted: `${places['<secure>']}/ok`,
  },
  env: (title) => ({
    ...process.env,
    PYFERRY_PIXI_RECORDING: fileURLToPath(recordingOf(title)),
    PYFERRY_PIXI_PLACES: JSON.stringify(places),
    PYFERRY_TEST_PYTHON: testPython,
  }),
  // The fake, and what it has started.
  untilWaiting: (project) => until(() => listUsers(project).length > 1),
}))

const solved = 'what the manifest asks for is solved, installed and listed, and the project is left alone'

describe('E: a pixi project', () => {
  /** A provisioner with the fake one, and the project that was recorded. */
  function makePlace(recording: string) {
    const place = temporaryFolder()
    const recorded = { PYFERRY_PIXI_RECORDING: fileURLToPath(recordingOf(recording)) }
    const variables = { ...recorded, PYFERRY_PIXI_PLACES: JSON.stringify(places), PYFERRY_TEST_PYTHON: testPython }
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value)
    const pixiPath = writeScript(place, 'pixi', `[ "$1" = --version ] && echo "pixi 0.15.2" && exit\nexec ${fake} "$@"`)
    const project = join(place, 'project')
    mkdirSync(project)
    writeFileSync(join(project, 'pixi.toml'), manifestOf({ small: '*' }, '', places['<channel>']))
    return { project, provisioner: new Provisioner({ home: join(place, 'home'), pixiPath }) }
  }
  afterEach(() => vi.unstubAllEnvs())

  test('is made in the home, and known again without running pixi', async () => {
    const { project, provisioner } = makePlace(solved)
    const built = await provisioner.ensure({ pixi: project })
    const gen = dirname(dirname(dirname(built.prefix)))
    expect(built).toMatchObject({ backend: 'pixi', prefix: join(gen, '.pixi', 'envs', 'default'), hit: false })
    expect(built.packages.map(({ name }) => name)).toEqual(['fromindex', 'python', 'small', 'tiny'])
    expect(runPython(built.python, 'import sys; print(sys.prefix)')).toBe(built.prefix)
    expect(readdirSync(project)).toEqual(['pixi.toml'])
    const run = vi.spyOn(runModule, 'run')
    const { activation, ...known } = await provisioner.ensure({ project })
    expect({ activation, ...known }).toEqual({ ...built, hit: true })
    expect(activation.CONDA_PREFIX).toBe(built.prefix)
    // The fake is a script, which may stand for another each time: that alone is asked.
    expect(run.mock.calls.map(([{ args }]) => args)).toEqual([['--version']])
  })

  test("is made in its own folder with place: 'project'", async () => {
    const { project, provisioner } = makePlace(solved)
    const built = await provisioner.ensure({ pixi: join(project, 'pixi.toml'), place: 'project' })
    expect(built).toMatchObject({ prefix: join(project, '.pixi', 'envs', 'default'), generation: 'in-place' })
  })

  test('without a pixi is TOOL_NOT_FOUND, and an environment that it does not have an OptionError', async () => {
    const { project } = makePlace(solved)
    const provisioner = new Provisioner({ home: join(project, 'home'), pixiPath: '/nowhere/pixi' })
    await expect(provisioner.ensure({ pixi: project })).rejects.toMatchObject({ code: 'ERR_PYFERRY_TOOL_NOT_FOUND' })
    await expect(provisioner.ensure({ pixi: { manifest: project, environment: 'gpu' } })).rejects.toMatchObject({
      code: 'ERR_PYFERRY_OPTION',
      option: 'pixi.environment',
    })
  })
})

test('E: the fake fails loudly on a command line that nobody has recorded', async () => {
  const { job, project } = unstarted('[project]\nname = "other"\n')
  const recording = fileURLToPath(recordingOf('conflict: RESOLUTION_CONFLICT'))
  const env = { ...job.env, PYFERRY_PIXI_RECORDING: recording, PYFERRY_PIXI_PLACES: '{}' }
  const failing = buildInPlace({ ...job, tool: { path: fake, version: '0.15.2' }, env })
  await expect(failing).rejects.toMatchObject({
    exitCode: 97,
    stderrTail: expect.stringContaining('no record'),
    command: expect.stringContaining(project),
  })
})

test.each([
  ['a path dependency', '[pypi-dependencies]\nmine = { path = ".", editable = true }\n', 2],
  ['an activation script', '[activation]\nscripts = ["setup.sh"]\n', 2],
])('E: managed, a manifest with %s is refused, and the error says what to do', async (what, manifest, line) => {
  const { job, project } = unstarted(manifest)
  await expect(buildManaged(job)).rejects.toMatchObject({
    code: 'ERR_PYFERRY_SPEC_INVALID',
    message: expect.stringContaining(what),
    hint: expect.stringContaining("place: 'project'"),
    facts: { path: join(project, 'pixi.toml'), line },
  })
})

test.each([
  ['a pyproject.toml', '0.17.1', '0.18.0', { manifest: '/nowhere/pyproject.toml', offline: false }],
  ['no network', '0.73.0', '0.74.0', { manifest: '/nowhere/pixi.toml', offline: true }],
])('E: %s is too much for pixi %s: TOOL_TOO_OLD names the first that can', async (_, version, minimum, asked) => {
  const { job } = unstarted('')
  const tool = { path: '/tools/pixi', version }
  const source = { ...job.source, manifest: asked.manifest }
  for (const build of [buildManaged, buildInPlace]) {
    await expect(build({ ...job, tool, source, offline: asked.offline })).rejects.toMatchObject({
      code: 'ERR_PYFERRY_TOOL_TOO_OLD',
      facts: { path: '/tools/pixi', version, minimum },
    })
  }
})

test("E: lockMode 'frozen' without a lock is SOURCE_MISSING", async () => {
  const { job, project } = unstarted('[project]\n')
  await expect(buildInPlace({ ...job, lockMode: 'frozen' })).rejects.toMatchObject({
    code: 'ERR_PYFERRY_SOURCE_MISSING',
    facts: { path: join(project, 'pixi.lock') },
  })
})

/** A job whose pixi is nowhere: whoever starts it fails. */
function unstarted(manifest: string): { job: PixiJob; project: string } {
  const project = join(temporaryFolder(), 'project')
  mkdirSync(project)
  writeFileSync(join(project, 'pixi.toml'), manifest)
  const job: PixiJob = {
    source: { kind: 'pixi', manifest: join(project, 'pixi.toml'), lock: undefined, environment: 'default' },
    tool: { path: '/nowhere/pixi', version: '0.15.2' },
    prefix: join(temporaryFolder(), 'g1'),
    lockMode: 'locked',
    offline: false,
    env: installerEnvironment(process.env),
    reporter: new Reporter(undefined),
    signal: new AbortController().signal,
    redact: (text) => text,
  }
  return { job, project }
}
