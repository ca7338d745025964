/**
 * The standard library's `venv`, and the pip that the base Python has: nothing else is needed.
 *
 * The environment is made without pip (`ensurepip` takes seconds, and Debian leaves it out), and the base's own pip is run by
 * the environment's Python, which makes it install there.
 *
 * Bytecode is left to Python: `--no-compile` brings the first answer sooner by what compiling every installed module would
 * take, of which most are never imported; an imported one is compiled and kept at its first import.
 */
import { writeFile } from 'node:fs/promises'
import { classifyFailure } from '../classify.js'
import { NetworkError, PackageError } from '../errors.js'
import { tryReadJson } from '../files.js'
import { LIFELINE_PRELUDE } from '../lifeline.js'
import { type Command, describeResult, run } from '../run.js'
import type { InstalledPackage } from '../stamp.js'
import type { Backend, BuildJob, BuildResult } from './backend.js'
import { DEBIAN_WHEELS, findPip, isPipAtLeast, type Pip } from './pip.js'
import { PipOutput } from './pip-output.js'
import { parsePipReport } from './pip-report.js'

export const venvPip: Backend = makeVenvPip(DEBIAN_WHEELS)

/** @param packagedWheels folder in which a packager may keep the wheel of pip, beside those that the base names itself */
export function makeVenvPip(packagedWheels: string): Backend {
  return {
    name: 'venv-pip',
    async build(job) {
      await create(job)
      return await install(job, packagedWheels)
    },
  }
}

const VENV_SCRIPT = `${LIFELINE_PRELUDE}
import runpy
runpy.run_module("venv", run_name="__main__", alter_sys=True)
`

/**
 * `pip` is imported from where it is, a wheel or a folder, and that place is off `sys.path` again before it looks around:
 * otherwise it would take itself, and everything beside it, for installed in the environment.
 */
const PIP_SCRIPT = `${LIFELINE_PRELUDE}
import runpy, sys
place = sys.argv.pop(1)
sys.path.insert(0, place)
import pip
sys.path.remove(place)
del place
runpy.run_module("pip", run_name="__main__", alter_sys=True)
`

async function create(job: BuildJob): Promise<void> {
  job.reporter.enter('create')
  const { python, generation } = job
  const args = ['-I', '-X', 'utf8', '-c', VENV_SCRIPT, '--without-pip', generation.prefix]
  await runStep(job, python.base.path, args, (stream, line) => {
    job.reporter.log(stream, line)
    return 'keep'
  })
}

async function install(job: BuildJob, packagedWheels: string): Promise<BuildResult> {
  const { spec, reporter } = job
  if (spec.requirements.length === 0 && spec.requirementsFiles.length === 0) {
    for (const phase of ['resolve', 'download', 'build', 'install'] as const) reporter.skip(phase, 'no requirements')
    return { tools: {}, plan: [] }
  }
  reporter.enter('resolve')
  const pip = await findPip(job, packagedWheels)
  const args = ['-I', '-X', 'utf8', '-c', PIP_SCRIPT, pip.place, ...(await pipArguments(job, pip))]
  await runPip(job, args)
  return { tools: { pip: pip.version }, plan: await readPlan(job, pip) }
}

async function runPip(job: BuildJob, args: readonly string[]): Promise<void> {
  const output = new PipOutput(job)
  try {
    await runStep(job, job.generation.python, args, (stream, line) => output.read(stream, line))
  } catch (error) {
    if (!isNothingSeen(error)) throw error
    await askAgain(job, args, error)
  } finally {
    output.close()
  }
}

/** No release fits, and not a single one was seen: so pip says of a package that is not there, and of a 403 or 500 too. */
function isNothingSeen(error: unknown): error is PackageError {
  if (!(error instanceof PackageError) || error.code !== 'ERR_PYFERRY_NO_MATCHING_DISTRIBUTION') return false
  return /\(from versions: none\)/.test(`${error.stderrTail}${error.stdoutTail}`)
}

/**
 * Run pip once more to hear why: only `-vv` names an index that refuses or fails. When it works this time the index has
 * recovered, and all is well.
 *
 * @throws the error of the second run when it says more, else the first
 */
async function askAgain(job: BuildJob, args: readonly string[], first: PackageError): Promise<void> {
  try {
    await runStep(job, job.generation.python, [...args, '-vv'], () => 'keep')
  } catch (error) {
    throw error instanceof NetworkError ? error : job.signal.aborted ? error : first
  }
}

async function pipArguments({ spec, generation }: BuildJob, pip: Pip): Promise<string[]> {
  const progress = isPipAtLeast(pip, 24, 1) ? 'raw' : 'off'
  const args = ['install', '--no-compile', '--no-warn-script-location', `--progress-bar=${progress}`]
  if (hasReport(pip)) args.push('--report', generation.report)
  if (spec.requirements.length > 0) {
    const lines = spec.requirements.map(({ text }) => `${text}\n`)
    await writeFile(generation.requirements, lines.join(''), { mode: 0o600 })
    args.push('-r', generation.requirements)
  }
  for (const file of spec.requirementsFiles) args.push('-r', file)
  return args
}

async function readPlan({ generation }: BuildJob, pip: Pip): Promise<InstalledPackage[] | undefined> {
  return hasReport(pip) ? parsePipReport(await tryReadJson(generation.report)) : undefined
}

/** Before, it was marked as experimental. */
function hasReport(pip: Pip): boolean {
  return isPipAtLeast(pip, 23, 0)
}

async function runStep(
  job: BuildJob,
  file: string,
  args: readonly string[],
  onLine: (stream: 'stdout' | 'stderr', line: string) => 'keep' | 'drop',
): Promise<void> {
  const { env, workingFolder: cwd, signal, redact, reporter } = job
  const command: Command = { file, args, env, cwd, hasLifeline: true }
  const result = await run(command, { signal, redact, onLine })
  if (result.exitCode === 0) return
  throw classifyFailure(result, { ...describeResult(command, result, redact), phase: reporter.phase })
}
