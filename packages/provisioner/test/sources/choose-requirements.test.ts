import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { OptionError } from '@pyferry/errors'
import { describe, expect, test } from 'vitest'
import { parseDeclaredRequirement } from '../../src/requirement.js'
import { type Choice, chooseRequirements, validateChoice } from '../../src/sources/choose-requirements.js'
import { readProject } from '../../src/sources/project.js'
import { sampleProject, temporaryTree } from '../fixtures/trees.js'

/** A project in a folder of its own, with more of `[project]` and of the rest. */
const readPyproject = (project: string, rest = '') =>
  readProject(temporaryTree({ 'pyproject.toml': `[project]\nname = "App"\nversion = "1"\n${project}\n${rest}\n` }))

test.each<[Choice, string[]]>([
  [{}, ['six>=1.16', 'packaging']],
  [{ extras: ['fast'] }, ['six>=1.16', 'packaging', 'idna==3.10']],
  [{ extras: ['FAST', 'all'] }, ['six>=1.16', 'packaging', 'idna==3.10']],
  [{ groups: ['dev'] }, ['six>=1.16', 'packaging', 'iniconfig', 'pluggy>=1.5']],
  [{ extras: ['all'], groups: ['test'] }, ['six>=1.16', 'packaging', 'idna==3.10', 'iniconfig']],
])('E: %j chooses', async (choice, expected) => {
  expect(chooseRequirements(await readProject(sampleProject('locked')), choice)).toEqual(expected)
})

describe('E: an extra or group that is not there is an OptionError with the known ones and the closest', () => {
  test.each<[Choice, string, RegExp, string | undefined]>([
    [
      { extras: ['fats'] },
      'extras',
      /must be of the extras of .*pyproject\.toml \(fast, all\), not "fats"/,
      'did you mean fast?',
    ],
    [{ groups: ['fast'] }, 'groups', /dependency groups of .*\(test, dev\), not "fast"/, 'did you mean test?'],
    [{ extras: ['constructor'] }, 'extras', /\(fast, all\), not "constructor"/, undefined],
  ])('%j', async (choice, option, message, hint) => {
    const project = await readProject(sampleProject('locked'))
    for (const run of [chooseRequirements, validateChoice]) {
      const error = errorOf(() => run(project, choice))
      expect(error).toBeInstanceOf(OptionError)
      expect(error).toMatchObject({ option, message: expect.stringMatching(message) })
      expect((error as OptionError).hint).toBe(hint)
    }
  })

  test('also where there are none', async () => {
    const project = await readProject(temporaryTree({ 'requirements.txt': 'six\n' }))
    expect(chooseRequirements(project)).toEqual([])
    expect(() => chooseRequirements(project, { extras: ['a'] })).toThrow(
      /must be empty: .*requirements\.txt has no extras/,
    )
  })
})

test('E: a choice is normalised and sorted', async () => {
  const project = await readPyproject('[project.optional-dependencies]\nA_b = []\nc = []')
  expect(validateChoice(project, { extras: ['C', 'a.b', 'A-B'] })).toEqual({ extras: ['a-b', 'c'], groups: [] })
})

test('E: a dependency on the project itself is what its extras stand for, under all conditions on the way', async () => {
  const project = await readPyproject(`
dependencies = ["app[base]"]
[project.optional-dependencies]
base = ["six"]
all = ["app[fast,base]", "app[old]; python_version < '3.9'", "app[missing]"]
fast = ["idna; os_name == 'nt'", "app[all]"]
old = ["x @ https://h.example/x.whl ; os_name == 'nt'", "y>=1", "app[fast]; sys_platform == 'linux'"]
`)
  expect(chooseRequirements(project, { extras: ['all'] })).toEqual([
    'six',
    'idna; os_name == "nt"',
    'x @ https://h.example/x.whl ; (python_version < "3.9") and (os_name == "nt")',
    'y>=1; python_version < "3.9"',
    'idna; (python_version < "3.9") and (sys_platform == "linux") and (os_name == "nt")',
  ])
})

test('E: extras that multiply without end are refused', async () => {
  const extras = Array.from(
    { length: 40 },
    (_, index) =>
      `e${index} = ["app[e${index + 1}]; os_name == 'a${index}'", "app[e${index + 1}]; os_name == 'b${index}'"]`,
  )
  const project = await readPyproject(`[project.optional-dependencies]\n${extras.join('\n')}\ne40 = ["six"]`)
  expect(() => chooseRequirements(project, { extras: ['e0'] })).toThrow(/must not make more than 1000 steps/)
})

describe('E: a project that only building can tell of is itself among the requirements', () => {
  const rest = '[dependency-groups]\ndev = ["six"]'

  test('dynamic dependencies', async () => {
    const project = await readPyproject('dynamic = ["dependencies"]\n[project.optional-dependencies]\nx = []', rest)
    expect(chooseRequirements(project, { extras: ['x'], groups: ['dev'] })).toEqual([
      `app[x] @ ${pathToFileURL(project.folder)}`,
      'six',
    ])
  })

  test('dynamic extras, when one is chosen', async () => {
    const project = await readPyproject('dependencies = ["idna"]\ndynamic = ["optional-dependencies"]')
    expect(chooseRequirements(project)).toEqual(['idna'])
    expect(chooseRequirements(project, { extras: ['Any_one'] })).toEqual([
      `app[any-one] @ ${pathToFileURL(project.folder)}`,
    ])
  })

  test('one without a name cannot be', async () => {
    const folder = temporaryTree({ 'pyproject.toml': '[project]\ndynamic = ["dependencies"]\n' })
    const project = await readProject(folder)
    expect(() => chooseRequirements(project)).toThrow(/project\.name must be a string, and is not there/)
  })
})

