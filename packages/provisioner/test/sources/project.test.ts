import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Project, readProject } from '../../src/sources/project.js'
import { explainUnreadable } from '../../src/sources/source-file.js'
import { sampleProject, temporaryTree } from '../fixtures/trees.js'

const PROJECT = '[project]\nname = "app"\nversion = "1"\n'

/** By their paths below the project's folder. */
const shown = (project: Project) => project.files.map(({ role, path }) => [role, path.slice(project.root.length + 1)])

describe('E: lock before pyproject before requirements files before pixi', () => {
  test.each<[string, Record<string, string>, string, string[], string[]]>([
    [
      'uv.lock',
      { 'pyproject.toml': PROJECT, 'uv.lock': '', 'pylock.toml': '', 'requirements.txt': '' },
      'uv-lock',
      ['pyproject', 'uv-lock'],
      ['pylock.toml', 'requirements.txt'],
    ],
    [
      'pylock.toml',
      { 'pyproject.toml': PROJECT, 'pylock.toml': '', 'requirements.txt': '' },
      'pylock',
      ['pyproject', 'pylock'],
      ['requirements.txt'],
    ],
    ['pylock.toml alone', { 'pylock.toml': '', 'requirements.txt': '' }, 'pylock', ['pylock'], ['requirements.txt']],
    [
      '[project]',
      { 'pyproject.toml': PROJECT, 'requirements.txt': '', 'pixi.toml': '' },
      'pyproject',
      ['pyproject'],
      ['requirements.txt', 'pixi.toml'],
    ],
    ['[project] with [tool.pixi]', { 'pyproject.toml': `${PROJECT}[tool.pixi]\n` }, 'pyproject', ['pyproject'], []],
    [
      'requirements, and a pyproject.toml of other tools',
      { 'pyproject.toml': '[tool.ruff]\n', 'requirements.txt': '', 'pixi.toml': '' },
      'requirements',
      [],
      ['pixi.toml'],
    ],
    [
      'a lock file without its pyproject.toml',
      { 'uv.lock': '', 'requirements.txt': '' },
      'requirements',
      [],
      ['uv.lock'],
    ],
    ['pixi.toml', { 'pixi.toml': '', 'pixi.lock': '' }, 'pixi', ['pixi', 'pixi-lock'], []],
    ['[tool.pixi]', { 'pyproject.toml': '[tool.pixi.workspace]\n' }, 'pixi', ['pixi'], []],
    [
      'uv.toml counts',
      { 'pyproject.toml': PROJECT, 'uv.lock': '', 'uv.toml': '' },
      'uv-lock',
      ['pyproject', 'uv-lock', 'config'],
      [],
    ],
  ])('%s', async (_, files, kind, roles, ignored) => {
    const folder = temporaryTree(files)
    const project = await readProject(folder)
    expect(project).toMatchObject({ kind, folder, root: folder })
    expect(project.files.map(({ role }) => role)).toEqual(roles)
    expect(project.ignored).toEqual(ignored.map((name) => join(folder, name)))
  })

  test('the first of the requirements files', async () => {
    const names = ['requirements.lock', 'requirements.txt', 'requirements/prod.txt', 'requirements/base.txt']
    const folder = temporaryTree(Object.fromEntries(names.map((name) => [name, ''])))
    for (const [index, name] of names.entries()) {
      const project = await readProject(folder)
      expect(project.requirementsFiles).toEqual([join(folder, name)])
      expect(project.ignored).toEqual(names.slice(index + 1).map((each) => join(folder, each)))
      rmSync(join(folder, name))
    }
  })
})

describe('E: a file that is named narrows the choice to it', () => {
  const all = { 'pyproject.toml': PROJECT, 'uv.lock': '', 'pylock.toml': '', 'pylock.prod.toml': '', 'pixi.toml': '' }
  test.each([
    ['pyproject.toml', 'uv-lock', 'uv.lock'],
    ['uv.lock', 'uv-lock', 'uv.lock'],
    ['pylock.toml', 'pylock', 'pylock.toml'],
    ['pylock.prod.toml', 'pylock', 'pylock.prod.toml'],
    ['pixi.toml', 'pixi', undefined],
  ])('%s', async (name, kind, lock) => {
    const folder = temporaryTree(all)
    const project = await readProject(join(folder, name))
    expect([project.kind, project.lock]).toEqual([kind, lock && join(folder, lock)])
  })

  test.each([
    [{ 'uv.lock': '' }, 'uv.lock', 'SOURCE_MISSING', /pyproject\.toml must be a file/],
    [
      { 'pyproject.toml': '[tool.ruff]\n', 'requirements.txt': '' },
      'pyproject.toml',
      'SPEC_INVALID',
      /must have \[project\] or/,
    ],
    [{ 'requirements.txt': '' }, 'requirements.txt', 'SPEC_INVALID', /must be a folder, or the path of/],
    [{}, 'pylock.toml', 'SOURCE_MISSING', /must be a folder or a file that is there/],
    [{}, 'none/none', 'SOURCE_MISSING', /must be a folder or a file that is there/],
  ])('%j: %s is %s', async (files, name, code, message) => {
    const reading = readProject(join(temporaryTree(files as Record<string, string>), name))
    await expect(reading).rejects.toMatchObject({
      code: `ERR_PYFERRY_${code}`,
      message: expect.stringMatching(message),
    })
  })
})

