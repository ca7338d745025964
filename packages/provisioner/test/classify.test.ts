/**
 * Recorded output of real versions of pip and uv, and the installed ones live. To record: PYFERRY_RECORD=1 with PYFERRY_TEST_PIP
 * naming a wheel of pip (and PYFERRY_TEST_PYTHON a Python that it runs on), or with PYFERRY_TEST_UV naming a uv; paths, hosts and
 * ports are replaced on the way.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { classifyFailure } from '../src/classify.js'
import { type ProvisionError, Provisioner } from '../src/index.js'
import { mountDisk } from './fixtures/disks.js'
import { type FailureCase, type FailurePlace, failures, indexFiles, SMALL_DISK_BYTES } from './fixtures/failures.js'
import { temporaryFolder } from './fixtures/folders.js'
import { type IndexProxy, startIndexProxy } from './fixtures/index-proxy.js'
import { findRefusingOrigin, startPackageIndex } from './fixtures/package-index.js'
import { pythonWithPip, testPython } from './fixtures/pythons.js'
import { failWithPip, failWithUv, testPip, uvVersion } from './fixtures/tool-runs.js'

interface Sample {
  exitCode: number | null
  stdout: string
  stderr: string
}

const recorded = new URL('./recorded/', import.meta.url)
const isRecording = process.env.PYFERRY_RECORD === '1'

describe('E: recorded output is called what it is', () => {
  const files = readdirSync(recorded, { recursive: true }).map(String)
  test.each(files.filter((file) => /^(?:pip|uv)-.*\.json$/.test(file)).sort())('%s', (file) => {
    const sample: Sample = JSON.parse(readFileSync(new URL(file, recorded), 'utf8'))
    const { code, facts = {} } = findCase(basename(file, '.json'))
    const error = classifySample(sample)
    expect(error).toMatchObject({ code, hint: expect.stringMatching(/./), exitCode: sample.exitCode })
    expect(error.facts).toMatchObject(facts)
  })
})

describe('E: the installed tools fail as the recorded ones did', () => {
  let place: FailurePlace & { proxy: IndexProxy }
  beforeAll(async () => {
    const proxy = await startIndexProxy('refusing')
    const index = await startPackageIndex(indexFiles)
    place = { index, refusing: await findRefusingOrigin(), refusingProxy: proxy.url, proxy }
  })
  afterAll(() => Promise.all([place.index.close(), place.proxy.close()]))
  afterEach(() => vi.unstubAllEnvs())

  // Those of which every version says the same are left to the records: a run of pip takes a second and more.
  const liveWithPip = [
    'build',
    'source-forbidden-in-file',
    'hash-mismatch',
    'wrong-password',
    'forbidden',
    'refused',
    'no-index',
    'disk-full',
    'disk-read-only',
  ]
  test.each(casesOf('pip', liveWithPip))('pip, $title: $code', async (failure) => {
    const folder = temporaryFolder()
    const python = process.env.PYFERRY_TEST_PIP ? pythonWithPip(join(folder, 'python'), testPip) : testPython
    const error = await failWithPip(failure, place, folder, python)
    if (isRecording) record(failure, error, `pip-${/pip-([\d.]+)-py/.exec(testPip)?.[1]}`)
    expectFailure(error, failure)
    if (failure.disk === 'read-only') return
    expect(['resolve', 'download', 'build', 'install']).toContain(error?.phase)
    if (failure.disk === undefined) expect(readdirSync(join(folder, 'base', 'env'))).toEqual([])
  })

  const liveWithUv = [
    'no-such-range',
    'no-such-package',
    'other-python',
    'conflict',
    'build',
    'source-forbidden',
    'hash-mismatch',
    'wrong-password',
    'refused',
    'untrusted-certificate',
    'proxy-refuses',
    'offline',
    'disk-full',
    'disk-read-only',
    'lock-stale',
    'no-such-group',
  ]
  test.each(casesOf('uv', liveWithUv))('uv, $title: $code', async (failure) => {
    const error = await failWithUv(failure, place, temporaryFolder())
    if (isRecording) record(failure, error, `uv-${uvVersion()}`)
    expectFailure(error, failure)
  })

  test('a home on a disk that is mounted for reading only is said to be that', async () => {
    const disk = mountDisk(SMALL_DISK_BYTES)
    disk.makeReadOnly()
    await expect(
      new Provisioner({ baseDir: join(disk.path, 'base') }).ensure({ python: testPython }),
    ).rejects.toMatchObject({ code: 'ERR_PYFERRY_HOME_READ_ONLY', facts: { path: expect.stringContaining(disk.path) } })
  })
})

test('E: what no rule knows is INSTALL_FAILED with the last line that looks like an error', () => {
  const error = classifySample({
    exitCode: 3,
    stdout: 'one\n',
    stderr: 'ERROR: first\nERROR: the stars are wrong\nbye\n',
  })
  expect(error).toMatchObject({
    code: 'ERR_PYFERRY_INSTALL_FAILED',
    message: 'the installer ended with exit code 3: ERROR: the stars are wrong',
  })
})

test('E: a retry that was needed on the way is not taken for the end', () => {
  const retry =
    "WARNING: Retrying (Retry(total=4, connect=None)) after connection broken by 'NewConnectionError(…)': /simple/"
  const end = 'ERROR: ResolutionImpossible: for help visit …'
  expect(classifySample({ exitCode: 1, stdout: '', stderr: `${retry}\n${end}` }).code).toBe(
    'ERR_PYFERRY_RESOLUTION_CONFLICT',
  )
})

test('E: what is in conflict within a build is the fault of the package, not of the requirements', () => {
  const stderr = `error: Failed to build \`left\`
  cause: Failed to resolve requirements from \`build-system.requires\`
  cause: Because a depends on c==1 and b depends on c==2, we can conclude that a and b are incompatible.
         And because you require a and b, we can conclude that your requirements are unsatisfiable.`
  expect(classifySample({ exitCode: 1, stdout: '', stderr })).toMatchObject({
    code: 'ERR_PYFERRY_BUILD_FAILED',
    facts: { package: 'left' },
  })
})

test('E: a conflict that begins with what is available is not taken for a missing version', () => {
  const stderr = `error: No solution found when resolving dependencies
  cause: Because only left<=1.0 is available and you require left>=1.0, we can conclude that you require left==1.0.
         And because left==1.0 depends on tiny<2 and you require tiny>=2, we can conclude that your requirements are unsatisfiable.`
  expect(classifySample({ exitCode: 1, stdout: '', stderr }).code).toBe('ERR_PYFERRY_RESOLUTION_CONFLICT')
})

test('E: with --no-index, that nothing was found means that nothing could be', () => {
  const sample = { exitCode: 1, stdout: '', stderr: 'ERROR: No matching distribution found for tiny==3' }
  expect(classifySample(sample, 'python -m pip install --no-index -r file').code).toBe('ERR_PYFERRY_OFFLINE_MISS')
  expect(classifySample(sample, 'python -m pip install -r file').code).toBe('ERR_PYFERRY_NO_MATCHING_DISTRIBUTION')
})

describe('I5: the place of a failure is named without what is secret in it', () => {
  test.each([
    [
      'cause: error sending request for url (https://user:s3cret@index.example/simple/tiny/?token=s3cret)',
      { url: 'https://***@index.example/simple/tiny/', host: 'index.example' },
    ],
    ["HTTPSConnectionPool(host='index.example', port=443): Max retries exceeded", { host: 'index.example' }],
  ])('%s', (stderr, facts) => {
    const error = classifySample({ exitCode: 1, stdout: '', stderr })
    expect(error).toMatchObject({ code: 'ERR_PYFERRY_NETWORK_UNREACHABLE', facts })
  })
})

describe('E: a hint does not blame who is not at fault', () => {
  test.each([
    ['HTTP status client error (407 Proxy Authentication Required)', /proxy/],
    ["OSError('Tunnel connection failed: 403 Forbidden')", /proxy/],
    ['HTTP status client error (401 Unauthorized)', /index/],
    ['The repository located at index.example is not a trusted or secure host', /PIP_TRUSTED_HOST/],
    ['received corrupt message of type InvalidContentType', /address/],
    ['error: Unable to find lockfile at `uv.lock`', /uv lock/],
    ['The lockfile at `uv.lock` uses an unsupported schema version (v9)', /version/],
  ])('%s', (stderr, hint) => {
    expect(classifySample({ exitCode: 1, stdout: '', stderr }).hint).toMatch(hint)
  })
})

function classifySample({ exitCode, stdout, stderr }: Sample, command?: string): ProvisionError {
  return classifyFailure({ exitCode, endedBy: null, stdoutTail: stdout, stderrTail: stderr }, { exitCode, command })
}

function findCase(title: string): FailureCase {
  const found = failures.find((each) => each.title === title)
  if (!found) throw new Error(`no case is called ${title}`)
  return found
}

/** The live ones; all of them when their output is recorded. */
function casesOf(tool: 'pip' | 'uv', live: readonly string[]): FailureCase[] {
  return failures.filter(({ title, project, tools = project ? ['uv'] : ['pip', 'uv'] }) => {
    return tools.includes(tool) && (isRecording || live.includes(title))
  })
}

