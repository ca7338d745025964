/** The contract with a fake pixi, which replays what a real one did; and what is refused before any pixi is started. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { buildInPlace, buildManaged, type PixiJob } from '../../src/backends/pixi.js'
import { condaPlatform } from '../../src/backends/pixi-lock.js'
import { installerEnvironment } from '../../src/child-environment.js'
import { Reporter } from '../../src/events.js'
import { temporaryFolder } from '../fixtures/folders.js'
import { listUsers, testPixi, until } from '../fixtures/pixi-contract.js'
import { recordingOf, writeLauncher } from '../fixtures/pixi-launcher.js'
import { testPython } from '../fixtures/pythons.js'

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
