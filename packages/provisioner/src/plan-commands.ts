/** The commands of a build, made by the same functions that make them when they are run. */
import { join } from 'node:path'
import { DEBIAN_WHEELS, findPip } from './backends/pip.js'
import { pipInstall, venvCreate } from './backends/pip-commands.js'
import { pixiInstall } from './backends/pixi-commands.js'
import { projectTarget } from './backends/steps.js'
import { uvPipInstall, uvSync, uvVenv } from './backends/uv-commands.js'
import { generationLayout, VENV_PYTHON } from './layout.js'
import type { ProvisionRequest, Wanted } from './provision.js'
import { formatCommand } from './run.js'
import { isEmpty } from './source.js'

/** In order, as lines for people. A script's lock file is read by one more command, which `uv pip` takes its answer from. */
export async function listPlannedCommands(request: ProvisionRequest, wanted: Wanted): Promise<string[]> {
  const { choice, redact } = wanted
  const lists = { 'venv-pip': listPip, 'uv-pip': listUvPip, 'uv-sync': listUvSync, pixi: listPixi }
  const commands = await lists[choice.backend.name](request, wanted)
  return commands.map(([file = '', ...args]) =>
    formatCommand({ file, args, env: {}, cwd: '', hasLifeline: false }, redact),
  )
}

type Commands = string[][]

function placeOf({ place }: ProvisionRequest, { key, source, inPlace }: Wanted) {
  const generation = generationLayout(place.keyFolder(key.id), '<generation>')
  const { requirements, constraints, report } = generation
  const prefix = inPlace ?? generation.prefix
  const files = [...(source.requirements.length > 0 ? [requirements] : []), ...source.requirementsFiles]
  return { prefix, python: join(prefix, VENV_PYTHON), files, constraints, report }
}

async function listPip(request: ProvisionRequest, wanted: Wanted): Promise<Commands> {
  const { spec, reporter, signal } = request
  const { source, python, settings, redact } = wanted
  if (!python) return []
  const { prefix, python: own, files, constraints, report } = placeOf(request, wanted)
  const create = [python.base.path, '-I', '-S', '-m', 'venv', ...venvCreate(spec, prefix)]
  if (isEmpty(source) && !spec.withPip) return [create]
  const pip = await findPip({ python, env: settings.env, reporter, signal, redact }, DEBIAN_WHEELS)
  const { lock, project } = source
  const args = pipInstall(spec, pip.version, {
    report,
    requirements: files,
    constraints: spec.constraints.length > 0 ? [constraints] : [],
    packages: spec.withPip ? [pip.place.endsWith('.whl') ? pip.place : 'pip'] : [],
    lock: lock?.kind === 'pylock' ? lock.path : undefined,
    project: project && { mode: project.mode, target: projectTarget(project) },
  })
  return [create, [own, '-I', join(pip.place, 'pip'), ...args]]
}

async function listUvPip(request: ProvisionRequest, wanted: Wanted): Promise<Commands> {
  const { spec } = request
  const { source, python, choice } = wanted
  if (!python || !choice.tool) return []
  const { prefix, python: own, files, constraints } = placeOf(request, wanted)
  const create = [choice.tool.path, ...uvVenv(spec, python.base.path, prefix)]
  if (isEmpty(source) && !spec.withPip) return [create]
  const { lock, project } = source
  const args = uvPipInstall(spec, {
    python: own,
    requirements: lock?.kind === 'pylock' ? [lock.path] : files,
    constraints: spec.constraints.length > 0 ? [constraints] : [],
    editable: project?.mode === 'editable' ? projectTarget(project) : undefined,
    packages: [...(project?.mode === 'wheel' ? [projectTarget(project)] : []), ...(spec.withPip ? ['pip'] : [])],
  })
  return [create, [choice.tool.path, ...args]]
}

async function listUvSync(request: ProvisionRequest, wanted: Wanted): Promise<Commands> {
  const { spec } = request
  const { source, python, choice, inPlace } = wanted
  if (!python || !choice.tool) return []
  const { prefix, python: own } = placeOf(request, wanted)
  const { extras, groups, project } = source.key
  const interpreter = inPlace === undefined ? own : python.base.path
  const sync = [choice.tool.path, ...uvSync(spec, { python: interpreter, extras, groups, project })]
  return inPlace === undefined ? [[choice.tool.path, ...uvVenv(spec, python.base.path, prefix)], sync] : [sync]
}

async function listPixi(request: ProvisionRequest, wanted: Wanted): Promise<Commands> {
  const { spec } = request
  const { source, choice, inPlace } = wanted
  if (!choice.tool || !source.pixi) return []
  const { manifest: own, environment, lock } = source.pixi
  const manifest = inPlace === undefined ? join(placeOf(request, wanted).prefix, 'pixi.toml') : own
  const lockMode = lock === undefined ? 'update' : spec.lockMode
  return [[choice.tool.path, ...pixiInstall({ manifest, environment, lockMode, offline: spec.offline })]]
}
