/**
 * Which uv or pixi is used: the first that is there and new enough. Nothing is fetched here, and nothing is started for what the
 * probe cache knows.
 *
 *     named by option or variable: that one or an error
 *     else <home>/t/<kind>/… → each on PATH → the installers' usual folders → beside the Python
 */
import { existsSync, lstatSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { uvVersion } from '../backends/uv-commands.js'
import { type Candidate, pathFolders, tryCandidate } from '../candidates.js'
import { currentFolder, installerEnvironment, type Variables } from '../child-environment.js'
import { MachineError, type ProvisionFailure, type RefusedTool, type ToolCode, ToolError } from '../errors.js'
import type { ProbeCache } from '../probe-cache.js'
import { makeRedactor } from '../redact.js'
import { type Command, describeResult, run } from '../run.js'
import { makeStop } from '../stop.js'
import { isInRange } from '../version.js'
import { executableName, type ToolKind, toolPath } from './tool-path.js'

export type { ToolKind } from './tool-path.js'

export interface FoundTool {
  kind: ToolKind
  /** Absolute, links as they are. */
  path: string
  version: string
  /** What was looked at, in order; the last one was taken, the others have a reason against them. */
  considered: readonly ConsideredTool[]
}

export interface ConsideredTool {
  path: string
  version?: string
  reason?: string
}

export interface FindToolOptions {
  /** The option that names one; it wins over the variable `PYFERRY_UV` or `PYFERRY_PIXI`. */
  explicit?: string | undefined
  /** Where one may have been fetched to. */
  home?: string | undefined
  /** Path of the Python that was chosen: a uv may have been installed beside it. */
  python?: string | undefined
  /** The host's variables. */
  env: Variables
  signal?: AbortSignal | undefined
  probes: ProbeCache
  /** For one answer. @default 10_000 */
  limitMs?: number
  /** Where the installers put it, whatever PATH says. @default those of the kind */
  usualFolders?: readonly string[]
}

/** A tool answers within some hundredths of a second; one on a slow disk within some. */
const VERSION_LIMIT_MS = 10_000

const oldest: Readonly<Record<ToolKind, string>> = {
  /** pipx's minimum. */
  uv: '0.9.17',
  /** It has every command line that we use with all of them; what only a newer one can do is asked for where it is used. */
  pixi: '0.15.2',
}

const variables: Readonly<Record<ToolKind, string>> = { uv: 'PYFERRY_UV', pixi: 'PYFERRY_PIXI' }

/**
 * Find the tool.
 *
 * @returns `undefined` when none is there, and none was named
 * @throws ToolError TOOL_NOT_FOUND (a named one), TOOL_TOO_OLD, TOOL_FAILED_TO_START: there is one, and it cannot be used; with
 * every refusal
 * @throws StoppedError (ABORTED)
 */
export async function findTool(kind: ToolKind, options: FindToolOptions): Promise<FoundTool | undefined> {
  const named = options.explicit ?? options.env[variables[kind]]
  const candidates = named ? [await findNamed(kind, named, options)] : listTools(kind, options)
  const refusals: Refusal[] = []
  for await (const candidate of candidates) {
    const answer = await examine(kind, candidate, options)
    if ('code' in answer) {
      refusals.push(answer)
      continue
    }
    const { path } = candidate
    return { kind, path, version: answer.version, considered: [...refusals.map(describe), { path, ...answer }] }
  }
  if (refusals.length > 0) throw explainRefusals(kind, refusals)
  return undefined
}

/** What is kept of an answer. Whether the version will do is judged anew: what we need may change. */
interface Answer {
  version: string
}

/**
 * Ask the executable at `path` for its version.
 *
 * @throws ToolError (TOOL_FAILED_TO_START) when it cannot be started, ends with an error, tells no version or takes too long
 */
export async function askVersion(
  kind: ToolKind,
  path: string,
  { env, signal, limitMs = VERSION_LIMIT_MS }: Pick<FindToolOptions, 'env' | 'signal' | 'limitMs'>,
): Promise<string> {
  const redact = makeRedactor(env)
  const command: Command = {
    file: path,
    args: uvVersion(),
    env: installerEnvironment(env),
    // A shim may look at it.
    cwd: currentFolder(),
    hasLifeline: false,
  }
  const stop = makeStop(signal, { limitMs, what: `asking ${path} for its version` })
  try {
    const result = await run(command, { signal: stop.signal, redact })
    const version = result.exitCode === 0 ? tryParseVersion(kind, result.stdoutTail) : undefined
    if (version !== undefined) return version
    const ending = result.endedBy ?? (result.exitCode === 0 ? 'it told no version' : `exit code ${result.exitCode}`)
    const said = lastLine(result.stderrTail) ?? lastLine(result.stdoutTail)
    const failure = describeResult(command, result, redact)
    throw failedToStart(kind, path, said === undefined ? ending : `${ending}: ${said}`, failure)
  } catch (error) {
    const isUnusable = error instanceof MachineError || (stop.signal.reason === error && !signal?.aborted)
    if (isUnusable) throw failedToStart(kind, path, (error as Error).message, { cause: error })
    throw error
  } finally {
    stop.dispose()
  }
}

/** `uv 0.13.9 (x86_64-unknown-linux-gnu)`, `pixi 0.15.2`; a shim may print lines of its own. */
export function tryParseVersion(kind: ToolKind, stdout: string): string | undefined {
  return new RegExp(`^${kind} (\\d+\\.\\d+\\.\\d+\\S*)(?: |\\r?$)`, 'm').exec(stdout)?.[1]
}

interface Refusal extends RefusedTool {
  code: ToolCode
  cause?: unknown
}

async function examine(kind: ToolKind, candidate: Candidate, options: FindToolOptions): Promise<Answer | Refusal> {
  const { path } = candidate
  let answer = await options.probes.recall<Answer>(kind, candidate)
  if (!answer) {
    try {
      answer = { version: await askVersion(kind, path, options) }
    } catch (error) {
      if (!(error instanceof ToolError)) throw error
      // Not kept: what does not answer now may do so later.
      return { path, code: 'TOOL_FAILED_TO_START', reason: String(error.facts.reason), cause: error }
    }
    await options.probes.remember<Answer>(kind, candidate, answer)
  }
  const { version } = answer
  if (isInRange(releaseOf(version), [{ operator: '>=', version: oldest[kind] }])) return { version }
  return {
    path,
    version,
    code: 'TOOL_TOO_OLD',
    reason: `it is ${version}, and ${oldest[kind]} is the oldest that works`,
  }
}

/** What follows the numbers (`-rc.1`, `+5`) is not looked at. */
function releaseOf(version: string): string {
  return /^\d+\.\d+\.\d+/.exec(version)?.[0] ?? version
}

/** @throws ToolError TOOL_NOT_FOUND, TOOL_FAILED_TO_START */
async function findNamed(kind: ToolKind, named: string, { explicit }: FindToolOptions): Promise<Candidate> {
  const path = resolve(named)
  const candidate = await tryCandidate(path)
  if (candidate) return candidate
  const by = explicit === undefined ? `the variable ${variables[kind]}` : `the option ${kind}`
  const facts = { kind, path }
  if (existsSync(path)) throw failedToStart(kind, path, 'it is no file that may be executed', { facts })
  const isLink = lstatSync(path, { throwIfNoEntry: false }) !== undefined
  const reason = isLink ? `${path} is a link to nothing` : `nothing is at ${path}`
  throw new ToolError('TOOL_NOT_FOUND', `the ${kind} that ${by} names was not found: ${reason}`, { facts })
}

async function* listTools(kind: ToolKind, options: FindToolOptions): AsyncGenerator<Candidate> {
  for (const path of new Set(listPaths(kind, options))) {
    // Most are not there, and looking synchronously takes a twentieth of the time; a hit looks at all of them.
    const candidate = existsSync(path) ? await tryCandidate(path) : undefined
    if (candidate) yield candidate
  }
}

function* listPaths(kind: ToolKind, { home, python, env, usualFolders }: FindToolOptions): Generator<string> {
  if (home !== undefined) yield toolPath(home, kind)
  const folders = [...pathFolders(env), ...(usualFolders ?? usualFoldersOf(kind, env))]
  // Where `uv.find_uv_bin` looks first; no process is started for the rest of it.
  if (python !== undefined && kind === 'uv') folders.push(dirname(python))
  for (const folder of folders) yield join(folder, executableName(kind))
}

/** The installers' own, cargo's, Homebrew's two. */
function usualFoldersOf(kind: ToolKind, env: Variables): string[] {
  const user = env.HOME || homedir()
  const own = kind === 'pixi' ? [join(user, '.pixi', 'bin')] : []
  const shared = process.platform === 'win32' ? [] : ['/opt/homebrew/bin', '/usr/local/bin']
  return [...own, join(user, '.local', 'bin'), join(user, '.cargo', 'bin'), ...shared]
}

function describe({ path, version, reason }: Refusal): RefusedTool {
  return { path, ...(version !== undefined && { version }), reason }
}

/** One that starts and is too old decides the code: it is the nearer to a working one. */
function explainRefusals(kind: ToolKind, refusals: readonly Refusal[]): ToolError {
  const decisive = refusals.find(({ code }) => code === 'TOOL_TOO_OLD') ?? refusals[0]
  const refused = refusals.map(describe)
  const list = refused.map(({ path, reason }) => `${path}: ${reason}`).join('; ')
  const message = `a ${kind} from ${oldest[kind]} on was looked for, and none of these is one: ${list}`
  const facts = { kind, oldest: oldest[kind] }
  return new ToolError(decisive?.code ?? 'TOOL_NOT_FOUND', message, { refused, cause: decisive?.cause, facts })
}

function failedToStart(kind: ToolKind, path: string, reason: string, failure: ProvisionFailure): ToolError {
  return new ToolError('TOOL_FAILED_TO_START', `${path} does not work as ${kind}: ${reason}`, {
    ...failure,
    refused: [{ path, reason }],
    facts: { kind, path, reason },
  })
}

/** A program that is none may print anything. */
function lastLine(text: string): string | undefined {
  const line = text.split('\n').findLast((each) => each.trim() !== '')
  return line?.trim().slice(0, 300)
}