test('E: SOURCE_MISSING lists what was looked for', async () => {
  const folder = temporaryTree({ 'pyproject.toml': '[tool.ruff]\n', 'main.py': '' })
  await expect(readProject(folder)).rejects.toMatchObject({
    code: 'ERR_PYFERRY_SOURCE_MISSING',
    message: expect.stringContaining('pyproject.toml, uv.lock, pylock.toml, requirements.lock, requirements.txt'),
    facts: { path: folder },
  })
})

test('E: a project locked by uv is read whole', async () => {
  const folder = sampleProject('locked')
  const project = await readProject(folder)
  expect({ ...project, files: shown(project) }).toEqual({
    folder,
    root: folder,
    kind: 'uv-lock',
    files: [
      ['pyproject', 'pyproject.toml'],
      ['uv-lock', 'uv.lock'],
    ],
    manifest: join(folder, 'pyproject.toml'),
    lock: join(folder, 'uv.lock'),
    requirementsFiles: [],
    ignored: [join(folder, 'pylock.toml')],
    requiresPython: '>=3.10',
    pythonVersion: null,
    name: 'weather-app',
    dependencies: ['six>=1.16', 'packaging'],
    extras: { fast: ['idna==3.10'], all: ['weather-app[fast]'] },
    hasDynamicExtras: false,
    groups: { test: ['iniconfig'], dev: ['iniconfig', 'pluggy>=1.5'] },
    hasBuildSystem: true,
    uvSources: {},
    uvIndexes: [],
    localPackages: { 'weather-app': folder },
    localPaths: [],
  })
  expect(JSON.parse(JSON.stringify(project))).toEqual(project)
})

test('E: a pylock.toml that uv exported is read', async () => {
  const folder = sampleProject('locked')
  expect(await readProject(join(folder, 'pylock.toml'))).toMatchObject({
    kind: 'pylock',
    lock: join(folder, 'pylock.toml'),
    requiresPython: '>=3.10',
    localPackages: { 'weather-app': folder },
    localPaths: [],
  })
})

describe('E: a member of a uv workspace', () => {
  test('has its lock file at the root, and the other local packages in it', async () => {
    const root = sampleProject('workspace')
    const project = await readProject(join(root, 'packages/web'))
    expect(project).toMatchObject({ kind: 'uv-lock', name: 'web', root, lock: join(root, 'uv.lock') })
    expect(shown(project)).toEqual([
      ['pyproject', 'packages/web/pyproject.toml'],
      ['pyproject', 'pyproject.toml'],
      ['uv-lock', 'uv.lock'],
    ])
    // The lock file's is that of all members together.
    expect(project.requiresPython).toBe('>=3.10,>=3.11')
    expect(project.localPaths).toEqual([join(root, 'packages/core'), join(root, 'vendored/tiny')])
  })

  test('the root itself has no [project]', async () => {
    const root = sampleProject('workspace')
    expect(await readProject(root)).toMatchObject({
      kind: 'uv-lock',
      name: null,
      dependencies: [],
      requiresPython: '>=3.11',
    })
  })

  test.each([
    ['members = ["packages/*"]', 'packages/a', true],
    ['members = ["packages/*"]\nexclude = ["packages/a"]', 'packages/a', false],
    ['members = ["libs/*"]', 'packages/a', false],
  ])('%s', async (workspace, member, isMember) => {
    const root = temporaryTree({
      'pyproject.toml': `[tool.uv.workspace]\n${workspace}\n[tool.uv.sources]\nlib = { path = "lib" }\nown = { path = "no" }\n`,
      'uv.lock': '',
      'uv.toml': '',
      '.python-version': '3.12\n',
      [`${member}/pyproject.toml`]: `${PROJECT}[tool.uv.sources]\nown = { path = "own" }\n`,
    })
    const project = await readProject(join(root, member))
    expect(project.kind).toBe(isMember ? 'uv-lock' : 'pyproject')
    const paths = isMember ? [join(root, 'lib'), join(root, member, 'own')] : [join(root, member, 'own')]
    expect(project.localPaths).toEqual(paths)
    expect(project.pythonVersion).toBe(isMember ? '3.12' : null)
    expect(project.files.some(({ role }) => role === 'config')).toBe(isMember)
  })

  test('a project nearer than the workspace ends the search, as in uv', async () => {
    const root = temporaryTree({
      'pyproject.toml': '[tool.uv.workspace]\nmembers = ["**"]\n',
      'uv.lock': '',
      'a/pyproject.toml': PROJECT,
      'a/examples/b/pyproject.toml': PROJECT,
    })
    expect((await readProject(join(root, 'a'))).kind).toBe('uv-lock')
    expect((await readProject(join(root, 'a/examples/b'))).kind).toBe('pyproject')
  })
})

