/**
 * Environments of a pixi project: conda packages, Python among them, as `pixi.toml` and `pixi.lock` say.
 *
 * *Managed*, manifest and lock are copied into a folder of ours and installed there: the project is left alone, and its
 * environment too. *In place*, pixi works in the project as it does when a person calls it, under its own lock.
 *
 * The same command lines are used with every pixi, old and new: see `pixi-commands.ts`.
 */
import { constants, copyFile, mkdir, mkdtemp, readFile, realpath, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative, sep } from 'node:path'
import type { Variables } from '../child-environment.js'
import { PackageError, SpecError, ToolError } from '../errors.js'
import type { Reporter } from '../events.js'
import { isAbsent, listNames, removeTree, tryRead, tryReadJson } from '../files.js'
import { normaliseName } from '../requirement.js'
import { type Command, describeResult, run } from '../run.js'
import type { InstalledPackage } from '../stamp.js'
import { canPixi, pixiFeatures } from '../tools/pixi.js'
import { activationOf } from './pixi-activation.js'
import { type LockMode, pixiInstall, pixiRun } from './pixi-commands.js'
import { findLocalReference } from './pixi-manifest.js'
import { classifyPixiFailure } from './pixi-output.js'
import { PixiProgress } from './pixi-progress.js'

export interface PixiSource {
  kind: 'pixi'
  /** Absolute path of `pixi.toml`, or of a `pyproject.toml` with `[tool.pixi]`. */
  manifest: string
  /** Absolute path of `pixi.lock`, when there is one. */
  lock: string | undefined
  /** Its name; `'default'` is always there. */
  environment: string
}

export interface PixiJob {
  source: PixiSource
  tool: { path: string; version: string }
  /** A Python that arms the lifeline, see `lifeline.ts`. @default none: a host that is killed leaves pixi to end by itself */
  launcher?: string | undefined
  /** Managed: the folder to build in, absent or empty; everything goes in it. In place: not looked at. */
  prefix: string
  /** Without a lock, `'locked'` is as `'update'`: there is nothing that could be out of date. */
  lockMode: LockMode
  offline: boolean
  /** The installer's variables, see `installerEnvironment`. */
  env: Variables
  /** Beside these, for the installation; not for the look after it, since what is activated is kept. @default none */
  temporary?: Variables
  reporter: Reporter
  /** Aborted, it ends whatever runs; its reason is the error to reject with. */
  signal: AbortSignal
  redact: (text: string) => string
}

export interface PixiResult {
  tools: { pixi: string }
  /** Absolute. */
  python: string
  /** `sys.prefix`. */
  prefix: string
  /** conda's, and those of an index that pixi has installed beside them; sorted by name. */
  packages: InstalledPackage[]
  /** Variables that a worker needs; `PATH` is what to put in front of its own, see `activationOf`. */
  activation: Record<string, string>
}

/**
 * Build in a folder of ours.
 *
 * @throws SpecError (SPEC_INVALID) when the manifest names a path: that is found in its own folder alone
 * @throws ToolError (TOOL_TOO_OLD)
 * @throws ProvisionError, classified; what is left in the folder is the caller's to remove
 */
export async function buildManaged(job: PixiJob): Promise<PixiResult> {
  const { source, prefix, reporter } = job
  assertAble(job)
  reporter.enter('create')
  await assertCopyable(source)
  await mkdir(join(prefix, '.pixi'), { recursive: true })
  const manifest = join(prefix, basename(source.manifest))
  await copyFile(source.manifest, manifest, constants.COPYFILE_EXCL)
  if (source.lock !== undefined) await copyFile(source.lock, join(prefix, 'pixi.lock'), constants.COPYFILE_EXCL)
  if (canPixi('detachedEnvironments', job.tool.version)) {
    // A user may have it that environments are kept elsewhere, where nobody would remove ours. The project's settings win.
    await writeFile(join(prefix, '.pixi', 'config.toml'), 'detached-environments = false\n')
  }
  const result = await install(job, manifest)
  await assertInside(result.prefix, prefix)
  return result
}

/**
 * `pixi install` in the project: its `.pixi` and, where it may change, its `pixi.lock` are written.
 *
 * @throws ToolError (TOOL_TOO_OLD)
 * @throws ProvisionError, classified
 */
export async function buildInPlace(job: PixiJob): Promise<PixiResult> {
  assertAble(job)
  return await install(job, job.source.manifest)
}

