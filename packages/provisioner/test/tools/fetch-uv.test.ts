import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { installerEnvironment } from '../../src/child-environment.js'
import { type ProvisionEvent, Reporter } from '../../src/events.js'
import { type FoundPython, findPython } from '../../src/find-python.js'
import { InterpreterError, NetworkError, ToolError } from '../../src/index.js'
import { openProbeCache } from '../../src/probe-cache.js'
import { makeRedactor } from '../../src/redact.js'
import { type FetchUvOptions, fetchUv } from '../../src/tools/fetch-uv.js'
import { findTool } from '../../src/tools/tool.js'
import { executableName, pinnedVersions, toolFolder, toolPath } from '../../src/tools/tool-path.js'
import { pinnedUv } from '../../src/tools/uv-wheels.js'
import { temporaryFolder } from '../fixtures/folders.js'
import { findRefusingOrigin, type PackageIndex, startPackageIndex } from '../fixtures/package-index.js'
import { usePackagesOf, usePipSettings } from '../fixtures/pip-settings.js'
import { until } from '../fixtures/processes.js'
import { relocatePython, testPython } from '../fixtures/pythons.js'
import { testUv } from '../fixtures/uv.js'
import { type BuiltFile, makeWheel, writeFiles } from '../fixtures/wheels.js'

const version = pinnedVersions.uv

/** A wheel as uv's are, with a script in the place of the binary. */
function makeUvWheel(script = `echo "uv ${version}"`): BuiltFile {
  const files = { [`uv-${version}.data/scripts/${executableName('uv')}`]: `#!/bin/sh\n${script}\n` }
  return makeWheel({ name: 'uv', version, files })
}

const wheel = makeUvWheel()
const release = releaseOf(wheel)
let index: PackageIndex
let python: FoundPython

beforeAll(async () => {
  index = await startPackageIndex([{ ...wheel, project: 'uv' }])
  python = await findPython(testPython, { env: process.env })
})
afterAll(() => index.close())
afterEach(() => vi.unstubAllEnvs())

function releaseOf({ sha256 }: BuiltFile) {
  return { version, wheels: { any: sha256 } }
}

/** With the pip settings that the test has made. */
function options(home: string, given: Partial<FetchUvOptions> = {}): FetchUvOptions {
  const { signal } = new AbortController()
  const env = installerEnvironment(process.env)
  return { home, python, env, signal, redact: makeRedactor(process.env), release, ...given }
}

async function failureOf(home: string, given: Partial<FetchUvOptions> = {}) {
  const error = await fetchUv(options(home, given)).catch((thrown) => thrown)
  expect(existsSync(toolPath(home, 'uv'))).toBe(false)
  expect(existsSync(toolFolder(home, 'uv')) ? readdirSync(toolFolder(home, 'uv')) : []).toEqual([])
  return error
}

describe('E: uv is fetched', () => {
  test('the real one, of the pinned version and hash, by the settings of this machine', () => {
    // The tests' own uv came this way.
    expect(testUv()).toContain(join('t', 'uv', version))
    expect(Object.values(pinnedUv.wheels).every((sha256) => /^[0-9a-f]{64}$/.test(sha256))).toBe(true)
    expect(new Set(Object.values(pinnedUv.wheels)).size).toBe(Object.keys(pinnedUv.wheels).length)
  })

  test('from the index that pip is told of, into its place, where it is found again; nothing else stays', async () => {
    usePipSettings({ PIP_INDEX_URL: index.url('ok') })
    const home = temporaryFolder()
    const events: ProvisionEvent[] = []
    const reporter = new Reporter((event) => events.push(event))
    reporter.enter('find-python')
    const found = await fetchUv(options(home, { reporter }))
    const path = toolPath(home, 'uv')
    expect(found).toEqual({ kind: 'uv', path, version, considered: [{ path, version }] })
    expect(statSync(path).mode & 0o777).toBe(0o755)
    expect(readdirSync(toolFolder(home, 'uv'))).toHaveLength(1)
    expect(readdirSync(join(path, '..'))).toEqual([executableName('uv')])
    // What pip prints, in the phase that the caller is in.
    expect(reporter.phase).toBe('find-python')
    expect(events.some((event) => event.type === 'log' && event.line.includes(`uv==${version}`))).toBe(true)
    const probes = openProbeCache(join(home, 'probe'))
    expect(await findTool('uv', { home, env: {}, usualFolders: [], probes })).toEqual(found)
  })

  test('from a folder of wheels, without any index', async () => {
    usePackagesOf(writeFiles(join(temporaryFolder(), 'links'), [wheel]))
    expect((await fetchUv(options(temporaryFolder()))).version).toBe(version)
  })

  test('by several at once, and over one that is there', async () => {
    usePackagesOf(writeFiles(join(temporaryFolder(), 'links'), [wheel]))
    const home = temporaryFolder()
    mkdirSync(join(toolPath(home, 'uv'), '..'), { recursive: true })
    writeFileSync(toolPath(home, 'uv'), 'half of one', { mode: 0o755 })
    const found = await Promise.all([1, 2, 3].map(() => fetchUv(options(home))))
    expect(found.map((each) => each.version)).toEqual([version, version, version])
    expect(readdirSync(toolFolder(home, 'uv'))).toHaveLength(1)
  })
})

