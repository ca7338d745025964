import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { build } from 'esbuild'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { pnpm } from './support/pnpm.js'
import { filesBelow, root } from './support/workspace.js'

const generator = join(root, 'packages/supervisor/scripts/generate.mjs')
let folder: string
let target: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pyferry-generate-'))
  target = join(folder, 'out/worker-files.ts')
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('the worker files embedded in the supervisor', () => {
  test('are the boot file and the package, and nothing else that lies about', async () => {
    write('boot.py', 'print("boot")\n')
    write('pyferry/__init__.py', '')
    write('pyferry/deep/values.py', 'π = """`$x`\\n"""\n')
    write('pyferry/__pycache__/values.cpython-311.pyc', 'compiled')
    write('pyferry/py.typed', '')
    write('setup.py', 'not ours')
    const { workerFiles } = await generate()
    expect(workerFiles).toEqual({
      'boot.py': 'print("boot")\n',
      'pyferry/__init__.py': '',
      'pyferry/deep/values.py': 'π = """`$x`\\n"""\n',
    })
  })

  test('have a digest that changes with any content and any name, and with nothing else', async () => {
    write('boot.py', 'one')
    write('pyferry/a.py', 'two')
    const { workerFilesDigest: first } = await generate()
    expect(first).toMatch(/^[0-9a-f]{32}$/)
    write('pyferry/a.py', 'two\r\n')
    const { workerFilesDigest: changed } = await generate()
    expect(changed).not.toBe(first)
    write('pyferry/a.py', 'two\n')
    expect((await generate()).workerFilesDigest, 'line ends are those of the checkout').toBe(changed)
    write('pyferry/a.py', 'two')
    expect((await generate()).workerFilesDigest).toBe(first)
    write('pyferry/b.py', 'two')
    rmSync(join(folder, 'in/pyferry/a.py'))
    expect((await generate()).workerFilesDigest).not.toBe(first)
  })

  test('are left alone on disk when nothing changed, so that nobody who watches them wakes', async () => {
    write('boot.py', '')
    await generate()
    const before = statSync(target).mtimeMs
    await generate()
    expect(statSync(target).mtimeMs).toBe(before)
  })

  test('in this checkout are the sources as they are now', async () => {
    const embedded = await load(join(root, 'packages/supervisor/src/generated/worker-files.ts'))
    const source = join(root, 'python/src')
    const expected = filesBelow(source, '.py').map((path) => [relative(source, path), readFileSync(path, 'utf8')])
    expect(embedded.workerFiles).toEqual(Object.fromEntries(expected))
  })
})

describe('the task graph', () => {
  test('K-4: generates again when a Python file changed, and only then; what is generated is built', () => {
    const tasks = new Map(plannedTasks().map((task) => [task.taskId, task]))
    const inputs = Object.keys(tasks.get('@pyferry/supervisor#generate')!.inputs)
    const supervisor = join(root, 'packages/supervisor')
    const python = filesBelow(join(root, 'python/src'), '.py').map((path) => relative(supervisor, path))
    expect(python.length).toBeGreaterThan(0)
    expect(inputs.filter((path) => path.startsWith('../')).sort()).toEqual(python.sort())
    expect(tasks.get('@pyferry/supervisor#build')!.dependencies).toContain('@pyferry/supervisor#generate')
  })
})

function write(name: string, text: string): void {
  const path = join(folder, 'in', name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

async function generate(): Promise<Generated> {
  execFileSync(process.execPath, [generator, join(folder, 'in'), target])
  return load(target)
}

interface Generated {
  workerFiles: Record<string, string>
  workerFilesDigest: string
}

async function load(path: string): Promise<Generated> {
  const { outputFiles } = await build({ entryPoints: [path], write: false, format: 'esm' })
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0]!.contents).toString('base64')}`)
}

interface Task {
  taskId: string
  inputs: Record<string, string>
  dependencies: string[]
}

function plannedTasks(): Task[] {
  const output = pnpm([
    '--silent',
    'exec',
    'node',
    'scripts/turbo.mjs',
    'run',
    'build',
    '--filter=@pyferry/supervisor',
    '--dry=json',
  ])
  return (JSON.parse(output) as { tasks: Task[] }).tasks
}