async function install(job: PixiJob, manifest: string): Promise<PixiResult> {
  const { source, offline, reporter, tool } = job
  const project = dirname(manifest)
  const { environment } = source
  const prefix = join(project, '.pixi', 'envs', environment)
  const lockMode = decideLockMode(job)
  if (lockMode === 'update') reporter.enter('resolve')
  else {
    reporter.skip('resolve', 'pixi.lock')
    reporter.enter('install')
  }
  const progress = new PixiProgress({ reporter, lock: join(project, 'pixi.lock'), environment, prefix })
  try {
    await runPixi(job, project, pixiInstall({ manifest, environment, lockMode, offline }), job.temporary)
  } finally {
    await progress.close()
  }
  const python = await findPython(source, prefix)
  const answer = await askPython(job, manifest, python)
  const packages = [...(await listCondaPackages(prefix)), ...answer.distributions]
  return {
    tools: { pixi: tool.version },
    python,
    prefix: answer.prefix,
    packages: withoutRepetition(packages),
    activation: answer.activation,
  }
}

function assertAble({ source, tool, offline, reporter }: PixiJob): void {
  const wanted = [
    ...(basename(source.manifest) === 'pixi.toml' ? [] : (['pyproject'] as const)),
    ...(offline ? (['offline'] as const) : []),
  ]
  const missing = wanted.find((feature) => !canPixi(feature, tool.version))
  if (missing === undefined) return
  const { since, what } = pixiFeatures[missing]
  throw new ToolError(
    'TOOL_TOO_OLD',
    `pixi ${tool.version} at ${tool.path} cannot ${what}: ${since} is the first that can`,
    {
      phase: reporter.phase,
      facts: { path: tool.path, version: tool.version, minimum: since },
    },
  )
}

async function assertCopyable({ manifest }: PixiSource): Promise<void> {
  const found = findLocalReference(await readFile(manifest, 'utf8'))
  if (found === undefined) return
  throw new SpecError(
    'SPEC_INVALID',
    `${manifest} names ${found.what}, which is found from its own folder alone: line ${found.line}, ${found.text}`,
    {
      hint: "build it in place (place: 'project'), or take the path out",
      facts: { path: manifest, line: found.line },
    },
  )
}

/** @throws SpecError (SOURCE_MISSING) when a lock is wanted as it is, and there is none */
function decideLockMode({ source, lockMode }: PixiJob): LockMode {
  if (source.lock !== undefined) return lockMode
  if (lockMode !== 'frozen') return 'update'
  throw new SpecError('SOURCE_MISSING', `${source.manifest} has no pixi.lock beside it, and lockMode is 'frozen'`, {
    facts: { path: join(dirname(source.manifest), 'pixi.lock') },
  })
}

async function runPixi(job: PixiJob, cwd: string, args: string[], more: Variables = {}): Promise<void> {
  const { tool, signal, redact, reporter } = job
  const command: Command = {
    file: tool.path,
    args,
    env: { ...pixiEnvironment(job.env), ...more },
    cwd,
    hasLifeline: false,
    launcher: job.launcher,
  }
  const onLine = (stream: 'stdout' | 'stderr', line: string) => {
    reporter.log(stream, line)
    return 'keep' as const
  }
  const result = await run(command, { signal, redact, onLine })
  if (result.exitCode === 0) return
  throw classifyPixiFailure(result, { ...describeResult(command, result, redact), phase: reporter.phase })
}

/**
 * pixi's output without colours and drawings, and without what `RUST_LOG` adds to it. miette, by which it prints its errors, breaks
 * lines at 80 columns otherwise, in the midst of a URL and of the login in it, which could not be seen for one then.
 */
function pixiEnvironment(env: Variables): Variables {
  const { FORCE_COLOR, CLICOLOR_FORCE, RUST_LOG, ...rest } = env
  return { ...rest, NO_COLOR: '1', NO_GRAPHICS: '1' }
}

async function findPython({ manifest, environment }: PixiSource, prefix: string): Promise<string> {
  const python = process.platform === 'win32' ? join(prefix, 'python.exe') : join(prefix, 'bin', 'python')
  try {
    await stat(python)
    return python
  } catch (error) {
    if (!isAbsent(error)) throw error
    throw new SpecError('SPEC_INVALID', `the environment ${environment} of ${manifest} has no Python`, {
      hint: 'add python to its dependencies',
      facts: { path: manifest, environment },
    })
  }
}

