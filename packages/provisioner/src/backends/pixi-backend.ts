/** pixi as one of the ways to make an environment: a job of ours is told in pixi's terms, and what it made in ours. */
import { relative } from 'node:path'
import type { Backend, BuildJob, BuildResult } from './backend.js'
import { buildInPlace, buildManaged, type PixiJob, type PixiResult } from './pixi.js'

export const pixi: Backend = {
  name: 'pixi',
  async build(job) {
    const pixiJob = pixiJobOf(job)
    return describe(job, await (job.spec.place === 'project' ? buildInPlace(pixiJob) : buildManaged(pixiJob)))
  },
}

function pixiJobOf(job: BuildJob): PixiJob {
  const { spec, source, tool, launcher, generation, env, temporary, reporter, signal, redact } = job
  if (!source.pixi || !tool) throw new Error('a build by pixi has a manifest and a pixi')
  return {
    source: { kind: 'pixi', ...source.pixi },
    tool,
    launcher,
    prefix: generation.prefix,
    lockMode: spec.lockMode,
    offline: spec.offline,
    env,
    temporary,
    reporter,
    signal,
    redact,
  }
}

function describe({ generation }: BuildJob, { tools, python, prefix, packages, activation }: PixiResult): BuildResult {
  return {
    tools,
    plan: packages,
    python: relative(generation.prefix, python),
    sysPrefix: relative(generation.prefix, prefix),
    activation,
  }
}
