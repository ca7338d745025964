/**
 * Environments in a project's own folder, `.venv` or `.pixi/envs/<name>`, where its developers have theirs: made by its tool, under
 * the tool's own lock, and theirs to change. So what is published stays as it is does not hold here, and nothing of it is ever
 * collected. The stamp lies in the environment itself: a tool that makes it anew takes the stamp away.
 */
import { dirname, join } from 'node:path'
import type { Backend, BuildJob } from './backends/backend.js'
import { SpecError } from './errors.js'
import type { Key, KeyDocument } from './key.js'
import type { GenerationLayout } from './layout.js'
import { compareDocuments, type Miss } from './miss.js'
import type { Source } from './source.js'
import { makeStamp, readStampAt, type Stamp, writeStamp } from './stamp.js'
import { verify } from './verify.js'

/** What stands for a generation's name. */
const GENERATION = 'in-place'

/**
 * The folder that the tool of the project keeps its environment in.
 *
 * @throws SpecError (SPEC_INVALID) for a project without a tool that has one
 */
export function inPlacePrefix({ lock, pixi, key }: Source): string {
  if (pixi) return join(dirname(pixi.manifest), '.pixi', 'envs', pixi.environment)
  // A workspace has one, at its root, where its lock file is.
  if (lock?.kind === 'uv') return join(dirname(lock.path), '.venv')
  throw new SpecError(
    'SPEC_INVALID',
    `place is 'project', which a project with uv.lock or a pixi project has, not one of kind ${key.kind}`,
    {
      hint: 'lock the project with uv, or leave place out: then the environment is kept in the home',
      facts: { option: 'place', kind: key.kind },
    },
  )
}

/** The stamp that lies in the environment, when it is of this key and the environment is there. */
export function readInPlace(prefix: string, { digest }: Key): Stamp | undefined {
  const stamp = readStampAt(layoutOf(prefix))
  return stamp?.digest === digest ? stamp : undefined
}

/** Why it has to be made, or brought up to date. */
export function explainInPlace(prefix: string, document: KeyDocument, isRefresh: boolean): Miss {
  const stamp = readStampAt(layoutOf(prefix))
  if (!stamp) return { reason: 'absent', changed: [] }
  return isRefresh ? { reason: 'refresh', changed: [] } : compareDocuments(stamp.document, document)
}

export interface InPlaceRequest extends Omit<BuildJob, 'generation' | 'home' | 'temporary'> {
  backend: Backend
  home: string | undefined
  prefix: string
  key: Key
  document: KeyDocument
}

/** Have the tool make it or bring it up to date. @throws ProvisionError; what is there is the tool's to mend then */
export async function buildInPlace(request: InPlaceRequest): Promise<Stamp> {
  const { backend, reporter, prefix } = request
  const generation = layoutOf(prefix)
  // As when a person calls the tool: its locks may lie among its temporary files, uv's does.
  const job: BuildJob = { ...request, generation, temporary: {} }
  const built = await backend.build(job)
  reporter.enter('verify')
  const verified = await verify(job, built)
  reporter.enter('publish')
  const stamp = makeStamp({ ...request, generation, built, verified })
  await writeStamp(generation, stamp)
  return stamp
}

function layoutOf(prefix: string): GenerationLayout {
  const beside = (name: string) => join(prefix, `.pyferry-${name}`)
  return {
    gen: GENERATION,
    prefix,
    stamp: beside('stamp.json'),
    building: beside('building.json'),
    requirements: beside('requirements.txt'),
    constraints: beside('constraints.txt'),
    report: beside('report.json'),
    doomed: beside('doomed'),
  }
}
