import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type CodeBlock, codeBlocks, parseCodeBlocks } from './support/code-blocks.js'
import { compile, Project } from './support/project.js'
import { python } from './support/python.js'
import { typeCheck } from './support/type-check.js'
import { root, rootManifest } from './support/workspace.js'

const forReading = ['text', 'jsonc', 'toml', 'ini', 'yaml', 'dockerfile', 'diff', 'mermaid', 'html']
/** What a page may ask somebody to type; anything else is perhaps a slip. */
const commands = [
  'npx',
  'npm',
  'pnpm',
  'node',
  'python',
  'python3',
  'pip',
  'git',
  'cd',
  'export',
  'uv',
  'pyenv',
  'sudo',
]

const project = new Project()
beforeAll(async () => {
  await project.install(Object.values(inject('packed')))
  project.addNodeTypes()
})
afterAll(() => project.remove())

describe('the code on our pages', () => {
  const blocks = codeBlocks().filter(({ language }) => !forReading.includes(language))
  test.each(blocks.map((block) => [block.place, block] as const))('%s', async (_, block) => {
    const check = checks[block.language]
    expect(check, `"${block.language}" is neither checked nor for reading`).toBeDefined()
    await check!(block)
  })
})

const checks: Record<string, (block: CodeBlock) => unknown> = {
  js: (block) => checkJavaScript(block, 'mjs'),
  mjs: (block) => checkJavaScript(block, 'mjs'),
  cjs: (block) => checkJavaScript(block, 'cjs'),
  ts: checkTypeScript,
  py: checkPython,
  python: checkPython,
  sh: checkShell,
  json: ({ code }) => JSON.parse(code),
}

async function checkJavaScript(block: CodeBlock, extension: 'mjs' | 'cjs'): Promise<void> {
  const file = writeBlock(block, extension, block.code)
  if (block.noRun !== undefined) await project.node('--check', file)
  else await project.nodeIn(dirname(file), file)
}

async function checkTypeScript(block: CodeBlock): Promise<void> {
  const include = [writeBlock(block, 'mts', block.code)]
  await typeCheck(project, { version: 'typescript-6', moduleResolution: 'node16', include })
  if (block.noRun !== undefined) return
  const file = writeBlock(block, 'mjs', await compile(block.code, 'esm'))
  await project.nodeIn(dirname(file), file)
}

async function checkPython(block: CodeBlock): Promise<void> {
  const file = writeBlock(block, 'py', block.code)
  if (block.noRun !== undefined) await project.run(python, ['-m', 'py_compile', file])
  else await project.run(python, [file], { PYTHONPATH: join(root, 'python/src') })
}

function checkShell({ code }: CodeBlock): void {
  const { status, stderr } = spawnSync('bash', ['-n'], { input: code, encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(status).toBe(0)
  const { packageManager, scripts = {} } = rootManifest()
  for (const line of code.split('\n').filter((each) => /^[a-z]/.test(each))) {
    expect(commands).toContain(line.split(' ')[0])
    const [, version, script] = /^npx -y (pnpm@\S+) ([\w-]+)/.exec(line) ?? []
    if (version) expect(version).toBe(packageManager)
    if (script) expect(Object.keys(scripts)).toContain(script)
  }
}

/** Each in a folder of its own below the project, where the packages are found and no other block's files are. */
function writeBlock({ place, files = {} }: CodeBlock, extension: string, text: string): string {
  const folder = place.replaceAll(/[^a-z0-9]+/gi, '-')
  mkdirSync(join(project.folder, folder), { recursive: true })
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(project.folder, folder, name)), { recursive: true })
    project.write(`${folder}/${name}`, content)
  }
  return project.write(`${folder}/block.${extension}`, text)
}

describe('the reader of pages', () => {
  test('finds blocks with their place, in lists and with other fences too', () => {
    const page = '# A\n\n```js\na()\n```\n\n- item\n\n  ~~~py\n  if x:\n      y()\n  ~~~\n\n````text\n```\n````\n'
    expect(parseCodeBlocks('a.md', page)).toEqual([
      { place: 'a.md:3', language: 'js', code: 'a()\n' },
      { place: 'a.md:9', language: 'py', code: 'if x:\n    y()\n' },
      { place: 'a.md:14', language: 'text', code: '```\n' },
    ])
  })

  test('takes the reason why a block is not run', () => {
    const page = '<!-- no-run: needs a broker -->\n```ts\nconnect()\n```\n'
    expect(parseCodeBlocks('a.md', page)[0]?.noRun).toBe('needs a broker')
  })

  test('gives a block the files that stand before it under the same heading', () => {
    const page = '<!-- file: a/b.toml -->\n```toml\nx = 1\n```\n\n```js\nread()\n```\n\n## B\n\n```js\nother()\n```\n'
    expect(parseCodeBlocks('a.md', page)).toEqual([
      { place: 'a.md:2', language: 'toml', code: 'x = 1\n', noRun: 'a file' },
      { place: 'a.md:6', language: 'js', code: 'read()\n', files: { 'a/b.toml': 'x = 1\n' } },
      { place: 'a.md:12', language: 'js', code: 'other()\n' },
    ])
  })

  test('refuses a block that is never closed', () => {
    expect(() => parseCodeBlocks('a.md', '```js\na()\n')).toThrow('a.md:1')
  })
})