test('E: a lock file’s local packages and folders of wheels count; addresses do not', async () => {
  const entry = (name: string, source: string, end = '\n') =>
    ['[[package]]', `name = "${name}"`, 'version = "1"', `source = { ${source} }`, ''].join(end)
  const folder = temporaryTree({
    'pyproject.toml': PROJECT,
    'uv.lock': [
      'version = 1\nrequires-python = ">=3.11, <3.14"\n',
      entry('app', 'virtual = "."'),
      entry('a', 'editable = "libs/a"'),
      entry('b', 'directory = "../b"', '\r\n'),
      entry('c', 'path = "wheels/c \\"1\\".whl"'),
      entry('d', 'registry = "wheels"'),
      entry('e', 'registry = "https://index.example/simple"'),
      entry('f', 'git = "https://git.example/f?rev=1#1"'),
    ].join('\n'),
  })
  const project = await readProject(folder)
  const paths = { a: join(folder, 'libs/a'), b: join(folder, '../b'), c: join(folder, 'wheels/c "1".whl') }
  expect(project.localPackages).toEqual({ app: folder, ...paths })
  expect(project.localPaths).toEqual([...Object.values(paths), join(folder, 'wheels')].sort())
  expect(project.requiresPython).toBe('>=3.11,<3.14')
})

test('E: what is dynamic is not guessed', async () => {
  const folder = temporaryTree({
    'pyproject.toml': `${PROJECT}dynamic = ["dependencies", "optional-dependencies"]\n`,
  })
  expect(await readProject(folder)).toMatchObject({ dependencies: null, hasDynamicExtras: true, hasBuildSystem: false })
})

test.each([
  ['[build-system]', true],
  ['[tool.uv]\npackage = true', true],
  ['[build-system]\n[tool.uv]\npackage = false', false],
])('E: whether the project is something to install: %j', async (text, expected) => {
  const folder = temporaryTree({ 'pyproject.toml': `${PROJECT}${text}\n` })
  expect((await readProject(folder)).hasBuildSystem).toBe(expected)
})

test.each([
  ['3.12\n', '3.12'],
  ['# ours\r\n\r\nsystem\r\n3.11.7 # why\r\n3.12', '3.11.7'],
  ['>=3.10,<3.13', '>=3.10,<3.13'],
  ['pypy3.10-7.3.12\n3.13t\nmy-env\n', null],
  ['', null],
])('E: .python-version %j means %j', async (text, expected) => {
  const folder = temporaryTree({ 'pyproject.toml': PROJECT, '.python-version': text })
  expect((await readProject(folder)).pythonVersion).toBe(expected)
})

