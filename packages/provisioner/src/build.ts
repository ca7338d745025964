/**
 * A new generation, from nothing to published. Whatever interrupts it, and wherever, the one before stays what it was until
 * `current.json` names the new one.
 */
import type { BuildJob } from './backends/backend.js'
import { venvPip } from './backends/venv-pip.js'
import { sweepBaseDir } from './base-dir.js'
import { errnoOf, explainSystemError, removeTree, writeWhole } from './files.js'
import type { Key, KeyDocument } from './key.js'
import { generationLayout, type Layout, newGeneration, SCHEMA } from './layout.js'
import { publish, type Stamp, writeStamp } from './stamp.js'
import { verify } from './verify.js'

export interface BuildRequest extends Omit<BuildJob, 'generation'> {
  layout: Layout
  key: Key
  document: KeyDocument
}

/**
 * Build and publish, then remove the generation before. Only for the owner of the folder.
 *
 * @throws ProvisionError; nothing of the new generation is left then, as far as the disk allows
 */
export async function build(request: BuildRequest): Promise<Stamp> {
  const { layout, reporter } = request
  const generation = generationLayout(layout, newGeneration())
  const job: BuildJob = { ...request, generation }
  try {
    await writeWhole(generation.building, `${JSON.stringify({ pid: process.pid, since: new Date().toISOString() })}\n`)
    const { tools, plan } = await venvPip.build(job)
    reporter.enter('verify')
    const packages = await verify(job, plan)
    reporter.enter('publish')
    const stamp: Stamp = {
      schema: SCHEMA,
      ...request.key,
      gen: generation.gen,
      prefix: generation.prefix,
      backend: venvPip.name,
      tools,
      asked: request.spec.python,
      python: request.python,
      document: request.document,
      packages,
      phasesMs: reporter.phasesMs,
      createdAt: new Date().toISOString(),
    }
    request.signal.throwIfAborted()
    await writeStamp(generation, stamp)
    await publish(layout, stamp)
    await sweepOthers(request)
    return stamp
  } catch (error) {
    const { prefix, building, requirements, report } = generation
    await removeUnfinished([prefix, requirements, report, building], reporter)
    throw explainSystemError(error, layout.baseDir) ?? error
  }
}

/** The new one is published: what cannot be removed now goes with the next build, and is no failure of this one. */
async function sweepOthers({ layout, reporter }: BuildRequest): Promise<void> {
  try {
    await sweepBaseDir(layout)
  } catch (error) {
    reporter.warning('left-over', `an older environment in ${layout.envDir} could not be removed: ${errnoOf(error)}`)
  }
}

async function removeUnfinished(paths: readonly string[], reporter: BuildJob['reporter']): Promise<void> {
  for (const path of paths) {
    try {
      await removeTree(path)
    } catch (error) {
      reporter.warning('left-over', `${path} could not be removed: ${errnoOf(error)}`)
    }
  }
}