describe('E: what [tool.uv.sources] says goes into the requirement, so that no index is asked for that name', () => {
  test.each([
    ['{ path = "../lib" }', (folder: string) => `lib[x] @ ${pathToFileURL(join(folder, '../lib'))} ; os_name == "nt"`],
    [
      '[{ path = "wheels/lib 1.whl" }]',
      (folder: string) => `lib[x] @ ${pathToFileURL(join(folder, 'wheels/lib 1.whl'))} ; os_name == "nt"`,
    ],
    ['{ url = "https://h.example/lib.tar.gz" }', () => 'lib[x] @ https://h.example/lib.tar.gz ; os_name == "nt"'],
    [
      '{ git = "https://h.example/lib", rev = "abc" }',
      () => 'lib[x] @ git+https://h.example/lib@abc ; os_name == "nt"',
    ],
    ['{ git = "ssh://git@h.example/lib" }', () => 'lib[x] @ git+ssh://git@h.example/lib ; os_name == "nt"'],
  ])('%s', async (source, expected) => {
    const project = await readPyproject(
      `dependencies = ["Lib[x]>=1; os_name == 'nt'"]`,
      `[tool.uv.sources]\nLIB = ${source}`,
    )
    expect(chooseRequirements(project)).toEqual([expected(project.folder)])
  })

  test('a member of the workspace is where the lock file says', async () => {
    const root = sampleProject('workspace')
    const project = await readProject(join(root, 'packages/web'))
    expect(chooseRequirements(project)).toEqual([`core @ ${pathToFileURL(join(root, 'packages/core'))}`])
  })

  test.each([
    ['{ workspace = true }', /comes from a member of its workspace/],
    ['{ index = "own" }', /comes from an index of its own/],
    [`{ path = "a", marker = "os_name == 'nt'" }`, /comes from a source with a condition \(marker\)/],
    ['[{ path = "a", extra = "x" }]', /comes from a source with a condition \(extra\)/],
    [`[{ path = "a" }, { path = "b" }]`, /comes from one of several sources/],
  ])('%s cannot be said, and is refused', async (source, message) => {
    const project = await readPyproject('dependencies = ["six", "lib"]', `[tool.uv.sources]\nlib = ${source}`)
    const error = errorOf(() => chooseRequirements(project))
    expect(error).toMatchObject({
      code: 'ERR_PYFERRY_SPEC_INVALID',
      facts: { path: project.manifest, field: 'project.dependencies[1]', name: 'lib' },
      hint: expect.stringContaining('uv lock'),
    })
    expect(error.message).toMatch(message)
  })
})

test.each([
  ['a @ file:lib', 'lib', ''],
  ['a[x] @ file:../lib%20two ; os_name == "nt"', '../lib two', ' ; os_name == "nt"'],
  ['a @ FILE:./lib#subdirectory=py', 'lib', '#subdirectory=py'],
])('E: a relative path starts at the file it stands in: %s', async (text, path, rest) => {
  const project = await readPyproject(`dependencies = ['${text}']`)
  const [subject] = text.split(' ')
  expect(chooseRequirements(project)).toEqual([`${subject} @ ${pathToFileURL(join(project.folder, path))}${rest}`])
})

describe('E: what is not PEP 508 never reaches a tool', () => {
  test.each([
    '-r other.txt',
    '--index-url=https://h.example',
    './lib',
    'six\\n-r other.txt',
    'six\\u0000',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the two characters as the tools read them
    'a @ file:///${PROJECT_ROOT}/lib',
    'a @ {root:uri}/lib',
    'a b @ https://user:s3cret@h.example/a.whl',
  ])('%s', async (text) => {
    const declared = `dependencies = ["six"]\n[project.optional-dependencies]\nx = ["${text}"]`
    const project = await readPyproject(declared, `[dependency-groups]\ng = ["${text}"]`)
    expect(chooseRequirements(project)).toEqual(['six'])
    for (const [choice, field] of [
      [{ extras: ['x'] }, 'project.optional-dependencies.x[0]'],
      [{ groups: ['g'] }, 'dependency-groups.g[0]'],
    ] as const) {
      const error = errorOf(() => chooseRequirements(project, choice))
      expect(error).toMatchObject({
        code: 'ERR_PYFERRY_SPEC_UNSAFE_REQUIREMENT',
        message: expect.stringContaining(`${project.manifest}: ${field}: `),
        facts: expect.objectContaining({ path: project.manifest, field }),
      })
      expect(`${error.message} ${JSON.stringify(error)}`).not.toContain('s3cret')
    }
  })

  test('a source makes none of it', async () => {
    const project = await readPyproject('dependencies = ["a"]', '[tool.uv.sources]\na = { url = "x y\\n-r z" }')
    expect(() => chooseRequirements(project)).toThrow(
      expect.objectContaining({ code: 'ERR_PYFERRY_SPEC_UNSAFE_REQUIREMENT' }),
    )
  })
})

test('E: a login in a file is its author’s: it is kept for the tool, and can be read again', async () => {
  const text = 'a @ git+https://user:pw@h.example/a@v1'
  const [chosen] = chooseRequirements(await readPyproject(`dependencies = ["${text}"]`))
  expect(chosen).toBe(text)
  expect(parseDeclaredRequirement(text).url).toBe('git+https://user:pw@h.example/a@v1')
})

function errorOf(run: () => unknown): Error {
  try {
    run()
  } catch (error) {
    return error as Error
  }
  throw new Error('not refused')
}
