/** What the tests of the facade need: an interpreter, venvs that are closed after the test, folders, and programs of their own. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, afterEach } from 'vitest'
import { type PythonError, Venv, type VenvConfig } from '../src/index.js'
import { expectExceptions, inItsWay, inItsWayCode, printed } from './ways.js'

/** The real interpreter behind the Python under test, not a shim in front of it. */
export const python = execFileSync(
  process.env.PYFERRY_TEST_PYTHON ?? 'python3',
  ['-I', '-S', '-c', 'import sys; print(sys.executable)'],
  { encoding: 'utf8' },
).trim()

expectExceptions()

/** Closed after the test. */
export const opened = new Set<{ close(): Promise<void> }>()
const folders = new Set<string>()
const programs = new Set<ChildProcess>()

afterEach(async () => {
  for (const venv of opened) await venv.close()
  opened.clear()
  for (const program of programs) program.kill('SIGKILL')
  programs.clear()
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  folders.clear()
})

/** A venv on an existing interpreter, which needs no environment to be made; closed after the test. */
export function makeVenv(config: VenvConfig = {}): Venv {
  const isOwn = config.launcher || config.requirements || config.python || config.requirementsFile
  const venv = new Venv({ ...(!isOwn && { interpreter: python }), ...inItsWay(config) })
  opened.add(venv)
  return venv
}

/** The same, started. */
export async function startVenv(code: string, config: VenvConfig = {}): Promise<Venv> {
  const venv = makeVenv({ sources: [code], ...config })
  await venv.start()
  return venv
}

export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pyferry-test-'))
  folders.add(folder)
  return folder
}

/** The error a promise is rejected with. */
export async function failureOf(promise: Promise<unknown>): Promise<PythonError> {
  try {
    await promise
  } catch (error) {
    return error as PythonError
  }
  throw new Error('expected a rejection')
}

/** The latest of what user code printed. */
export function tailPrinted(venv: Venv): string {
  return printed === 'stdout' ? venv.tailStdout() : venv.tailStderr()
}

/** Resolves when the worker has died. */
export function death(venv: Venv): Promise<Error> {
  return new Promise((resolve) => {
    const listener = (error: Error) => {
      venv.off('died', listener)
      resolve(error)
    }
    venv.on('died', listener)
  })
}

/** Whether a process exists and is not a zombie. */
export function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
  return stdout.trim() !== '' && !stdout.trim().startsWith('Z')
}

/** Poll until `condition` holds; the test's own time limit bounds it. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}

let bundled: Promise<string> | undefined
let bundleFolder: string | undefined
afterAll(() => {
  if (bundleFolder) rmSync(bundleFolder, { recursive: true, force: true })
})

/** The facade in one file, as an application's bundler would make it: no other file of ours is beside it. */
function bundle(): Promise<string> {
  bundled ??= (async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pyferry-bundle-'))
    bundleFolder = folder
    const packages = fileURLToPath(new URL('../..', import.meta.url))
    const outfile = join(folder, 'pyferry.mjs')
    await build({
      entryPoints: [join(packages, 'pyferry/src/index.ts')],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      logLevel: 'error',
      alias: Object.fromEntries(
        ['errors', 'codec', 'provisioner', 'supervisor', 'result-cache'].map((name) => [
          `@pyferry/${name}`,
          join(packages, name, 'src/index.ts'),
        ]),
      ),
    })
    return outfile
  })()
  return bundled
}

export interface Program {
  child: ChildProcess
  /** The next line the program prints. */
  nextLine: () => Promise<string>
  exit: Promise<{ code: number | null; signal: NodeJS.Signals | null; stderr: string }>
}

/** Write a Node program of its own; `code` finds `Venv`, `kwargs`, `showProgress`, `python`, `printed` and `say(value)` ready. */
export async function writeProgram(code: string): Promise<string> {
  const file = join(makeFolder(), 'program.mjs')
  const prelude = [
    `import { Venv as Plain, kwargs, showProgress } from ${JSON.stringify(await bundle())}`,
    inItsWayCode,
    `const printed = ${JSON.stringify(printed)}`,
    `const python = ${JSON.stringify(python)}`,
    'const say = (value) => console.log(JSON.stringify(value))',
  ]
  writeFileSync(file, `${prelude.join('\n')}\n${code}\n`)
  return file
}

/** Run such a program. */
export async function runProgram(code: string, env: Record<string, string> = {}): Promise<Program> {
  const file = await writeProgram(code)
  const child = spawn(process.execPath, [file], {
    cwd: dirname(file),
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  programs.add(child)
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const exit = new Promise<{ code: number | null; signal: NodeJS.Signals | null; stderr: string }>((resolve) =>
    child.once('close', (exitCode, signal) => resolve({ code: exitCode, signal, stderr })),
  )
  return {
    child,
    exit,
    nextLine: async () => {
      const { value, done } = await lines.next()
      if (done) throw new Error(`the program ended without another line:\n${(await exit).stderr}`)
      return value
    },
  }
}

/**
 * Write a wheel of one module, `VERSION = '<version>'`, and let pip find nothing but what lies beside it, so that no index is asked.
 * Undone after the test.
 */
export function makeWheel(folder: string, name: string, version: string): void {
  const script = `
import sys, zipfile
folder, name, version = sys.argv[1:]
info = f"{name}-{version}.dist-info"
with zipfile.ZipFile(f"{folder}/{name}-{version}-py3-none-any.whl", "w") as wheel:
    wheel.writestr(f"{name}.py", f"VERSION = {version!r}\\n")
    wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
    wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(f"{info}/RECORD", f"{name}.py,,\\n{info}/METADATA,,\\n{info}/WHEEL,,\\n{info}/RECORD,,\\n")
`
  execFileSync(python, ['-I', '-c', script, folder, name, version])
  useOnlyWheelsIn(folder)
}

const before = new Map<string, string | undefined>()

function useOnlyWheelsIn(folder: string): void {
  for (const [name, value] of [
    ['PIP_NO_INDEX', '1'],
    ['PIP_FIND_LINKS', folder],
  ] as const) {
    if (!before.has(name)) before.set(name, process.env[name])
    process.env[name] = value
  }
}

afterEach(() => {
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
  before.clear()
})