describe('E: uv that cannot be fetched', () => {
  test('TOOL_CHECKSUM_MISMATCH when the index has another file, and that is never unpacked', async () => {
    const other = makeUvWheel('echo "I am somebody else"')
    usePackagesOf(writeFiles(join(temporaryFolder(), 'links'), [other]))
    const error = await failureOf(temporaryFolder())
    expect(error).toBeInstanceOf(ToolError)
    expect(error).toMatchObject({
      code: 'ERR_PYFERRY_TOOL_CHECKSUM_MISMATCH',
      retryable: false,
      facts: { kind: 'uv', version },
      hint: expect.stringContaining('by hand'),
      cause: { code: 'ERR_PYFERRY_HASH_MISMATCH' },
    })
  })

  test('TOOL_DOWNLOAD_FAILED, to be tried again, when the index does not answer', async () => {
    usePipSettings({ PIP_INDEX_URL: await findRefusingOrigin(), PIP_RETRIES: '0' })
    const env = { ...installerEnvironment(process.env), PIP_RETRIES: '0' }
    const error = await failureOf(temporaryFolder(), { env })
    expect(error).toMatchObject({ code: 'ERR_PYFERRY_TOOL_DOWNLOAD_FAILED', retryable: true })
    expect(error.cause).toBeInstanceOf(NetworkError)
  })

  test.each([
    ['forbidden', 'ERR_PYFERRY_AUTH_FAILED'],
    ['failing-files', 'ERR_PYFERRY_NETWORK_UNREACHABLE'],
  ] as const)('TOOL_DOWNLOAD_FAILED with what mends it: an index that is %s', async (mode, code) => {
    usePipSettings({ PIP_INDEX_URL: index.url(mode) })
    const env = { ...installerEnvironment(process.env), PIP_RETRIES: '0' }
    const error = await failureOf(temporaryFolder(), { env })
    expect(error).toMatchObject({ code: 'ERR_PYFERRY_TOOL_DOWNLOAD_FAILED', cause: { code } })
    expect(error.hint).toBe(error.cause.hint)
  })

  test('TOOL_DOWNLOAD_FAILED when the index has no uv, or one without a uv in it, or one that does not start', async () => {
    const folder = temporaryFolder()
    usePackagesOf(writeFiles(join(folder, 'none'), []))
    const absent = await failureOf(join(folder, 'a'))
    expect(absent).toMatchObject({ code: 'ERR_PYFERRY_TOOL_DOWNLOAD_FAILED', retryable: false })
    expect(absent.cause).toBeInstanceOf(NetworkError)
    const empty = makeWheel({ name: 'uv', version })
    usePackagesOf(writeFiles(join(folder, 'empty'), [empty]))
    const holdsNone = await failureOf(join(folder, 'b'), { release: releaseOf(empty) })
    expect(holdsNone.message).toContain('holds no uv')
    const broken = makeUvWheel('exit 1')
    usePackagesOf(writeFiles(join(folder, 'broken'), [broken]))
    expect(await failureOf(join(folder, 'c'), { release: releaseOf(broken) })).toMatchObject({
      code: 'ERR_PYFERRY_TOOL_DOWNLOAD_FAILED',
      cause: { code: 'ERR_PYFERRY_TOOL_FAILED_TO_START' },
    })
  })

  test('TOOL_DOWNLOAD_FAILED when the Python has no pip', async () => {
    const folder = temporaryFolder()
    const bare = await findPython(relocatePython(join(folder, 'base'), { without: ['ensurepip'] }), {
      env: process.env,
    })
    const without = { ...bare, info: { ...bare.info, wheelFolder: null } }
    const error = await failureOf(join(folder, 'home'), { python: without, packagedWheels: '/nowhere' })
    expect(error.cause).toBeInstanceOf(InterpreterError)
    expect(error).toMatchObject({
      code: 'ERR_PYFERRY_TOOL_DOWNLOAD_FAILED',
      cause: { code: 'ERR_PYFERRY_PIP_MISSING' },
    })
  })

  test('TOOL_DOWNLOAD_FAILED when the home may not be written', async () => {
    await expect(fetchUv(options('/sys'))).rejects.toMatchObject({
      code: 'ERR_PYFERRY_TOOL_DOWNLOAD_FAILED',
      cause: { code: 'ERR_PYFERRY_PERMISSION_DENIED' },
    })
  })

  test('an abort ends it with its own reason, and leaves nothing', async () => {
    usePipSettings({ PIP_INDEX_URL: index.url('silent') })
    const controller = new AbortController()
    const reason = new Error('enough')
    const asked = vi.waitUntil(() => index.requests.some((url) => url.startsWith('/silent/')), { timeout: 30_000 })
    const fetching = failureOf(temporaryFolder(), { signal: controller.signal })
    await asked
    controller.abort(reason)
    expect(await fetching).toBe(reason)
  })

  test('leaves nothing among the temporary files either, though pip is killed in the midst of it', async () => {
    const [home, temporary] = [temporaryFolder(), temporaryFolder()]
    usePipSettings({ PIP_INDEX_URL: index.url('silent') })
    vi.stubEnv('TMPDIR', temporary)
    const controller = new AbortController()
    const asked = index.requests.length
    const fetching = failureOf(home, { signal: controller.signal })
    await until(() => index.requests.length > asked)
    controller.abort()
    await fetching
    expect(readdirSync(temporary)).toEqual([])
  })

  test('I5: a login of the index is in no error', async () => {
    const url = index.url('unauthorized').replace('://', '://user:s3cretword@')
    usePipSettings({ PIP_INDEX_URL: url })
    const error = await failureOf(temporaryFolder())
    const text = JSON.stringify([error, error.message, error.cause, error.cause.message])
    expect(error.cause.code).toBe('ERR_PYFERRY_AUTH_FAILED')
    expect(text).not.toContain('s3cretword')
  })
})
