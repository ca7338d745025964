/**
 * The standard library's `venv`, and the pip that the base Python has: nothing else is needed.
 *
 * The environment is made without pip (`ensurepip` takes seconds, and Debian leaves it out), and the base's own pip is run by
 * the environment's Python, which makes it install there.
 *
 * Bytecode is left to Python: `--no-compile` brings the first answer sooner by what compiling every installed module would
 * take, of which most are never imported; an imported one is compiled and kept at its first import.
 */
import { join } from 'node:path'
import { SpecError } from '../errors.js'
import { tryReadJson } from '../files.js'
import type { FoundPython } from '../find-python.js'
import { VENV_PYTHON } from '../layout.js'
import { LIFELINE_PRELUDE } from '../lifeline.js'
import { isEmpty } from '../source.js'
import type { InstalledPackage } from '../stamp.js'
import type { Backend, BuildJob, BuildResult } from './backend.js'
import { DEBIAN_WHEELS, findPip, type Pip, type PipRun, runPip } from './pip.js'
import { canReadPylock, hasReport, hasUploadedPriorTo, pipInstall, venvCreate } from './pip-commands.js'
import { PipOutput } from './pip-output.js'
import { parsePipReport } from './pip-report.js'
import { projectTarget, runStep, writeConstraints, writeRequirements } from './steps.js'

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

async function create(job: BuildJob): Promise<void> {
  job.reporter.enter('create')
  // Without site: what the base's packages want to do at each start takes longer than making the environment, and is no part of it.
  const args = ['-I', '-S', '-X', 'utf8', '-c', VENV_SCRIPT, ...venvCreate(job.spec, job.generation.prefix)]
  await runStep(job, { file: basePython(job).base.path, args, hasLifeline: true })
}

async function install(job: BuildJob, packagedWheels: string): Promise<BuildResult> {
  const { spec, source, reporter } = job
  const made = { python: VENV_PYTHON, sysPrefix: '', activation: null }
  if (isEmpty(source) && !spec.withPip) {
    for (const phase of ['resolve', 'download', 'build', 'install'] as const) reporter.skip(phase, 'no requirements')
    return { ...made, tools: {}, plan: [] }
  }
  reporter.enter('resolve')
  const pip = await findPip({ ...job, python: basePython(job) }, packagedWheels)
  await runPipOf(job, pip)
  return { ...made, tools: { pip: pip.version }, plan: await readPlan(job, pip) }
}

async function runPipOf(job: BuildJob, pip: Pip): Promise<void> {
  const args = await pipArguments(job, pip)
  const output = new PipOutput(job)
  const onLine: PipRun['onLine'] = (stream, line) => output.read(stream, line)
  const interpreter = join(job.generation.prefix, VENV_PYTHON)
  const pipJob = { ...job, python: basePython(job), env: { ...job.env, ...job.temporary } }
  try {
    await runPip(pipJob, { pip, interpreter, args, cwd: job.workingFolder, onLine })
  } finally {
    output.close()
  }
}

async function pipArguments(job: BuildJob, pip: Pip): Promise<string[]> {
  assertAble(job, pip)
  const { spec, source, generation } = job
  const { lock, project } = source
  return pipInstall(spec, pip.version, {
    report: generation.report,
    requirements: await writeRequirements(job),
    constraints: await writeConstraints(job),
    // By pip itself, not by `ensurepip`, which Debian leaves out.
    packages: spec.withPip ? [pip.place.endsWith('.whl') ? pip.place : 'pip'] : [],
    lock: lock?.kind === 'pylock' ? lock.path : undefined,
    project: project && { mode: project.mode, target: projectTarget(project) },
  })
}

/** @throws SpecError (LOCKFILE_NEEDS_UV, SPEC_INVALID) for what only a newer pip can do */
function assertAble({ spec, source: { lock }, reporter: { phase } }: BuildJob, { version }: Pip): void {
  if (lock?.kind === 'pylock' && !canReadPylock(version)) {
    const message = `${lock.path} is read by uv, or by a pip from 26.1 on, and this pip is ${version}`
    throw new SpecError('LOCKFILE_NEEDS_UV', message, {
      hint: "install uv (pip install uv), or allow downloads: 'missing'",
      facts: { path: lock.path, pip: version },
      phase,
    })
  }
  if (spec.excludeNewer !== undefined && !hasUploadedPriorTo(version)) {
    throw new SpecError('SPEC_INVALID', `excludeNewer needs uv, or a pip from 26.0 on, and this pip is ${version}`, {
      hint: 'install uv, or leave excludeNewer out',
      facts: { pip: version },
      phase,
    })
  }
}

function basePython({ python }: BuildJob): FoundPython {
  if (!python) throw new Error('a build by pip has a Python')
  return python
}

async function readPlan({ generation }: BuildJob, pip: Pip): Promise<InstalledPackage[] | undefined> {
  return hasReport(pip.version) ? parsePipReport(await tryReadJson(generation.report)) : undefined
}
