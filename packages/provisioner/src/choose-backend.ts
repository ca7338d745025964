/** Who makes the environment: by what is asked for, what the source needs, and what is there. */
import type { Backend } from './backends/backend.js'
import { pixi } from './backends/pixi-backend.js'
import { uvPip, uvSyncProject } from './backends/uv.js'
import { venvPip } from './backends/venv-pip.js'
import { installerEnvironment } from './child-environment.js'
import { fetchMissingUv, mayDownload } from './downloads.js'
import { type ProvisionError, SpecError, ToolError } from './errors.js'
import type { DeferredProbes } from './probes.js'
import type { ProvisionRequest } from './provision.js'
import type { Source } from './source.js'
import { type FoundTool, findTool } from './tools/tool.js'
import { isPipAloneConfigured } from './uv-settings.js'

export interface Choice extends Answer {
  tool: FoundTool | undefined
  /** Why it cannot be made here; when it is there already, nobody has to know. */
  missing?: ProvisionError
  /** Other answers to the same question: made where there was a uv, they are as good where there is none. */
  orKnown?: readonly Answer[]
  /** That a lock file is left out, in words: told when no such answer is there. */
  ignoredLock?: string
}

export interface Answer {
  backend: Backend
  /** As the backend takes it: a lock file that it cannot read is left out. */
  source: Source
}

export type ChoiceRequest = Pick<ProvisionRequest, 'spec' | 'tools' | 'env' | 'reporter' | 'signal' | 'place'> & {
  probes: DeferredProbes
  redact: (text: string) => string
}

/**
 * Choose. A lock file is for uv (`uv.lock`, a script's) or whoever reads it; everything else uv takes where it is to be had, and pip
 * where it is not.
 *
 * @throws ToolError: a tool that was named cannot be used
 * @throws SpecError (LOCKFILE_NEEDS_UV) when the backend that was named cannot read it
 */
export async function chooseBackend(source: Source, request: ChoiceRequest): Promise<Choice> {
  const { spec } = request
  if (source.pixi) return await choosePixi(source, request)
  const needsUv = source.lock?.kind === 'uv' || source.lock?.kind === 'script'
  // A pylock.toml is read by the newest pips as well; most bases have an older one.
  const isNeeded = needsUv || source.lock?.kind === 'pylock' || spec.backend === 'uv'
  const byUv: Answer = { backend: source.lock?.kind === 'uv' ? uvSyncProject : uvPip, source }
  const uv = await obtainUv(request, { isNeeded })
  if (uv.tool) return { ...byUv, tool: uv.tool }
  if (spec.backend === 'uv') return { ...byUv, tool: undefined, missing: noUv() }
  const orKnown = uv.isPassedOver ? [] : [byUv]
  if (!needsUv) return { backend: venvPip, source, tool: undefined, orKnown }
  const { lock } = source
  const unlocked = await source.unlocked?.()
  const path = lock?.path
  if (spec.lockPolicy === 'require' || !unlocked) {
    const message = `${path} is read by uv alone, and there is none`
    const missing = new SpecError('LOCKFILE_NEEDS_UV', message, { facts: { path } })
    if (uv.isPassedOver) throw missing
    return { ...byUv, tool: undefined, missing }
  }
  const ignoredLock = `${path} is read by uv alone, and there is none: its project's dependencies are taken`
  return { backend: venvPip, source: unlocked, tool: undefined, orKnown, ignoredLock }
}

async function choosePixi(source: Source, request: ChoiceRequest): Promise<Choice> {
  const { tools, env, place, reporter, signal, probes } = request
  reporter.enter('find-tool', 'pixi')
  const tool = await findTool('pixi', { explicit: tools.pixiPath, home: place.home?.home, env, signal, probes })
  if (tool) return { backend: pixi, source, tool }
  const missing = new ToolError('TOOL_NOT_FOUND', 'there is no pixi on PATH or where its installer puts it', {
    hint: 'install pixi (https://pixi.sh), or name its path',
    facts: { kind: 'pixi' },
  })
  return { backend: pixi, source, tool, missing }
}

function noUv(): ToolError {
  return new ToolError('TOOL_NOT_FOUND', 'backend is uv, and there is no uv on PATH or where its installer puts it', {
    facts: { kind: 'uv' },
  })
}

interface ObtainedUv {
  tool?: FoundTool
  /** There may be one; it is not wanted. */
  isPassedOver?: boolean
}

async function obtainUv(request: ChoiceRequest, { isNeeded }: { isNeeded: boolean }): Promise<ObtainedUv> {
  const { spec, tools, env, place, reporter, signal, probes } = request
  if (spec.backend === 'venv-pip') return { isPassedOver: true }
  reporter.enter('find-tool', 'uv')
  const isFree = spec.backend === 'auto' && !isNeeded && spec.index === undefined
  if (isFree && isPipAloneConfigured(installerEnvironment(env, spec.ambient))) {
    reporter.warning(
      'uv-not-used',
      "a configuration file of pip's says where packages come from, which uv does not read",
    )
    return { isPassedOver: true }
  }
  const isNamed = tools.uvPath !== undefined || env.PYFERRY_UV !== undefined
  try {
    const options = { explicit: tools.uvPath, home: place.home?.home, env, signal, probes }
    const found = await findTool('uv', options)
    if (found) return { tool: found }
  } catch (error) {
    if (isNamed || !(error instanceof ToolError)) throw error
    if (spec.backend === 'uv' && !mayDownload(spec, env)) throw error
    reporter.warning('uv-not-used', error.message)
  }
  return isNeeded && mayDownload(spec, env) ? { tool: await fetchMissingUv(request) } : {}
}