/** Names the file for the answer: on standard output it would be cut to lines, and its secrets blanked. */
const ANSWER_VARIABLE = 'PYFERRY_PIXI_ANSWER'

/** Without quotes, `$` and backslashes, see `pixiRun`: its strings are words of the command. */
const ASK_SCRIPT = [
  'import importlib.metadata, json, os, sys',
  'words = sys.argv',
  'found = list((d.metadata[words[3]], d.version, d.read_text(words[4]), d.read_text(words[5]) is not None) for d in importlib.metadata.distributions())',
  'json.dump(dict(prefix=sys.prefix, environment=dict(os.environ), found=found), open(os.environ[words[1]], words[2]))',
].join('; ')
const ASK_WORDS = [ANSWER_VARIABLE, 'w', 'Name', 'INSTALLER', 'REQUESTED']

interface Answer {
  prefix: string
  environment: Record<string, string>
  found: [name: string | null, version: string, installer: string | null, isRequested: boolean][]
}

/** Start the environment's Python as `pixi run` does, and see what it sees. */
async function askPython(job: PixiJob, manifest: string, python: string) {
  const project = dirname(manifest)
  const folder = await mkdtemp(join(tmpdir(), 'pyferry-pixi-'))
  try {
    const file = join(folder, 'answer.json')
    const env = { ...pixiEnvironment(job.env), [ANSWER_VARIABLE]: file }
    // Relative, since no word may hold what a shell would read; the folder's name is the user's.
    const script = relative(project, python).split(sep).join('/')
    const command = [script, '-I', '-X', 'utf8', '-c', ASK_SCRIPT, ...ASK_WORDS]
    const { environment } = job.source
    await runPixi(job, project, pixiRun({ manifest, environment }, job.offline, command), { [ANSWER_VARIABLE]: file })
    const answer = (await tryReadJson(file)) as Answer | undefined
    if (answer === undefined) throw unusable(job, python)
    const distributions = answer.found.flatMap(([name, version, installer, isRequested]) => {
      if (name === null || installer?.trim() === 'conda') return []
      return [{ name: normaliseName(name), version, sha256: null, from: null, isRequested }]
    })
    return { prefix: answer.prefix, activation: activationOf(env, answer.environment), distributions }
  } finally {
    await removeTree(folder)
  }
}

function unusable({ reporter }: PixiJob, python: string): PackageError {
  return new PackageError('VERIFY_FAILED', `the new environment does not start: ${python} gave no answer`, {
    phase: reporter.phase,
    facts: { python },
  })
}

/** What conda's records say: a file for each package. Source: the conda documentation, `conda-meta`. */
async function listCondaPackages(prefix: string): Promise<InstalledPackage[]> {
  const folder = join(prefix, 'conda-meta')
  const names = (await listNames(folder)).filter((name) => name.endsWith('.json'))
  const records = await Promise.all(names.map(async (name) => tryParseRecord(await tryRead(join(folder, name)))))
  return records.filter((each) => each !== undefined)
}

function tryParseRecord(text: string | undefined): InstalledPackage | undefined {
  const record = JSON.parse(text ?? '{}') as {
    name?: string
    version?: string
    sha256?: string | null
    requested_spec?: string | null
    requested_specs?: string[]
  }
  if (record.name === undefined || record.version === undefined) return undefined
  // 0.15 does not write which ones were asked for.
  const isRequested = Boolean(record.requested_spec) || (record.requested_specs ?? []).length > 0
  return { name: record.name, version: record.version, sha256: record.sha256 ?? null, from: 'conda', isRequested }
}

/** A conda package may be a distribution of Python too, whoever says that he installed it: conda's comes first. */
function withoutRepetition(packages: readonly InstalledPackage[]): InstalledPackage[] {
  const byName = new Map<string, InstalledPackage>()
  for (const each of packages) {
    const name = normaliseName(each.name)
    if (!byName.has(name)) byName.set(name, each)
  }
  return [...byName.values()].sort((left, right) => (left.name < right.name ? -1 : 1))
}

async function assertInside(prefix: string, folder: string): Promise<void> {
  const [inner, outer] = await Promise.all([realpath(prefix), realpath(folder)])
  if (inner.startsWith(`${outer}${sep}`)) return
  throw new PackageError('VERIFY_FAILED', `pixi installed into ${inner}, and not below ${outer}`, {
    hint: 'turn detached-environments off in the configuration of pixi',
    facts: { expected: outer, received: inner },
  })
}