describe('E: a field of another type, or a name that is none, is SPEC_INVALID by its place', () => {
  test.each([
    ['project = 1', /: project must be a table, not 1/],
    ['[project]\nname = 1', /: project\.name must be a string, not 1/],
    ['[project]\nname = "a b"', /must be a project whose name has only letters/],
    ['[project]\nrequires-python = 3.11', /: project\.requires-python must be a string, not 3.11/],
    ['[project]\nrequires-python = "^3.9"', /: project\.requires-python must be a range such as/],
    ['[project]\ndependencies = { six = "1" }', /: project\.dependencies must be a list, not a table/],
    ['[project]\ndependencies = ["six", ["a"]]', /: project\.dependencies\[1\] must be a string, not an array/],
    ['[project]\ndynamic = "dependencies"', /: project\.dynamic must be a list/],
    ['[project.optional-dependencies]\na = "six"', /: project\.optional-dependencies\.a must be a list, not "six"/],
    ['[project.optional-dependencies]\n__proto__ = []', /must be an extra whose name has only letters/],
    [
      '[project.optional-dependencies]\na-b = []\nA_b = []',
      /optional-dependencies\.A_b must be the only extra of its name/,
    ],
    ['[project]\n[tool.uv]\nsources = []', /: tool\.uv\.sources must be a table/],
    ['[project]\n[tool.uv.sources]\na = "x"', /: tool\.uv\.sources\.a must be a table, not "x"/],
    ['[project]\n[tool.uv.sources]\na = { path = 1 }', /: tool\.uv\.sources\.a\.path must be a string/],
    ['[project]\n[tool.uv.sources]\na = { path = "\\u0000" }', /: tool\.uv\.sources\.a\.path must be a path/],
    ['[project]\n[tool.uv.sources]\na = { svn = "x" }', /: tool\.uv\.sources\.a must be a table with one of git, url/],
    ['[project]\n[tool.uv.workspace]\nmembers = "a"', /: tool\.uv\.workspace\.members must be a list/],
    ['[project]\n[tool.uv]\nindex = [{ name = "a" }]', /: tool\.uv\.index\[0\]\.url must be a string/],
    ['[project', /pyproject\.toml:1:\d+ must be TOML/],
  ])('%s', async (text, message) => {
    const path = join(temporaryTree({ 'pyproject.toml': `${text}\n` }), 'pyproject.toml')
    await expect(readProject(path)).rejects.toMatchObject({
      code: 'ERR_PYFERRY_SPEC_INVALID',
      message: expect.stringMatching(message),
      facts: expect.objectContaining({ path }),
    })
  })

  test('of a pylock.toml too', async () => {
    const path = join(
      temporaryTree({ 'pylock.toml': '[[packages]]\nname = "a"\ndirectory = { path = 1 }\n' }),
      'pylock.toml',
    )
    await expect(readProject(path)).rejects.toThrow(/packages\[0\]\.directory\.path must be a string, not 1/)
  })
})

test('E: names that are special in JavaScript are names', async () => {
  const folder = temporaryTree({
    'pyproject.toml': `${PROJECT}[project.optional-dependencies]\nconstructor = ["six"]\n[dependency-groups]\ntoString = ["idna"]\n`,
  })
  const { extras, groups } = await readProject(folder)
  expect(Object.entries(extras)).toEqual([['constructor', ['six']]])
  expect(Object.entries(groups)).toEqual([['tostring', ['idna']]])
})

describe('E: what is no readable file', () => {
  test('folders, and links to nowhere or to themselves, are not there', async () => {
    const folder = temporaryTree({ 'requirements.txt': '' })
    mkdirSync(join(folder, 'uv.lock'))
    mkdirSync(join(folder, 'requirements.lock'))
    symlinkSync('pyproject.toml', join(folder, 'pyproject.toml'))
    symlinkSync('nowhere', join(folder, 'pylock.toml'))
    expect(await readProject(folder)).toMatchObject({ kind: 'requirements', ignored: [] })
    await expect(readProject(join(folder, 'pyproject.toml'))).rejects.toMatchObject({
      code: 'ERR_PYFERRY_SOURCE_MISSING',
    })
  })

  test('neither are pipes, on which a reader would wait without end', async () => {
    const folder = temporaryTree({ 'requirements.txt': '' })
    for (const name of ['pyproject.toml', 'uv.toml', '.python-version']) execFileSync('mkfifo', [join(folder, name)])
    expect(await readProject(folder)).toMatchObject({ kind: 'requirements', pythonVersion: null })
  })

  test('a file of more than 32 MiB is refused unread, and so is one that is not UTF-8', async () => {
    const folder = temporaryTree({ 'pyproject.toml': PROJECT, 'uv.lock': Buffer.alloc(32 * 1024 * 1024 + 1, ' ') })
    await expect(readProject(folder)).rejects.toThrow(/uv\.lock must have at most 33554432 bytes, and has 33554433/)
    writeFileSync(join(folder, 'uv.lock'), Buffer.from([0xff, 0xfe]))
    await expect(readProject(folder)).rejects.toThrow(/uv\.lock must be UTF-8/)
  })

  test('one that may not be read is PERMISSION_DENIED, and what the system says of another goes on as it is', () => {
    const denied = Object.assign(new Error('EACCES'), { code: 'EACCES' })
    expect(explainUnreadable(denied, '/p')).toMatchObject({ code: 'ERR_PYFERRY_PERMISSION_DENIED', cause: denied })
    const other = Object.assign(new Error('EIO'), { code: 'EIO' })
    expect(explainUnreadable(other, '/p')).toBe(other)
  })
})
