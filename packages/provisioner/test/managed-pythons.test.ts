import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { installerEnvironment } from '../src/child-environment.js'
import { Reporter } from '../src/events.js'
import { findPython } from '../src/find-python.js'
import { InterpreterError, ToolError } from '../src/index.js'
import type { InterpreterInfo } from '../src/interpreter.js'
import {
  chooseClauses,
  type InstallPythonOptions,
  installManagedPython,
  listManagedPythons,
} from '../src/managed-pythons.js'
import { isMusl } from '../src/tools/tool-path.js'
import { writeScript } from './fixtures/executables.js'
import { temporaryFolder } from './fixtures/folders.js'
import { relocatePython, testPython } from './fixtures/pythons.js'
import { testUv } from './fixtures/uv.js'

const os = { linux: 'linux', darwin: 'macos' }[process.platform as string] ?? 'windows'
const arch = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] ?? process.arch
const libc = os === 'linux' ? (isMusl() ? 'musl' : 'gnu') : 'none'
const platform = `${os}-${arch}-${libc}`

/** A folder as uv leaves it, with something executable in the place of the interpreter. */
function makeManaged(folder: string, name: string, python: string): string {
  return writeScript(join(folder, `${name}-${platform}`, 'bin'), python, 'exit 1')
}

async function listPaths(home: string | undefined, env: Readonly<Record<string, string>>): Promise<string[]> {
  return (await listManagedPythons(home, env)).map(({ path }) => path)
}

describe('E: the Pythons that uv has installed', () => {
  test('newest first, pre-releases last, links and unusual builds left out', async () => {
    const home = temporaryFolder()
    const py = join(home, 'py')
    const expected = [
      makeManaged(py, 'cpython-3.13.2', 'python3.13'),
      makeManaged(py, 'cpython-3.12.10', 'python3.12'),
      makeManaged(py, 'cpython-3.12.9', 'python3.12'),
      makeManaged(py, 'cpython-3.9.25', 'python3.9'),
      makeManaged(py, 'cpython-3.15.0rc1', 'python3.15'),
    ]
    makeManaged(py, 'cpython-3.14.1+freethreaded', 'python3.14t')
    makeManaged(py, 'cpython-3.14.1+debug', 'python3.14d')
    makeManaged(py, 'pypy-3.11.17', 'pypy3.11')
    symlinkSync(dirname(dirname(expected[0] as string)), join(py, `cpython-3.13-${platform}`))
    mkdirSync(join(py, `cpython-3.14.0-${platform}`))
    mkdirSync(join(py, '.temp'))
    writeFileSync(join(py, `cpython-3.14.3-${platform}`), 'a file')
    expect(await listPaths(home, { UV_PYTHON_INSTALL_DIR: '/nowhere' })).toEqual(expected)
  })

  test('of this platform alone', async () => {
    const home = temporaryFolder()
    const others = ['plan9-x86_64-none', `${os}-sparc-${libc}`, `${os}-${arch}`, `${os}-${arch}-${libc}-more`]
    if (os === 'linux') others.push(`linux-${arch}-${libc === 'gnu' ? 'musl' : 'gnu'}`)
    for (const other of others) writeScript(join(home, 'py', `cpython-3.13.2-${other}`, 'bin'), 'python3.13', '')
    expect(await listPaths(home, { UV_PYTHON_INSTALL_DIR: '/nowhere' })).toEqual([])
  })

  test("the home's before uv's own of the same version, one folder once", async () => {
    const folder = temporaryFolder()
    const home = join(folder, 'home')
    const [theirs, ours] = [join(folder, 'data', 'uv', 'python'), join(home, 'py')]
    const newer = makeManaged(theirs, 'cpython-3.13.2', 'python3.13')
    const same = [
      makeManaged(ours, 'cpython-3.12.1', 'python3.12'),
      makeManaged(theirs, 'cpython-3.12.1', 'python3.12'),
    ]
    expect(await listPaths(home, { XDG_DATA_HOME: join(folder, 'data') })).toEqual([newer, ...same])
    expect(await listPaths(home, { UV_PYTHON_INSTALL_DIR: ours })).toEqual([same[0]])
    expect(await listPaths(undefined, { UV_PYTHON_INSTALL_DIR: theirs })).toEqual([newer, same[1]])
  })

  test("uv's own folder is the one that uv says", async () => {
    const HOME = temporaryFolder()
    const cases: Record<string, string>[] = [
      { HOME },
      { HOME, XDG_DATA_HOME: join(HOME, 'data') },
      { HOME, XDG_DATA_HOME: 'relative' },
      { HOME, UV_PYTHON_INSTALL_DIR: join(HOME, 'own') },
    ]
    for (const env of cases) {
      const folder = execFileSync(testUv(), ['python', 'dir'], { env, encoding: 'utf8' }).trim()
      expect(folder.startsWith(HOME)).toBe(true)
      const path = makeManaged(folder, 'cpython-3.12.1', 'python3.12')
      expect(await listPaths(undefined, env)).toEqual([path])
    }
  })

  test('none where there is no folder, or none that may be read', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'py'), 'a file')
    expect(await listPaths(folder, { UV_PYTHON_INSTALL_DIR: '/nowhere' })).toEqual([])
    expect(await listPaths(undefined, { UV_PYTHON_INSTALL_DIR: 'relative' })).toEqual([])
  })
})

