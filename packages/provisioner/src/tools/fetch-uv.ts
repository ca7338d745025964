/**
 * Fetching uv: its wheel from the package index carries the real binary, and the base Python's own pip gets that.
 *
 * So there is no HTTP client and no zip reader of ours, and what a company has told pip (mirror, login, certificate, proxy) holds
 * for the tool as it does for packages. The release page's archives were set aside: no mirror has them. What is fetched is pinned
 * by SHA-256 (`uv-wheels.ts`), which pip checks before it unpacks anything.
 *
 *     <home>/t/uv/.tmp-<random>/    everything happens here, on the disk of its place
 *     → <home>/t/uv/<version>-<platform>/uv    by one rename: whoever comes first or last, a whole one is there
 */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, open, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DEBIAN_WHEELS, findPip, type PipJob, type PipRun, runPip } from '../backends/pip.js'
import { pipFetch } from '../backends/pip-commands.js'
import { temporaryVariables } from '../build-temporary.js'
import { tryCandidate } from '../candidates.js'
import { ProvisionError, ToolError } from '../errors.js'
import { Reporter } from '../events.js'
import { explainSystemError, removeTree } from '../files.js'
import type { FoundPython } from '../find-python.js'
import { askVersion, type FoundTool } from './tool.js'
import { executableName, toolFolder, toolPath } from './tool-path.js'
import { pinnedUv, type UvRelease } from './uv-wheels.js'

export interface FetchUvOptions {
  /** An existing folder that may be written. */
  home: string
  /** The base whose pip is used; it decides for which platform the wheel is. */
  python: Pick<FoundPython, 'base' | 'info'>
  /** The installer's variables, see `installerEnvironment`. */
  env: Readonly<Record<string, string | undefined>>
  /** Told of lines and bytes, in the phase that it is in. */
  reporter?: Reporter
  signal: AbortSignal
  redact: (text: string) => string
  /** @default the pinned one */
  release?: UvRelease
  /** As in `makeVenvPip`. */
  packagedWheels?: string
}

/**
 * Put the pinned uv into the home, whether or not one is there.
 *
 * @throws ToolError TOOL_CHECKSUM_MISMATCH, TOOL_DOWNLOAD_FAILED with the reason as its cause; nothing is left then
 * @throws the signal's reason
 */
export async function fetchUv(options: FetchUvOptions): Promise<FoundTool> {
  const { home, signal, release = pinnedUv } = options
  const path = toolPath(home, 'uv')
  const work = join(toolFolder(home, 'uv'), `.tmp-${randomBytes(8).toString('hex')}`)
  try {
    signal.throwIfAborted()
    await mkdir(work, { recursive: true, mode: 0o700 })
    await install(options, work, release)
    const binary = await takeBinary(work)
    const version = await askVersion('uv', binary, options)
    await moveIntoPlace(binary, path)
    return { kind: 'uv', path, version, considered: [{ path, version }] }
  } catch (error) {
    throw signal.aborted ? error : explainFailure(error, options, release)
  } finally {
    await removeTree(work)
  }
}

async function install(options: FetchUvOptions, work: string, { version, wheels }: UvRelease): Promise<void> {
  const { reporter = new Reporter(undefined), packagedWheels = DEBIAN_WHEELS } = options
  // What pip is at as well, so that it goes with the rest when pip is killed.
  const temporary = join(work, 'temporary')
  await mkdir(temporary, { mode: 0o700 })
  const job: PipJob = { ...options, reporter, env: { ...options.env, ...temporaryVariables(temporary) } }
  const pip = await findPip(job, packagedWheels)
  const requirements = join(work, 'requirements.txt')
  const hashes = Object.values(wheels).map((sha256) => `--hash=sha256:${sha256}`)
  await writeFile(requirements, `${[`uv==${version}`, ...hashes].join(' \\\n    ')}\n`, { mode: 0o600 })
  const args = pipFetch(pip.version, { requirements, target: join(work, 'target') })
  const onLine: PipRun['onLine'] = (stream, line) => readLine(reporter, `uv ${version}`, stream, line)
  await runPip(job, { pip, interpreter: options.python.base.path, args, cwd: work, onLine })
}

/** Of pip's lines only the bytes are numbers; its phases are those of a build. */
function readLine(reporter: Reporter, item: string, stream: 'stdout' | 'stderr', line: string): 'keep' | 'drop' {
  const bytes = stream === 'stdout' ? /^Progress (\d+) of (\d+)$/.exec(line.trim()) : null
  if (!bytes) {
    reporter.log(stream, line)
    return 'keep'
  }
  const [current, total] = [Number(bytes[1]), Number(bytes[2])]
  // pip writes 0 for a length that the server did not tell.
  reporter.progress({ phase: reporter.phase, current, total: total > 0 ? total : null, unit: 'bytes', item })
  return 'drop'
}

/** Where pip's `--target` puts a wheel's scripts: `bin`, by the oldest pips on Windows `Scripts`. */
async function takeBinary(work: string): Promise<string> {
  for (const folder of ['bin', 'Scripts']) {
    const path = join(work, 'target', folder, executableName('uv'))
    if (!existsSync(path)) continue
    await chmod(path, 0o755)
    return path
  }
  throw new ToolError('TOOL_DOWNLOAD_FAILED', 'the wheel of uv that the index has holds no uv', {
    facts: { kind: 'uv' },
  })
}

/** Synced first: a name that leads to a part of a file after a crash would be found, and used. */
async function moveIntoPlace(binary: string, path: string): Promise<void> {
  const file = await open(binary, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  try {
    await rename(binary, path)
  } catch (error) {
    // Windows replaces no program that runs: somebody was first, and uses it.
    if (process.platform !== 'win32' || !(await tryCandidate(path))) throw error
  }
}

function explainFailure(error: unknown, { home, reporter }: FetchUvOptions, { version }: UvRelease): unknown {
  const cause = explainSystemError(error, home) ?? error
  if (!(cause instanceof ProvisionError)) return cause
  const isMismatch = cause.code === 'ERR_PYFERRY_HASH_MISMATCH'
  const { retryable, command, exitCode, stdoutTail, stderrTail } = cause
  return new ToolError(
    isMismatch ? 'TOOL_CHECKSUM_MISMATCH' : 'TOOL_DOWNLOAD_FAILED',
    `uv ${version} could not be fetched: ${cause.message}`,
    {
      cause,
      retryable,
      command,
      exitCode,
      stdoutTail,
      stderrTail,
      // What mends the cause mends this.
      hint: isMismatch ? undefined : cause.hint,
      phase: reporter?.phase,
      facts: { ...cause.facts, kind: 'uv', version },
    },
  )
}
