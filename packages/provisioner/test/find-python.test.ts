import { chmodSync, mkdirSync, realpathSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { findPython } from '../src/find-python.js'
import { openProbeCache } from '../src/probe-cache.js'
import * as runModule from '../src/run.js'
import { temporaryFolder } from './fixtures/folders.js'
import { relocatePython, runPython, testPython } from './fixtures/pythons.js'

const version = runPython(testPython, 'import platform; print(platform.python_version())')
const minor = version.split('.').slice(0, 2).join('.')

/** A folder for PATH with these scripts in it; `''` stands for a link to the Python of the tests. */
function folderWith(scripts: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder()
  for (const [name, script] of Object.entries(scripts)) {
    const path = join(folder, name)
    if (script === '') symlinkSync(testPython, path)
    else writeFileSync(path, `#!/bin/sh\n${script}\n`)
    if (script !== '') chmodSync(path, 0o755)
  }
  return folder
}

const shim = `echo "a shim speaks"\nexec ${testPython} "$@"`
const old = 'echo \'pyferry-probe:{"version":"3.8.2","release":"3.8.2","base":"/x"}\''
const broken = 'echo "it is broken" >&2\nexit 1'

describe('V-2: which Python is taken', () => {
  test('python3 of PATH before python, whatever else is there', async () => {
    const PATH = folderWith({ python3: '', python: '', 'python3.99': '' })
    const { info, refused } = await findPython('auto', { env: { PATH } })
    expect(refused).toEqual([])
    expect(info).toMatchObject({ version, executable: join(PATH, 'python3') })
  })

  test('python when python3 is refused, then python3.x from the newest on', async () => {
    const PATH = folderWith({ python3: old, python: broken, 'python3.10': '', 'python3.9': '', 'python3.99': broken })
    const { info, refused } = await findPython('auto', { env: { PATH } })
    expect(refused.map(({ path }) => path)).toEqual(['python3', 'python', 'python3.99'].map((name) => join(PATH, name)))
    expect(info.executable).toBe(join(PATH, 'python3.10'))
  })

  test('the first folder of PATH that has the name', async () => {
    const [first, second] = [folderWith({ other: '' }), folderWith({ python3: '' })]
    const { info } = await findPython('auto', { env: { PATH: `${first}:relative::${second}` } })
    expect(info.executable).toBe(join(second, 'python3'))
  })

  test.each([minor, `>=${minor}`, `==${version}`, `>=3.9,<=${version}`])('one in the range %s', async (range) => {
    const PATH = folderWith({ python3: old, python: '' })
    expect((await findPython(range, { env: { PATH } })).info.version).toBe(version)
  })

  test('the one at a path, or of a name', async () => {
    const PATH = folderWith({ mine: '' })
    expect((await findPython(join(PATH, 'mine'), { env: {} })).info.executable).toBe(join(PATH, 'mine'))
    expect((await findPython('mine', { env: { PATH } })).info.executable).toBe(join(PATH, 'mine'))
  })

  test('for a shim, what it stands for, though it prints more than was asked', async () => {
    const PATH = folderWith({ python3: shim })
    const { info, base } = await findPython('auto', { env: { PATH } })
    expect(realpathSync(info.base)).toBe(realpathSync(testPython))
    expect(base.isShim).toBe(false)
  })

  test('for the Python of a virtual environment, the one it was made from', async () => {
    const folder = temporaryFolder()
    runPython(testPython, `import venv; venv.create(${JSON.stringify(join(folder, 'v'))}, symlinks=True)`)
    runPython(
      join(folder, 'v/bin/python'),
      `import venv; venv.create(${JSON.stringify(join(folder, 'w'))}, symlinks=True)`,
    )
    for (const name of ['v', 'w']) {
      const { info, base } = await findPython(join(folder, name, 'bin', 'python'), { env: {} })
      expect(realpathSync(base.path)).toBe(realpathSync(testPython))
      expect(info.prefix).toBe(realpathSync(runPython(testPython, 'import sys; print(sys.base_prefix)')))
      expect(info.base.startsWith(folder)).toBe(false)
    }
  })
})

describe('V-2: no Python', () => {
  test('PYTHON_NOT_FOUND when there is none at all', async () => {
    const PATH = temporaryFolder()
    writeFileSync(join(PATH, 'python3'), 'not executable')
    mkdirSync(join(PATH, 'python'))
    await expect(findPython('auto', { env: { PATH } })).rejects.toMatchObject({
      code: 'ERR_PYFERRY_PYTHON_NOT_FOUND',
      refused: [],
    })
    await expect(findPython('mine', { env: { PATH } })).rejects.toMatchObject({ code: 'ERR_PYFERRY_PYTHON_NOT_FOUND' })
    for (const path of [join(PATH, 'absent'), join(PATH, 'python3'), join(PATH, 'python')]) {
      await expect(findPython(path, { env: {} })).rejects.toMatchObject({
        code: 'ERR_PYFERRY_PYTHON_NOT_FOUND',
        message: expect.stringContaining(path),
      })
    }
  })

  test('PYTHON_VERSION_MISMATCH names every one that was refused, and why', async () => {
    const PATH = folderWith({ python3: old, python: '', 'python3.12': broken })
    await expect(findPython('>=3.99', { env: { PATH } })).rejects.toMatchObject({
      code: 'ERR_PYFERRY_PYTHON_VERSION_MISMATCH',
      hint: expect.stringMatching(/python/),
      refused: [
        { path: join(PATH, 'python3'), reason: 'it is 3.8.2, and 3.9 is the oldest that works' },
        { path: join(PATH, 'python'), reason: `it is ${version}` },
        { path: join(PATH, 'python3.12'), reason: 'exit code 1: it is broken' },
      ],
    })
  })

  test.each([
    ['a program that is no Python', 'echo "hello"'],
    ['a failing one', broken],
    ['one that lies', 'echo "pyferry-probe:{]"'],
    ['one that was killed', 'kill -9 $$'],
  ])('PYTHON_BROKEN: %s', async (_, script) => {
    const path = join(folderWith({ python3: script }), 'python3')
    await expect(findPython(path, { env: process.env })).rejects.toMatchObject({
      code: 'ERR_PYFERRY_PYTHON_BROKEN',
      refused: [{ path }],
      cause: { code: 'ERR_PYFERRY_PYTHON_BROKEN', command: expect.stringContaining(path) },
    })
  })

  test('PYTHON_BROKEN: a link to nothing', async () => {
    const path = join(temporaryFolder(), 'python3')
    symlinkSync('/nowhere/python3', path)
    await expect(findPython(path, { env: {} })).rejects.toMatchObject({ code: 'ERR_PYFERRY_PYTHON_BROKEN' })
  })

  test('VENV_MODULE_MISSING: one whose packager left the module out', async () => {
    const path = relocatePython(join(temporaryFolder(), 'base'), { without: ['venv', 'ensurepip'] })
    await expect(findPython(path, { env: {} })).rejects.toMatchObject({
      code: 'ERR_PYFERRY_VENV_MODULE_MISSING',
      hint: expect.stringContaining('apt install python3-venv'),
      refused: [{ path, reason: 'it has no module venv' }],
    })
  })
})

describe('I6: a Python is known again without being started', () => {
  afterEach(() => vi.restoreAllMocks())

  /** Finds it twice with one cache; how many processes the second took. */
  async function processesOfSecond(python: string, env: { PATH?: string }, change: () => void): Promise<number> {
    const probes = openProbeCache(join(temporaryFolder(), 'probe'))
    const first = await findPython(python, { env, probes })
    change()
    const run = vi.spyOn(runModule, 'run').mockClear()
    const second = await findPython(python, { env, probes })
    if (run.mock.calls.length === 0) expect(second).toEqual(first)
    return run.mock.calls.length
  }

  test('while the disk shows the same, those that were refused too', async () => {
    const PATH = folderWith({ python: '' })
    expect(await processesOfSecond('auto', { PATH }, () => {})).toBe(0)
    const range = `>=${version}`
    const other = relocatePython(join(temporaryFolder(), 'base'), { without: ['venv'] })
    symlinkSync(other, join(PATH, 'python3'))
    expect(await processesOfSecond(range, { PATH }, () => {})).toBe(0)
  })

  test('but not when another comes first, or the file is another', async () => {
    const PATH = folderWith({ python: '' })
    expect(await processesOfSecond('auto', { PATH }, () => symlinkSync(testPython, join(PATH, 'python3')))).toBe(1)
    const python = relocatePython(join(temporaryFolder(), 'base'), { without: [] })
    expect(await processesOfSecond(python, {}, () => utimesSync(python, new Date(0), new Date(0)))).toBe(1)
  })

  test('but not a shim, which may stand for another each time', async () => {
    const PATH = folderWith({ python3: shim })
    expect(await processesOfSecond('auto', { PATH }, () => {})).toBe(1)
  })
})

describe('E: what a project requires narrows the choice', () => {
  const from = 'requires-python of /app/pyproject.toml'

  test('and who says so is in the refusal', async () => {
    const PATH = folderWith({ python3: '' })
    await expect(findPython('auto', { env: { PATH }, ranges: [{ range: '>=3.99', from }] })).rejects.toMatchObject({
      code: 'ERR_PYFERRY_PYTHON_VERSION_MISMATCH',
      refused: [{ path: join(PATH, 'python3'), reason: `it is ${version}, which ${from} rules out` }],
    })
  })

  test('and what is no range is SPEC_INVALID', async () => {
    await expect(findPython('auto', { env: {}, ranges: [{ range: 'new', from }] })).rejects.toMatchObject({
      code: 'ERR_PYFERRY_SPEC_INVALID',
      message: expect.stringContaining(from),
    })
  })
})
