import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Candidate, tryCandidate } from '../../src/candidates.js'
import { StoppedError, ToolError } from '../../src/index.js'
import { openProbeCache } from '../../src/probe-cache.js'
import { type FindToolOptions, findTool, tryParseVersion } from '../../src/tools/tool.js'
import { pinnedVersions, toolPath } from '../../src/tools/tool-path.js'
import { writeScript } from '../fixtures/executables.js'
import { temporaryFolder } from '../fixtures/folders.js'
import { testUv } from '../fixtures/uv.js'

const good = 'echo "uv 0.13.9 (x86_64-unknown-linux-gnu)"'
const old = 'echo "uv 0.9.16"'

/** Nothing is found but where a test says. */
function options(given: Partial<FindToolOptions> = {}): FindToolOptions {
  return { env: {}, usualFolders: [], probes: openProbeCache(join(temporaryFolder(), 'probe')), ...given }
}

describe('E: which uv is taken', () => {
  test('the real one, with its version', async () => {
    const path = testUv()
    const found = await findTool('uv', options({ explicit: path }))
    const version = pinnedVersions.uv
    expect(found).toEqual({ kind: 'uv', path, version, considered: [{ path, version }] })
  })

  test('an option before a variable, a variable before the home, that before PATH, PATH before the usual folders and the Python', async () => {
    const folder = temporaryFolder()
    const at = (place: string, version: string) => writeScript(join(folder, place), 'uv', `echo "uv ${version}"`)
    const home = join(folder, 'home')
    const pinned = toolPath(home, 'uv')
    writeScript(dirname(pinned), 'uv', 'echo "uv 3.0.0"')
    const everything = options({
      explicit: at('option', '1.0.0'),
      env: {
        PYFERRY_UV: at('variable', '2.0.0'),
        PATH: `${dirname(at('first', '4.0.0'))}:${dirname(at('second', '5.0.0'))}`,
      },
      home,
      usualFolders: [dirname(at('usual', '6.0.0'))],
      python: join(dirname(at('python', '7.0.0')), 'python3'),
    })
    const { PATH } = everything.env
    const left: FindToolOptions[] = [
      everything,
      { ...everything, explicit: undefined },
      { ...everything, explicit: undefined, env: { PATH } },
      { ...everything, explicit: undefined, env: { PATH }, home: undefined },
      { ...everything, explicit: undefined, env: { PATH: `relative:${join(folder, 'second')}` }, home: undefined },
      { ...everything, explicit: undefined, env: {}, home: undefined },
      { ...everything, explicit: undefined, env: {}, home: undefined, usualFolders: [] },
    ]
    const versions = await Promise.all(left.map(async (each) => (await findTool('uv', each))?.version))
    expect(versions).toEqual(['1.0.0', '2.0.0', '3.0.0', '4.0.0', '5.0.0', '6.0.0', '7.0.0'])
  })

  test("the installers' folders of the user", async () => {
    const HOME = temporaryFolder()
    const { usualFolders: _, ...rest } = options({ env: { HOME, PYFERRY_UV: '', PYFERRY_PIXI: '' } })
    const uv = writeScript(join(HOME, '.local', 'bin'), 'uv', good)
    const pixi = writeScript(join(HOME, '.pixi', 'bin'), 'pixi', 'echo "pixi 0.15.2"')
    expect((await findTool('uv', rest))?.path).toBe(uv)
    expect((await findTool('pixi', rest))?.path).toBe(pixi)
  })

  test('the next when one is too old, does not work, or is nothing to be started', async () => {
    const folder = temporaryFolder()
    const paths = [
      writeScript(join(folder, 'a'), 'uv', old),
      writeScript(join(folder, 'b'), 'uv', 'echo "it is broken" >&2\nexit 3'),
      writeScript(join(folder, 'c'), 'uv', 'echo "uv for everybody"'),
    ]
    mkdirSync(join(folder, 'd', 'uv'), { recursive: true })
    mkdirSync(join(folder, 'e'))
    symlinkSync('/nowhere', join(folder, 'e', 'uv'))
    mkdirSync(join(folder, 'f'))
    writeFileSync(join(folder, 'f', 'uv'), 'not executable')
    const last = writeScript(join(folder, 'g'), 'uv', good)
    const PATH = ['a', 'b', 'c', 'd', 'e', 'f', 'a', 'g'].map((name) => join(folder, name)).join(':')
    const found = await findTool('uv', options({ env: { PATH } }))
    expect(found?.considered).toEqual([
      { path: paths[0], version: '0.9.16', reason: 'it is 0.9.16, and 0.9.17 is the oldest that works' },
      { path: paths[1], reason: 'exit code 3: it is broken' },
      { path: paths[2], reason: 'it told no version: uv for everybody' },
      { path: last, version: '0.13.9' },
    ])
  })

  test('none when none is there, and none was named', async () => {
    expect(await findTool('uv', options({ env: { PATH: temporaryFolder() } }))).toBeUndefined()
    expect(await findTool('pixi', options({ python: testUv() }))).toBeUndefined()
  })
})

