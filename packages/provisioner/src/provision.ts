/**
 * From what was asked to an environment that is there: known again, or built.
 *
 *     resolve-source → find-python → key → hit
 *                                        → create → resolve → download → build → install → verify → publish
 */
import { findBaseDir, prepareBaseDir } from './base-dir.js'
import { build } from './build.js'
import { currentFolder, installerEnvironment, type Variables } from './child-environment.js'
import { makeDocument, readSource, workingFolderOf } from './document.js'
import type { MissReason, Reporter } from './events.js'
import { explainSystemError } from './files.js'
import { type FoundPython, findPython, tryRecall } from './find-python.js'
import { computeKey, type Key, type KeyDocument, listChangedFields } from './key.js'
import { type Layout, layoutOf } from './layout.js'
import { claimBaseDir, isOwnedHere } from './owner.js'
import { makeRedactor } from './redact.js'
import type { ResolvedSpec } from './spec.js'
import { type Published, readPublished, type Stamp, writeStamp } from './stamp.js'

export interface ProvisionRequest {
  baseDir: string
  spec: ResolvedSpec
  /** The host's variables. */
  env: Variables
  reporter: Reporter
  signal: AbortSignal
}

export interface Provisioned {
  stamp: Stamp
  layout: Layout
  isHit: boolean
}

/** @throws ProvisionError, among them the signal's reason */
export async function provision(request: ProvisionRequest): Promise<Provisioned> {
  request.signal.throwIfAborted()
  const layout = await findBaseDir(request.baseDir)
  const wanted = await resolve(request, await readPublished(layout))
  const hit = await tryHit(request, wanted)
  if (hit) return { stamp: hit, layout, isHit: true }
  // Prepared anew: somebody may have emptied the folder since it was claimed.
  if (isOwnedHere(layout.baseDir)) return await buildMissing(request, wanted, await prepareBaseDir(request.baseDir))
  const claim = await claimBaseDir(request.baseDir)
  try {
    const owned = layoutOf(claim.baseDir)
    // Somebody else may have built it in the meantime.
    const again = { ...wanted, published: await readPublished(owned) }
    const late = await tryHit(request, again)
    return late ? { stamp: late, layout: owned, isHit: true } : await buildMissing(request, again, owned)
  } finally {
    await claim.release()
  }
}

interface Wanted {
  published: Published
  python: FoundPython
  document: KeyDocument
  key: Key
  workingFolder: string
}

async function resolve(request: ProvisionRequest, published: Published): Promise<Wanted> {
  const { spec, env, reporter, signal } = request
  reporter.enter('resolve-source')
  const workingFolder = workingFolderOf(spec, currentFolder())
  const source = await readSource(spec, installerEnvironment(env), workingFolder)
  signal.throwIfAborted()
  reporter.enter('find-python', spec.python)
  const known = 'stamp' in published && published.stamp.asked === spec.python ? published.stamp.python : undefined
  const recalled = known && (await tryRecall(spec.python, known, env))
  const python = recalled ?? (await findPython(spec.python, { env, signal }))
  reporter.enter('key')
  const document = makeDocument(source, python.info)
  const key = computeKey(document)
  reporter.id = key.id
  signal.throwIfAborted()
  return { published, python, document, key, workingFolder }
}

/** The published environment, when it is the one that is wanted. Reads nothing more, writes nothing but what is to be known of a base that was replaced by its equal. */
async function tryHit({ reporter }: ProvisionRequest, { published, python, key }: Wanted): Promise<Stamp | undefined> {
  if (!('stamp' in published) || published.stamp.digest !== key.digest) return undefined
  const { stamp, generation } = published
  reporter.enter('hit', stamp.gen)
  if (JSON.stringify(stamp.python) !== JSON.stringify(python)) {
    try {
      await writeStamp(generation, { ...stamp, python })
    } catch (error) {
      // A folder for reading only: it is asked anew each time, and works.
      if (!explainSystemError(error, generation.stamp)) throw error
    }
  }
  return stamp
}

async function buildMissing(request: ProvisionRequest, wanted: Wanted, layout: Layout): Promise<Provisioned> {
  const { spec, env, reporter, signal } = request
  const { published, python, document, key, workingFolder } = wanted
  const { reason, changed } = explainMiss(published, document)
  reporter.miss(reason, changed)
  const stamp = await build({
    layout,
    spec,
    python,
    document,
    key,
    env: installerEnvironment(env),
    workingFolder,
    reporter,
    signal,
    redact: makeRedactor(env),
  })
  return { stamp, layout, isHit: false }
}

function explainMiss(published: Published, document: KeyDocument): { reason: MissReason; changed: string[] } {
  if ('reason' in published) return { reason: published.reason, changed: [] }
  const changed = listChangedFields(published.stamp.document, document)
  const isPythonAlone = changed.every((field) => /^(?:python|platform)\./.test(field))
  return { reason: isPythonAlone ? 'python-changed' : 'input-changed', changed }
}
