/**
 * The Pythons that uv has installed, in a home of ours or in its own folder: found by the names of their folders, without starting
 * uv; and installed by it.
 *
 *     <folder>/cpython-3.12.4-linux-x86_64-gnu/bin/python3.12
 *
 * Links of such names (`cpython-3.12-…`) are left out: they lead to one of the others, and to another after an upgrade. So are
 * free-threaded and debug builds (`cpython-3.13.0+freethreaded-…`): most packages have no wheels for them, and nobody gets one
 * who has not asked; they can be named by path. Pre-releases come last.
 */
import { mkdir, readdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { uvPythonInstall } from './backends/uv-commands.js'
import { type Candidate, tryCandidate } from './candidates.js'
import type { Variables } from './child-environment.js'
import { classifyFailure } from './classify.js'
import { InterpreterError, type ProvisionError, ToolError } from './errors.js'
import { Reporter } from './events.js'
import { explainSystemError, isAbsent } from './files.js'
import { type Command, describeResult, type RunResult, run } from './run.js'
import type { FoundTool } from './tools/tool.js'
import { isMusl } from './tools/tool-path.js'
import { type Clause, isInRange, tryParsePythonRange } from './version.js'

/**
 * List them, newest first, the home's before uv's own of the same version; those of other platforms are left out. A folder that
 * is not there, or may not be read, has none.
 *
 * @param env the host's variables, which may say where uv's own folder is
 */
export async function listManagedPythons(home: string | undefined, env: Variables): Promise<Candidate[]> {
  const folders = new Set([...(home === undefined ? [] : [pythonsFolder(home)]), ...ownFolders(env)])
  const installed = (await Promise.all([...folders].map(listInstalled))).flat().sort(byPreference)
  const candidates = await Promise.all(installed.map(({ path }) => tryCandidate(path)))
  return candidates.filter((candidate) => candidate !== undefined)
}

/**
 * The minor version that is taken when nothing says which: two behind the latest, for which nearly every package has wheels. What
 * the machine has is never passed over for it.
 */
const PREFERRED_MINOR = '3.13'

export interface InstallPythonOptions {
  uv: FoundTool
  home: string
  /** `'auto'`, a version (`'3.12'`) or a range (`'>=3.11,<3.13'`). */
  version: string
  /** The installer's variables: mirrors, proxies and certificates hold. */
  env: Variables
  /** Told of lines, in the phase that it is in. */
  reporter?: Reporter
  signal: AbortSignal
  redact: (text: string) => string
}

/**
 * Have uv install a Python into the home. uv checks what it fetches against the hashes that it carries, and lets only one program
 * at a time do it.
 *
 * @returns its interpreter
 * @throws InterpreterError (PYTHON_NOT_FOUND) when uv knows of none that fits
 * @throws ToolError TOOL_CHECKSUM_MISMATCH, TOOL_DOWNLOAD_FAILED with the reason as its cause
 * @throws the signal's reason
 */
export async function installManagedPython(options: InstallPythonOptions): Promise<Candidate> {
  const { uv, home, version, env, reporter = new Reporter(undefined), signal, redact } = options
  const clauses = chooseClauses(version)
  const folder = pythonsFolder(home)
  const command: Command = {
    file: uv.path,
    args: uvPythonInstall(formatClauses(clauses)),
    // `manual`: a configuration that forbids what uv does by itself does not forbid what is asked of it.
    env: { ...env, UV_PYTHON_INSTALL_DIR: folder, UV_PYTHON_DOWNLOADS: 'manual', UV_NO_PROGRESS: '1' },
    // No project: its `uv.toml` and `.python-version` are not for this.
    cwd: home,
    hasLifeline: false,
  }
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const result = await run(command, {
      signal,
      redact,
      onLine: (stream, line) => {
        reporter.log(stream, line)
        return 'keep'
      },
    })
    const failure = { ...describeResult(command, result, redact), phase: reporter.phase }
    if (result.exitCode !== 0) throw explainResult(version, result, failure)
    const found = (await listInstalled(folder)).sort(byPreference).find(({ release }) => isInRange(release, clauses))
    const candidate = found && (await tryCandidate(found.path))
    if (candidate) return candidate
    throw new ToolError('TOOL_DOWNLOAD_FAILED', `uv has installed no Python ${version} in ${folder}`, failure)
  } catch (error) {
    throw explainSystemError(error, folder) ?? error
  }
}

/**
 * What uv is asked for: of a range that allows the preferred minor version, that one. The newest, which uv would take, is often too
 * new for packages that are built slowly.
 */
