/**
 * uv: as an installer into a virtual environment that it makes (`uv pip`), and as the one who knows a project's lock file
 * (`uv sync`). Its cache is on the disk of the environments, so that what two of them share takes its space once.
 */
import { join } from 'node:path'
import { SpecError } from '../errors.js'
import { VENV_PYTHON } from '../layout.js'
import { isEmpty } from '../source.js'
import type { Backend, BuildJob, BuildResult } from './backend.js'
import { projectTarget, runStep, type Step, writeConstraints, writeRequirements } from './steps.js'
import { uvExportScript, uvPipInstall, uvSync, uvVenv } from './uv-commands.js'
import { UvOutput } from './uv-output.js'

export const uvPip: Backend = {
  name: 'uv-pip',
  async build(job) {
    job.reporter.enter('create')
    await runUv(job, { args: uvVenv(job.spec, basePython(job), job.generation.prefix) })
    if (isEmpty(job.source) && !job.spec.withPip) {
      for (const phase of ['resolve', 'download', 'build', 'install'] as const)
        job.reporter.skip(phase, 'no requirements')
      return resultOf(job)
    }
    job.reporter.enter('resolve')
    await install(job)
    return resultOf(job)
  },
}

export const uvSyncProject: Backend = {
  name: 'uv-sync',
  async build(job) {
    const { spec, source, generation, reporter } = job
    assertExpressible(job)
    const cwd = source.lock?.folder ?? job.workingFolder
    reporter.enter('create')
    // In the project's own folder it may be there: uv makes it, or makes it anew, as it needs it.
    const isOurs = spec.place === 'home'
    if (isOurs) await runUv(job, { args: uvVenv(spec, basePython(job), generation.prefix), cwd })
    reporter.enter('resolve')
    const { extras, groups, project } = source.key
    const python = isOurs ? join(generation.prefix, VENV_PYTHON) : basePython(job)
    const args = uvSync(spec, { python, extras, groups, project })
    const env = { UV_PROJECT_ENVIRONMENT: generation.prefix }
    // uv's lock of a project lies there: it keeps us and whoever works in the project from building in its folder at the same time.
    await runUv(job, { args, cwd, env, sharesTemporary: true })
    if (spec.withPip) await addPip(job)
    return resultOf(job)
  },
}

/** `uv sync` can forbid building one or all, and cannot forbid all but some. */
function assertExpressible({ spec, source, reporter }: BuildJob): void {
  if (typeof spec.build === 'string') return
  throw new SpecError('SPEC_INVALID', `build is a list, which uv cannot do with ${source.lock?.path}`, {
    hint: "use 'allow' or 'deny'; which packages have wheels is known when the project is locked",
    facts: { option: 'build' },
    phase: reporter.phase,
  })
}

/** What is locked is there; this comes beside it. */
async function addPip(job: BuildJob): Promise<void> {
  const python = join(job.generation.prefix, VENV_PYTHON)
  const args = uvPipInstall(job.spec, {
    python,
    requirements: [],
    constraints: [],
    editable: undefined,
    packages: ['pip'],
  })
  await runUv(job, { args })
}

async function install(job: BuildJob): Promise<void> {
  const { spec, source, generation } = job
  const requirements = await filesOf(job)
  const constraints = await writeConstraints(job)
  const { project } = source
  const args = uvPipInstall(spec, {
    python: join(generation.prefix, VENV_PYTHON),
    requirements,
    constraints,
    editable: project?.mode === 'editable' ? projectTarget(project) : undefined,
    packages: [...(project?.mode === 'wheel' ? [projectTarget(project)] : []), ...(spec.withPip ? ['pip'] : [])],
  })
  await runUv(job, { args })
}

/** A script's lock file is read by uv alone: it tells what is in it as requirements with hashes. */
async function filesOf(job: BuildJob): Promise<string[]> {
  const { lock } = job.source
  if (lock?.kind === 'pylock') return [lock.path]
  if (lock?.kind !== 'script') return await writeRequirements(job)
  const output = job.generation.requirements
  const script = lock.path.slice(0, -'.lock'.length)
  await runUv(job, { args: uvExportScript(job.spec, { script, output }), onLine: () => 'keep' })
  return [output]
}

async function runUv(job: BuildJob, step: Omit<Step, 'file' | 'hasLifeline'>): Promise<void> {
  const output = new UvOutput(job)
  try {
    const onLine: Step['onLine'] = (stream, line) => output.read(stream, line)
    await runStep(job, { file: toolOf(job).path, hasLifeline: false, onLine, ...step })
  } finally {
    output.close()
  }
}

function resultOf(job: BuildJob): BuildResult {
  return {
    tools: { uv: toolOf(job).version },
    plan: undefined,
    python: VENV_PYTHON,
    sysPrefix: '',
    activation: null,
  }
}

function toolOf({ tool }: BuildJob) {
  if (!tool) throw new Error('a build by uv has a uv')
  return tool
}

function basePython({ python }: BuildJob): string {
  if (!python) throw new Error('a build by uv has a Python')
  return python.base.path
}
