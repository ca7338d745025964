// What every measurement stands on: a Python, a real uv, an index that both sides use, folders, and how time is taken.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { Provisioner } from '@pyferry/provisioner'
import { findPython, pythonVersion } from '../python.mjs'

export const root = fileURLToPath(new URL('../..', import.meta.url))
export const python = findPython()

const work = mkdtempSync(join(tmpdir(), 'pyferry-bench-'))
process.on('exit', () => rmSync(work, { recursive: true, force: true }))

/** Neither pip's nor uv's variables of this machine: both sides get the same. */
const env = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:PIP|UV|PYFERRY)_/.test(name))),
  PIP_CONFIG_FILE: '/dev/null',
  PIP_DISABLE_PIP_VERSION_CHECK: '1',
  UV_NO_CONFIG: '1',
}

let folders = 0
export function newFolder() {
  folders += 1
  const folder = join(work, String(folders))
  mkdirSync(folder)
  return folder
}

export async function startIndex() {
  const wheels = join(root, '.cache/benchmark-wheels', pythonVersion(python))
  if (!existsSync(wheels) || readdirSync(wheels).length === 0) {
    execFileSync(python, ['-m', 'pip', 'download', '-q', '--only-binary=:all:', '-d', wheels, 'numpy', 'six'])
  }
  const script = fileURLToPath(new URL('wheel-index.mjs', import.meta.url))
  const child = spawn(process.execPath, [script, wheels], { stdio: ['pipe', 'pipe', 'inherit'] })
  process.on('exit', () => child.kill())
  child.unref()
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data')
  return line.trim()
}

/** The real one, by the way in which ours fetches it. */
export async function fetchUv() {
  const home = join(root, '.cache/tools')
  const project = newFolder()
  writeFileSync(join(project, 'pyproject.toml'), '[project]\nname = "a"\nversion = "1"\nrequires-python = ">=3.9"\n')
  writeFileSync(
    join(project, 'uv.lock'),
    'version = 1\nrequires-python = ">=3.9"\n\n[[package]]\nname = "a"\nversion = "1"\nsource = { virtual = "." }\n',
  )
  const { tool } = await new Provisioner({ home }).plan({ python, project })
  if (tool) return tool.path
  const made = await new Provisioner({ home }).ensure({ python, project, downloads: 'missing' })
  made.release()
  return (await new Provisioner({ home }).plan({ python, project })).tool.path
}

export const sh = (file, args, more = {}, cwd = root) =>
  execFileSync(file, args, { env: { ...env, ...more }, stdio: 'ignore', cwd })

/**
 * What a program does, in a Node of its own, or it would be warm where the other side is cold.
 *
 * @param body a script that has `Provisioner`; what it hands to `tell` is returned
 * @param module of ours
 */
export function inNode(body, module = '@pyferry/provisioner') {
  const script = `
    import { Provisioner } from ${JSON.stringify(module)}
    const tell = (value) => console.log(JSON.stringify(value))
    ${body}
  `
  const options = { cwd: join(root, 'benchmarks'), env, encoding: 'utf8' }
  const told = execFileSync(process.execPath, ['--input-type=module', '-e', script], options)
  return told === '' ? undefined : JSON.parse(told)
}

export async function timed(run) {
  const start = performance.now()
  await run()
  return performance.now() - start
}

/** Milliseconds of processor time that a command takes, by bash's clock: Node tells only its own. `NaN` where there is no bash. */
export function cpuOf(file, args, cwd = root) {
  try {
    const script = 'TIMEFORMAT="%3U %3S"; { time "$@" >&3 2>&3; } 3>/dev/null'
    const text = execFileSync('bash', ['-c', `${script} 2>&1`, 'bash', file, ...args], { env, cwd, encoding: 'utf8' })
    const [user, system] = text.trim().split(' ').map(Number)
    return (user + system) * 1000
  } catch {
    return Number.NaN
  }
}