describe('E: a uv that cannot be used', () => {
  test('TOOL_TOO_OLD lists every one that was refused, and why', async () => {
    const folder = temporaryFolder()
    const broken = writeScript(join(folder, 'b'), 'uv', 'exit 1')
    const aged = writeScript(join(folder, 'a'), 'uv', old)
    const error = await findTool('uv', options({ env: { PATH: `${dirname(broken)}:${dirname(aged)}` } })).catch(
      (thrown) => thrown,
    )
    expect(error).toBeInstanceOf(ToolError)
    expect(error).toMatchObject({
      code: 'ERR_PYFERRY_TOOL_TOO_OLD',
      message: expect.stringContaining(aged),
      hint: expect.stringContaining('uv self update'),
      refused: [
        { path: broken, reason: 'exit code 1' },
        { path: aged, version: '0.9.16', reason: 'it is 0.9.16, and 0.9.17 is the oldest that works' },
      ],
      facts: { kind: 'uv', oldest: '0.9.17' },
      retryable: false,
    })
  })

  test('TOOL_TOO_OLD for a pixi of before', async () => {
    const explicit = writeScript(temporaryFolder(), 'pixi', 'echo "pixi 0.15.1"')
    await expect(findTool('pixi', options({ explicit }))).rejects.toMatchObject({
      code: 'ERR_PYFERRY_TOOL_TOO_OLD',
      refused: [{ path: explicit, version: '0.15.1' }],
    })
  })

  test('TOOL_FAILED_TO_START when all that are found are broken', async () => {
    const path = writeScript(temporaryFolder(), 'uv', 'kill -9 $$')
    await expect(findTool('uv', options({ env: { PATH: dirname(path) } }))).rejects.toMatchObject({
      code: 'ERR_PYFERRY_TOOL_FAILED_TO_START',
      refused: [{ path, reason: 'SIGKILL' }],
    })
  })

  test('a named one is never passed over for another', async () => {
    const folder = temporaryFolder()
    const PATH = dirname(writeScript(join(folder, 'path'), 'uv', good))
    const path = writeScript(folder, 'broken', 'exit 1')
    const refused = [{ path, reason: 'exit code 1' }]
    const expected = { code: 'ERR_PYFERRY_TOOL_FAILED_TO_START', refused }
    await expect(findTool('uv', options({ explicit: path, env: { PATH } }))).rejects.toMatchObject(expected)
    await expect(findTool('uv', options({ env: { PATH, PYFERRY_UV: path } }))).rejects.toMatchObject(expected)
  })

  test('TOOL_NOT_FOUND says who named it, and what is there', async () => {
    const folder = temporaryFolder()
    const [absent, dangling] = [join(folder, 'absent'), join(folder, 'dangling')]
    symlinkSync('/nowhere', dangling)
    await expect(findTool('uv', options({ explicit: absent }))).rejects.toMatchObject({
      code: 'ERR_PYFERRY_TOOL_NOT_FOUND',
      message: `the uv that the option uv names was not found: nothing is at ${absent}`,
      facts: { kind: 'uv', path: absent },
    })
    await expect(findTool('pixi', options({ env: { PYFERRY_PIXI: dangling } }))).rejects.toMatchObject({
      code: 'ERR_PYFERRY_TOOL_NOT_FOUND',
      message: `the pixi that the variable PYFERRY_PIXI names was not found: ${dangling} is a link to nothing`,
    })
  })

  test.each([
    ['is not executable', (path: string) => writeFileSync(path, 'text'), 'it is no file that may be executed'],
    ['is a folder', (path: string) => mkdirSync(path), 'it is no file that may be executed'],
    ['is no program', (path: string) => writeFileSync(path, '\x7fELF', { mode: 0o755 }), 'exit code'],
    [
      'prints garbage',
      (path: string) => writeScript(dirname(path), 'uv', 'head -c 200000 /dev/urandom'),
      'it told no version',
    ],
    [
      'is another tool',
      (path: string) => writeScript(dirname(path), 'uv', 'echo "pixi 0.15.2"'),
      'it told no version: pixi 0.15.2',
    ],
  ])('TOOL_FAILED_TO_START: a named one that %s', async (_, make, reason) => {
    const path = join(temporaryFolder(), 'uv')
    make(path)
    await expect(findTool('uv', options({ explicit: path }))).rejects.toMatchObject({
      code: 'ERR_PYFERRY_TOOL_FAILED_TO_START',
      refused: [{ path, reason: expect.stringContaining(reason) }],
    })
  })

  test('TOOL_FAILED_TO_START: one that hangs is ended at the limit', async () => {
    const explicit = writeScript(temporaryFolder(), 'uv', 'sleep 600')
    await expect(findTool('uv', options({ explicit, limitMs: 50 }))).rejects.toMatchObject({
      code: 'ERR_PYFERRY_TOOL_FAILED_TO_START',
      refused: [{ path: explicit, reason: expect.stringContaining('50 ms') }],
      cause: { cause: { code: 'ERR_PYFERRY_TIMEOUT' } },
    })
  })

  test('an abort ends the question, and is no refusal', async () => {
    const explicit = writeScript(temporaryFolder(), 'uv', 'sleep 600')
    const finding = findTool('uv', options({ explicit, signal: AbortSignal.timeout(50) }))
    await expect(finding).rejects.toBeInstanceOf(StoppedError)
  })
})