function expectFailure(error: ProvisionError | undefined, { code, facts = {} }: FailureCase): void {
  expect(error).toMatchObject({
    code,
    command: expect.stringMatching(/ (?:install|sync) /),
    exitCode: expect.any(Number),
  })
  expect(error?.facts).toMatchObject(facts)
  expect(`${error?.message} ${JSON.stringify(error)}`).not.toContain('s3cret')
}

/** A version that does not fail so (the records say which) leaves nothing. */
function record({ title }: FailureCase, error: ProvisionError | undefined, tool: string): void {
  if (!error) return
  const anonymous = (text = '') =>
    text
      .replaceAll(/\/tmp\/pyferry-test-\w+/g, '/folder')
      .replaceAll(/[^\s"']*\/pip-[\d.]+-py3-none-any\.whl/g, '/python/pip.whl')
      .replaceAll(/\/[^\s"'`]*(?=\/lib\/python3|\/bin\/python3)/g, '/python')
      .replaceAll(/\/tmp\/pip-[\w-]+/g, '/tmp/pip-work')
      .replaceAll(/(?:127\.0\.0\.1|localhost):\d+/g, 'index.example')
      .replaceAll(/port=\d+/g, 'port=80')
      .replaceAll(/127\.0\.0\.1|localhost|pypi\.org/g, 'index.example')
  const sample: Sample = {
    exitCode: error.exitCode ?? null,
    stdout: anonymous(error.stdoutTail),
    stderr: anonymous(error.stderrTail),
  }
  const folder = new URL(`${tool}/`, recorded)
  mkdirSync(folder, { recursive: true })
  writeFileSync(new URL(`${title}.json`, folder), `${JSON.stringify(sample, null, 1)}\n`)
}