export function chooseClauses(version: string): Clause[] {
  const preferred: Clause = { operator: '==', version: `${PREFERRED_MINOR}.*` }
  if (version === 'auto') return [preferred]
  const clauses = tryParsePythonRange(version)
  if (!clauses) throw new TypeError(`no version or range of a Python: ${JSON.stringify(version)}`)
  return isInRange(`${PREFERRED_MINOR}.0`, clauses) ? [...clauses, preferred] : clauses
}

function formatClauses(clauses: readonly Clause[]): string {
  return clauses.map(({ operator, version }) => `${operator}${version}`).join(',')
}

interface Installed {
  path: string
  /** The numbers alone. */
  release: string
  isPrerelease: boolean
}

function pythonsFolder(home: string): string {
  return join(home, 'py')
}

/** `uv help python dir`: macOS has it where Linux has. */
function ownFolders(env: Variables): string[] {
  const named = env.UV_PYTHON_INSTALL_DIR
  if (named) return isAbsolute(named) ? [named] : []
  if (process.platform === 'win32') {
    const data = env.APPDATA || join(homedir(), 'AppData', 'Roaming')
    return [join(data, 'uv', 'data', 'python')]
  }
  const isUsable = env.XDG_DATA_HOME !== undefined && isAbsolute(env.XDG_DATA_HOME)
  const data = isUsable ? (env.XDG_DATA_HOME as string) : join(env.HOME || homedir(), '.local', 'share')
  return [join(data, 'uv', 'python')]
}

async function listInstalled(folder: string): Promise<Installed[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.flatMap((entry) => {
      const installed = entry.isDirectory() ? tryReadName(folder, entry.name) : undefined
      return installed ? [installed] : []
    })
  } catch (error) {
    if (isAbsent(error) || explainSystemError(error, folder)) return []
    throw error
  }
}

const NAME = /^cpython-(?<release>(?<minor>3\.\d+)\.\d+)(?<pre>(?:a|b|rc)\d+)?-(?<os>\w+?)-(?<arch>\w+)-(?<libc>\w+)$/

/** `undefined` for what is none, or is another platform's. uv unpacks elsewhere and renames: what has such a name is whole. */
function tryReadName(folder: string, name: string): Installed | undefined {
  const { release = '', minor, pre, os, arch = '', libc } = NAME.exec(name)?.groups ?? {}
  if (os !== OS_NAMES[process.platform] || !ARCH_NAMES[process.arch]?.test(arch)) return undefined
  if (os === 'linux' && (libc === 'musl') !== isMusl()) return undefined
  const path = process.platform === 'win32' ? 'python.exe' : join('bin', `python${minor}`)
  return { path: join(folder, name, path), release, isPrerelease: pre !== undefined }
}

/** As uv has them. */
const OS_NAMES: Readonly<Record<string, string>> = { linux: 'linux', darwin: 'macos', win32: 'windows' }
/** `x86_64_v3` is for newer processors of the same kind. Those that would run by emulation can be named by path. */
const ARCH_NAMES: Readonly<Record<string, RegExp>> = {
  x64: /^x86_64(?:_v\d)?$/,
  arm64: /^aarch64$/,
  arm: /^armv\d/,
  ia32: /^(?:i686|x86)$/,
  ppc64: /^powerpc64le$/,
  riscv64: /^riscv64/,
  s390x: /^s390x$/,
}

/** Stable: of one version the first folder's is the first. */
function byPreference(left: Installed, right: Installed): number {
  if (left.isPrerelease !== right.isPrerelease) return left.isPrerelease ? 1 : -1
  return right.release.localeCompare(left.release, 'en', { numeric: true })
}

function explainResult(version: string, result: RunResult, failure: ReturnType<typeof describeResult>): ProvisionError {
  const text = `${result.stderrTail}\n${result.stdoutTail}`
  if (/No download found for request/.test(text)) {
    return new InterpreterError('PYTHON_NOT_FOUND', `uv knows of no Python ${version} that it could install`, failure)
  }
  const cause = classifyFailure(result, failure)
  const isMismatch = /Hash mismatch for/.test(text)
  return new ToolError(
    isMismatch ? 'TOOL_CHECKSUM_MISMATCH' : 'TOOL_DOWNLOAD_FAILED',
    `uv could not install Python ${version}: ${reasonOf(text) ?? cause.message}`,
    { ...failure, cause, retryable: cause.retryable, facts: { kind: 'python', version } },
  )
}

/** The last of uv's reasons is the first cause. */
function reasonOf(text: string): string | undefined {
  return /^\s*(?:cause|Caused by|error): (.*)$/m.exec(text.split('\n').reverse().join('\n'))?.[1]?.trim()
}