describe('I6: what is known starts no process', () => {
  test('a version is known again, judged anew, and asked for after the file has changed', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'uv')
    copyFileSync(testUv(), path)
    const probes = openProbeCache(join(folder, 'probe'))
    const given = options({ explicit: path, probes })
    expect((await findTool('uv', given))?.version).toBe(pinnedVersions.uv)
    const candidate = (await tryCandidate(path)) as Candidate
    expect(await probes.recall('uv', candidate)).toEqual({ version: pinnedVersions.uv })
    // Nobody but the cache says this.
    await probes.remember('uv', candidate, { version: '99.0.0' })
    expect((await findTool('uv', given))?.version).toBe('99.0.0')
    await probes.remember('uv', candidate, { version: '0.1.0' })
    await expect(findTool('uv', given)).rejects.toMatchObject({ code: 'ERR_PYFERRY_TOOL_TOO_OLD' })
    writeFileSync(path, '\x7fELF', { mode: 0o755 })
    await expect(findTool('uv', given)).rejects.toMatchObject({ code: 'ERR_PYFERRY_TOOL_FAILED_TO_START' })
  })

  test('a shim is asked each time', async () => {
    const folder = temporaryFolder()
    const explicit = writeScript(folder, 'uv', `cat ${folder}/version`)
    const given = options({ explicit })
    for (const version of ['1.0.0', '2.0.0']) {
      writeFileSync(join(folder, 'version'), `uv ${version}\n`)
      expect((await findTool('uv', given))?.version).toBe(version)
    }
  })
})

test.each([
  ['uv', 'uv 0.13.9 (x86_64-unknown-linux-gnu)', '0.13.9'],
  ['uv', 'uv 0.9.17 (Homebrew 2025-12-09)\n', '0.9.17'],
  ['uv', 'switched to node 20\r\nuv 0.9.17\r\n', '0.9.17'],
  ['uv', 'uv 0.9.17-rc.1', '0.9.17-rc.1'],
  ['pixi', 'pixi 0.15.2', '0.15.2'],
  ['uv', 'uvx 0.13.9', undefined],
  ['uv', 'uv 1', undefined],
  ['uv', 'error: uv 0.13.9', undefined],
  ['uv', '', undefined],
] as const)('the version that %s tells by %j is %s', (kind, stdout, expected) => {
  expect(tryParseVersion(kind, stdout)).toBe(expected)
})
