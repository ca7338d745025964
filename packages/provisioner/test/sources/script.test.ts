import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { readScript } from '../../src/sources/script.js'
import { sampleProject, temporaryTree } from '../fixtures/trees.js'

const block = (...lines: string[]) =>
  ['# /// script', ...lines.map((line) => `# ${line}`), '# ///', 'print()'].join('\n')

test('E: a script says what it needs, and its lock file is found', async () => {
  const path = join(sampleProject('script'), 'greet.py')
  const script = await readScript(path)
  expect(script).toMatchObject({
    path,
    dependencies: ['six'],
    requiresPython: '>=3.10',
    block: '# /// script\n# requires-python = ">=3.10"\n# dependencies = ["six"]\n# ///',
    lock: `${path}.lock`,
    uvIndexes: [],
    localPaths: [],
  })
  expect(script.files.map(({ role, path }) => [role, path])).toEqual([
    ['script', path],
    ['script-lock', `${path}.lock`],
  ])
})

test('E: a script without a block needs nothing', async () => {
  const path = join(temporaryTree({ 'a.py': 'import os\n' }), 'a.py')
  expect(await readScript(path)).toMatchObject({ dependencies: [], requiresPython: null, block: '', lock: undefined })
})

test('E: only the block decides, whatever the ends of lines and the mark at the beginning', async () => {
  const text = block('dependencies = ["six"]')
  const folder = temporaryTree({
    'a.py': text,
    'b.py': `\uFEFF${text.replaceAll('\n', '\r\n')}`,
    'c.py': `${text}\nprint("more")\n`,
  })
  const read = async (name: string) => (await readScript(join(folder, name))).files.map(({ text }) => text)
  expect(await read('b.py')).toEqual(await read('a.py'))
  expect(await read('c.py')).toEqual(await read('a.py'))
})

test('E: dependencies are checked and written one way, with the sources that uv would take', async () => {
  const path = join(
    temporaryTree({
      'a.py': block(
        'dependencies = ["Foo_Bar >= 1", "lib", "tool[x]; os_name == \'nt\'", "w @ file:wheels/w%20x.whl"]',
        '[tool.uv.sources]',
        'lib = { path = "../lib", editable = true }',
        'tool = { git = "https://git.example/tool", tag = "v1", subdirectory = "py" }',
        '[[tool.uv.index]]',
        'name = "own"',
        'url = "https://user:pw@index.example/simple"',
        'explicit = true',
      ),
    }),
    'a.py',
  )
  const script = await readScript(path)
  const lib = join(path, '../../lib')
  expect(script.dependencies).toEqual([
    'foo-bar>=1',
    `lib @ ${pathToFileURL(lib)}`,
    'tool[x] @ git+https://git.example/tool@v1#subdirectory=py ; os_name == "nt"',
    `w @ ${pathToFileURL(join(path, '../wheels/w x.whl'))}`,
  ])
  expect(script.localPaths).toEqual([lib])
  expect(script.uvIndexes).toEqual([
    { name: 'own', url: 'https://user:pw@index.example/simple', isDefault: false, isExplicit: true },
  ])
})

test('E: a source that no requirement can say needs the lock file', async () => {
  const text = block('dependencies = ["torch"]', '[tool.uv.sources]', 'torch = { index = "cpu" }')
  const folder = temporaryTree({ 'a.py': text, 'b.py': text, 'b.py.lock': 'version = 1\n' })
  await expect(readScript(join(folder, 'a.py'))).rejects.toMatchObject({
    code: 'ERR_PYFERRY_SPEC_INVALID',
    message: expect.stringContaining('torch, which by tool.uv.sources comes from an index of its own'),
    hint: expect.stringContaining('uv lock --script'),
  })
  expect((await readScript(join(folder, 'b.py'))).dependencies).toBeNull()
})

describe('E: a script that is not what it should be', () => {
  test.each([
    [
      'two blocks',
      `${block('a = 1')}\n${block('b = 2')}`,
      /a\.py:5 must be the only block of type script, and one begins in line 1/,
    ],
    [
      'two of another type',
      `${block('a = 1')}\n${block('b = 2')}`.replaceAll('script', 'other'),
      /a\.py:5 .* type other/,
    ],
    ['bad TOML', `\n${block('a = 1', 'dependencies = [six]')}`, /a\.py:4:19 must be TOML: a value was expected/],
    ['dependencies of another type', block('dependencies = "six"'), /dependencies must be a list, not "six"/],
    ['a dependency of another type', block('dependencies = [1]'), /dependencies\[0\] must be a string, not 1/],
    ['a Python of another type', block('requires-python = 3.11'), /requires-python must be a string, not 3.11/],
    [
      'a Python that is no range',
      block('requires-python = "3.11"'),
      /requires-python must be a range such as .*, not "3.11"/,
    ],
    ['bytes that are not UTF-8', Buffer.from('# \xe9\n', 'latin1'), /must be UTF-8/],
    ['a Python of UTF-16', Buffer.from('\uFEFF# /// script\n', 'utf16le'), /must be UTF-8/],
  ])('%s', async (_, content, message) => {
    const path = join(temporaryTree({ 'a.py': content }), 'a.py')
    await expect(readScript(path)).rejects.toMatchObject({
      code: 'ERR_PYFERRY_SPEC_INVALID',
      message: expect.stringMatching(message),
    })
  })

  test('a missing file, a folder, a link to itself', async () => {
    const folder = temporaryTree({})
    mkdirSync(join(folder, 'folder.py'))
    for (const name of ['none.py', 'folder.py', 'none/none.py']) {
      const path = join(folder, name)
      await expect(readScript(path)).rejects.toMatchObject({ code: 'ERR_PYFERRY_SOURCE_MISSING', facts: { path } })
    }
  })

  test('a dependency that is not PEP 508 is named with file and field, its login blanked', async () => {
    const folder = temporaryTree({})
    const path = join(folder, 'a.py')
    for (const dependency of [
      'six>>1',
      '-r other.txt',
      'six\\n-r other.txt',
      'six\\u0000',
      'a b @ https://u:s3cret@h.example/x',
    ]) {
      writeFileSync(path, block(`dependencies = ["six", "${dependency}"]`))
      const error = await readScript(path).catch((error: unknown) => error as Error)
      expect(error).toMatchObject({
        code: 'ERR_PYFERRY_SPEC_UNSAFE_REQUIREMENT',
        facts: { path, field: 'dependencies[1]' },
      })
      expect(`${(error as Error).message} ${JSON.stringify(error)}`).not.toContain('s3cret')
    }
  })

  test('a login in a dependency is its author’s: it is kept for the tool', async () => {
    const dependency = 'a @ https://user:pw@index.example/a.whl'
    const path = join(temporaryTree({ 'a.py': block(`dependencies = ["${dependency}"]`) }), 'a.py')
    expect((await readScript(path)).dependencies).toEqual([dependency])
  })
})
