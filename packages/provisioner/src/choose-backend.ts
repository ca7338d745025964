/** Who makes the environment: by what is asked for, what the source needs, and what is there. */
import type { Backend } from './backends/backend.js'
import { pixi } from './backends/pixi-backend.js'
import { uvPip, uvSyncProject } from './backends/uv.js'
import { venvPip } from './backends/venv-pip.js'
import { installerEnvironment } from './child-environment.js'
import { fetchMissingUv, mayDownload } from './downloads.js'
import { SpecError, ToolError } from './errors.js'
import type { DeferredProbes } from './probes.js'
import type { ProvisionRequest } from './provision.js'
import type { Source } from './source.js'
import { type FoundTool, findTool } from './tools/tool.js'
import { isPipAloneConfigured } from './uv-settings.js'

export interface Choice {
  backend: Backend
  tool: FoundTool | undefined
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
 * @throws SpecError (LOCKFILE_NEEDS_UV)
 * @throws ToolError: the tool that is needed, or was named, cannot be used
 */
export async function chooseBackend(source: Source, request: ChoiceRequest): Promise<Choice> {
  const { spec, reporter } = request
  if (source.pixi) return { backend: pixi, tool: await obtainPixi(request), source }
  const needsUv = source.lock?.kind === 'uv' || source.lock?.kind === 'script'
  // A pylock.toml is read by the newest pips as well; most bases have an older one.
  const isNeeded = needsUv || source.lock?.kind === 'pylock' || spec.backend === 'uv'
  const uv = await obtainUv(request, { isNeeded })
  if (uv) return { backend: source.lock?.kind === 'uv' ? uvSyncProject : uvPip, tool: uv, source }
  if (!needsUv) return { backend: venvPip, tool: undefined, source }
  const { lock, unlocked } = source
  if (spec.lockPolicy === 'require' || !unlocked || !lock) {
    const path = lock?.path
    throw new SpecError('LOCKFILE_NEEDS_UV', `${path} is read by uv alone, and there is none`, { facts: { path } })
  }
  reporter.warning(
    'lock-ignored',
    `${lock.path} is read by uv alone, and there is none: its project's dependencies are taken`,
  )
  return { backend: venvPip, tool: undefined, source: unlocked }
}

async function obtainPixi({ tools, env, place, reporter, signal, probes }: ChoiceRequest): Promise<FoundTool> {
  reporter.enter('find-tool', 'pixi')
  const found = await findTool('pixi', { explicit: tools.pixiPath, home: place.home?.home, env, signal, probes })
  if (found) return found
  throw new ToolError('TOOL_NOT_FOUND', 'there is no pixi on PATH or where its installer puts it', {
    hint: 'install pixi (https://pixi.sh), or name its path',
    facts: { kind: 'pixi' },
  })
}

/** @returns `undefined` when pip is to do it */
async function obtainUv(request: ChoiceRequest, { isNeeded }: { isNeeded: boolean }): Promise<FoundTool | undefined> {
  const { spec, tools, env, place, reporter, signal, probes } = request
  if (spec.backend === 'venv-pip') return undefined
  reporter.enter('find-tool', 'uv')
  const isFree = spec.backend === 'auto' && !isNeeded && spec.index === undefined
  if (isFree && isPipAloneConfigured(installerEnvironment(env, spec.ambient))) {
    reporter.warning(
      'uv-not-used',
      "a configuration file of pip's says where packages come from, which uv does not read",
    )
    return undefined
  }
  const isNamed = tools.uvPath !== undefined || env.PYFERRY_UV !== undefined
  try {
    const options = { explicit: tools.uvPath, home: place.home?.home, env, signal, probes }
    const found = await findTool('uv', options)
    if (found) return found
  } catch (error) {
    if (isNamed || !(error instanceof ToolError)) throw error
    if (spec.backend === 'uv' && !mayDownload(spec, env)) throw error
    reporter.warning('uv-not-used', error.message)
  }
  if (isNeeded && mayDownload(spec, env)) return await fetchMissingUv(request)
  if (spec.backend !== 'uv') return undefined
  throw new ToolError('TOOL_NOT_FOUND', 'backend is uv, and there is no uv on PATH or where its installer puts it', {
    facts: { kind: 'uv' },
  })
}
