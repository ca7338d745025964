/**
 * The pip that a base Python has: the wheel it carries for `ensurepip`, where its packager put that, or an installed one; and
 * how it is run from there, by that Python or by an environment's.
 */
import { join } from 'node:path'
import { currentFolder } from '../child-environment.js'
import { classifyFailure } from '../classify.js'
import { InterpreterError, NetworkError, PackageError } from '../errors.js'
import type { Reporter } from '../events.js'
import { listNames } from '../files.js'
import type { FoundPython } from '../find-python.js'
import { LIFELINE_PRELUDE } from '../lifeline.js'
import { type Command, describeResult, type RunOptions, run } from '../run.js'
import { HIDE_LOGINS } from './hide-logins.js'
import { UNPACK_PIP, unpackedFolder } from './unpacked-pip.js'

export interface Pip {
  /** What to have on `sys.path` to import it: a wheel or a folder. */
  place: string
  /** `'23.2.1'` */
  version: string
}

/** Debian's and Ubuntu's package python3-pip-whl; their Pythons may not say so in `WHEEL_PKG_DIR`. */
export const DEBIAN_WHEELS = '/usr/share/python-wheels'

/** What pip is found and run with: a part of every build, and all there is where only a tool is fetched. */
export interface PipJob {
  /** The base whose pip it is. */
  python: Pick<FoundPython, 'base' | 'info'>
  /** The installer's variables, see `installerEnvironment`. */
  env: Readonly<Record<string, string | undefined>>
  /** Where its wheel is kept unpacked. @default it runs from the wheel */
  home?: string | undefined
  reporter: Reporter
  signal: AbortSignal
  redact: (text: string) => string
}

export interface PipRun {
  pip: Pip
  /** The interpreter that runs it, and that it installs for. */
  interpreter: string
  args: readonly string[]
  /** Where relative paths start. */
  cwd: string
  onLine: NonNullable<RunOptions['onLine']>
}

/**
 * `pip` is imported from where it is, a wheel or a folder, and that place is off `sys.path` again before it looks around:
 * otherwise it would take itself, and everything beside it, for installed in the environment.
 */
const PIP_SCRIPT = `${LIFELINE_PRELUDE}${HIDE_LOGINS}${UNPACK_PIP}
import runpy, sys
place, folder = sys.argv.pop(1), sys.argv.pop(1)
if folder:
    place = unpack(place, folder)
sys.path.insert(0, place)
import pip
sys.path.remove(place)
del place, folder, unpack
runpy.run_module("pip", run_name="__main__", alter_sys=True)
`

const FIND_SCRIPT = `
import os, pip
print("\\n" + pip.__version__ + " " + os.path.dirname(os.path.dirname(os.path.abspath(pip.__file__))))
`

/**
 * Find it: a process is started only when there is no wheel.
 *
 * @throws InterpreterError (PIP_MISSING) naming where it was looked for
 */
export async function findPip(job: PipJob, packagedWheels: string): Promise<Pip> {
  const { standardLibrary, wheelFolder } = job.python.info
  const folders = [join(standardLibrary, 'ensurepip', '_bundled'), wheelFolder, packagedWheels]
  for (const folder of folders) {
    const wheel = folder === null ? undefined : await findWheel(folder)
    if (wheel) return wheel
  }
  return (await findImportable(job)) ?? refuse(job, folders)
}

/**
 * Run pip to its end. Where it has seen no release at all it is run once more, to hear why.
 *
 * @throws ProvisionError, classified; the signal's reason
 */
export async function runPip(job: PipJob, pipRun: PipRun): Promise<void> {
  try {
    await runOnce(job, pipRun)
  } catch (error) {
    if (!isNothingSeen(error)) throw error
    await askAgain(job, pipRun, error)
  }
}

async function findWheel(folder: string): Promise<Pip | undefined> {
  const pips = (await listNames(folder)).flatMap((name) => {
    const version = /^pip-(\d[^-]*)-(?:[^-]+-){2}any\.whl$/.exec(name)?.[1]
    return version === undefined ? [] : [{ place: join(folder, name), version }]
  })
  return pips.sort(byVersion).at(-1)
}

function byVersion(left: Pip, right: Pip): number {
  return left.version.localeCompare(right.version, 'en', { numeric: true })
}

async function findImportable({ python, env, signal, redact }: PipJob): Promise<Pip | undefined> {
  const args = ['-I', '-X', 'utf8', '-c', FIND_SCRIPT]
  const command = { file: python.base.path, args, env, cwd: currentFolder(), hasLifeline: false }
  const result = await run(command, { signal, redact })
  const answer = result.exitCode === 0 ? result.stdoutTail.split('\n').at(-1) : undefined
  const [, version, place] = /^(\d\S*) (.+)$/.exec(answer ?? '') ?? []
  return version === undefined || place === undefined ? undefined : { place, version }
}

function refuse({ python, reporter }: PipJob, folders: readonly (string | null)[]): never {
  const looked = folders.filter((folder) => folder !== null)
  throw new InterpreterError(
    'PIP_MISSING',
    `${python.base.path} has no pip: none can be imported, and no pip-*.whl is in ${looked.join(', ')}`,
    { phase: reporter.phase, facts: { python: python.base.path, looked } },
  )
}

async function runOnce(job: PipJob, { pip, interpreter, args, cwd, onLine }: PipRun): Promise<void> {
  const { env, home, signal, redact, reporter } = job
  const all = ['-I', '-X', 'utf8', '-c', PIP_SCRIPT, pip.place, unpackedFolder(pip, home) ?? '', ...args]
  const command: Command = { file: interpreter, args: all, env, cwd, hasLifeline: true }
  const result = await run(command, { signal, redact, onLine })
  if (result.exitCode === 0) return
  throw classifyFailure(result, { ...describeResult(command, result, redact), phase: reporter.phase })
}

/** No release fits, and not a single one was seen: so pip says of a package that is not there, and of a 403 or 500 too. */
function isNothingSeen(error: unknown): error is PackageError {
  if (!(error instanceof PackageError) || error.code !== 'ERR_PYFERRY_NO_MATCHING_DISTRIBUTION') return false
  return /\(from versions: none\)/.test(`${error.stderrTail}${error.stdoutTail}`)
}

/**
 * Run pip once more to hear why: only `-vv` names an index that refuses or fails, and what was left out. When it works this time
 * the index has recovered, and all is well.
 *
 * @throws the error of the second run when it says more, else the first
 */
async function askAgain(job: PipJob, pipRun: PipRun, first: PackageError): Promise<void> {
  try {
    await runOnce(job, { ...pipRun, args: [...pipRun.args, '-vv'], onLine: () => 'keep' })
  } catch (error) {
    throw isReason(error) || job.signal.aborted ? error : first
  }
}

/** What makes pip see nothing: an index that does not answer, or that may not be asked, or sources that may not be built. */
function isReason(error: unknown): boolean {
  if (error instanceof NetworkError) return true
  return error instanceof PackageError && error.code === 'ERR_PYFERRY_SDIST_FORBIDDEN'
}