describe('E: a Python is installed by the real uv', () => {
  let info: InterpreterInfo
  let archive: { path: string; sha256: string }
  let minor: string

  /** An installed CPython, taken apart and put together as the ones are that uv fetches: `python/bin`, `python/lib`. */
  beforeAll(async () => {
    info = (await findPython(testPython, { env: process.env })).info
    minor = info.release.split('.').slice(0, 2).join('.')
    const folder = realpathSync(execFileSync('mktemp', ['-d'], { encoding: 'utf8' }).trim())
    const without = ['test', 'idlelib', 'tkinter', 'turtledemo', 'lib2to3', 'ensurepip', 'pydoc_data']
    relocatePython(join(folder, 'python'), { without })
    const path = join(folder, 'python.tar.gz')
    // Links become what they lead to. Most of the time would be compressing.
    const excluded = ['--exclude=config-3*', '--exclude=__pycache__']
    execFileSync('tar', ['-c', '-h', ...excluded, '-I', 'gzip -1', '-f', path, '-C', folder, 'python'])
    archive = { path, sha256: createHash('sha256').update(readFileSync(path)).digest('hex') }
    return () => execFileSync('rm', ['-rf', folder])
  })

  /** The list of what there is to fetch, with this one Python in it. */
  function listOf(folder: string, change: { url?: string; sha256?: string } = {}): string {
    const [major, minorNumber, patch] = info.release.split('.').map(Number)
    const path = join(folder, 'pythons.json')
    const entry = {
      name: 'cpython',
      arch: { family: arch, variant: null },
      os: os === 'macos' ? 'darwin' : os,
      libc,
      major,
      minor: minorNumber,
      patch,
      prerelease: '',
      url: `file://${archive.path}`,
      sha256: archive.sha256,
      variant: null,
      build: null,
      ...change,
    }
    writeFileSync(path, JSON.stringify({ [`cpython-${info.release}-${platform}`]: entry }))
    return path
  }

  function options(home: string, list: string, given: Partial<InstallPythonOptions> = {}): InstallPythonOptions {
    const path = testUv()
    const uv = { kind: 'uv', path, version: '', considered: [] } as const
    const host = { ...process.env, UV_PYTHON_DOWNLOADS_JSON_URL: list, UV_PYTHON_DOWNLOADS: 'never' }
    const env = { ...installerEnvironment(host), UV_CACHE_DIR: join(home, 'c', 'uv'), UV_HTTP_RETRIES: '0' }
    const { signal } = new AbortController()
    return { uv, home, version: minor, env, signal, redact: (text) => text, ...given }
  }

  test('into the home, where it is found and works; once more changes nothing', async () => {
    const home = temporaryFolder()
    const list = listOf(home)
    const candidate = await installManagedPython(options(home, list))
    expect(candidate.path).toBe(join(home, 'py', `cpython-${info.release}-${platform}`, 'bin', `python${minor}`))
    expect(await listPaths(home, { UV_PYTHON_INSTALL_DIR: '/nowhere' })).toEqual([candidate.path])
    const found = await findPython(candidate.path, { env: process.env })
    expect(found.info).toMatchObject({ version: info.version, prefix: dirname(dirname(candidate.path)) })
    expect(await installManagedPython(options(home, list, { version: `>=3.9,<=${info.release}` }))).toEqual(candidate)
  })

  test('by several at once', async () => {
    const home = temporaryFolder()
    const list = listOf(home)
    const paths = await Promise.all([1, 2, 3].map(async () => (await installManagedPython(options(home, list))).path))
    expect(new Set(paths).size).toBe(1)
  })

  test('PYTHON_NOT_FOUND when uv knows of none that fits', async () => {
    const home = temporaryFolder()
    const error = await installManagedPython(options(home, listOf(home), { version: '>=3.99' })).catch(
      (thrown) => thrown,
    )
    expect(error).toBeInstanceOf(InterpreterError)
    expect(error).toMatchObject({
      code: 'ERR_PYFERRY_PYTHON_NOT_FOUND',
      command: expect.stringContaining('python install'),
    })
  })

  test('TOOL_CHECKSUM_MISMATCH when it is not what was published, and none is there then', async () => {
    const home = temporaryFolder()
    const list = listOf(home, { sha256: '0'.repeat(64) })
    await expect(installManagedPython(options(home, list))).rejects.toMatchObject({
      code: 'ERR_PYFERRY_TOOL_CHECKSUM_MISMATCH',
      facts: { kind: 'python', version: minor },
    })
    expect(await listPaths(home, { UV_PYTHON_INSTALL_DIR: '/nowhere' })).toEqual([])
  })

  test('TOOL_DOWNLOAD_FAILED when the archive is not there, or no archive', async () => {
    const home = temporaryFolder()
    const absent = await installManagedPython(options(home, listOf(home, { url: `file://${home}/none.tar.gz` }))).catch(
      (thrown) => thrown,
    )
    expect(absent).toBeInstanceOf(ToolError)
    expect(absent).toMatchObject({
      code: 'ERR_PYFERRY_TOOL_DOWNLOAD_FAILED',
      message: expect.stringContaining('No such file'),
      stderrTail: expect.stringContaining('Failed to install'),
    })
    const file = join(home, 'garbage.tar.gz')
    writeFileSync(file, 'garbage')
    const sha256 = createHash('sha256').update('garbage').digest('hex')
    await expect(
      installManagedPython(options(home, listOf(home, { url: `file://${file}`, sha256 }))),
    ).rejects.toMatchObject({
      code: 'ERR_PYFERRY_TOOL_DOWNLOAD_FAILED',
    })
    expect(readdirSync(join(home, 'py')).filter((name) => name.startsWith('cpython'))).toEqual([])
  })

  test('an abort ends it with its own reason', async () => {
    const home = temporaryFolder()
    const path = writeScript(home, 'uv', 'echo started\nsleep 600')
    const uv = { kind: 'uv', path, version: '', considered: [] } as const
    const controller = new AbortController()
    const reason = new Error('enough')
    const reporter = new Reporter(({ type }) => type === 'log' && controller.abort(reason))
    const installing = installManagedPython(options(home, listOf(home), { uv, reporter, signal: controller.signal }))
    await expect(installing).rejects.toBe(reason)
  })
})

test.each([
  ['auto', '==3.13.*'],
  ['3.12', '==3.12.*'],
  ['3.12.4', '==3.12.4'],
  ['>=3.9', '>=3.9,==3.13.*'],
  ['>=3.14', '>=3.14'],
  ['>=3.13.5', '>=3.13.5'],
  ['<3.13', '<3.13'],
  ['~=3.12', '~=3.12,==3.13.*'],
])('E: of %s the Python that is installed is %s', (version, expected) => {
  const text = chooseClauses(version).map((clause) => `${clause.operator}${clause.version}`)
  expect(text.join(',')).toBe(expected)
})
