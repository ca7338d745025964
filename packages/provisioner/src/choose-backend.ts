/** Who makes the environment: by what is asked for, what the source needs, and what is there. */
import type { Backend } from './backends/backend.js'
import { venvPip } from './backends/venv-pip.js'
import type { DeferredProbes } from './probes.js'
import type { ProvisionRequest } from './provision.js'
import type { Source } from './source.js'
import type { FoundTool } from './tools/tool.js'

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

/** @throws SpecError, ToolError */
export async function chooseBackend(source: Source, _request: ChoiceRequest): Promise<Choice> {
  return { backend: venvPip, tool: undefined, source }
}
