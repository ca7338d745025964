/** Why something has to be built: which input is another than before. */
import { join } from 'node:path'
import type { MissReason } from './events.js'
import { listNames, tryReadJson } from './files.js'
import { type KeyDocument, listChangedFields } from './key.js'
import { isEnvironmentId } from './layout.js'
import type { Place } from './place.js'
import { readPublished } from './stamp.js'

export interface Miss {
  reason: MissReason
  /** Paths of fields of the key's document: `source.packages`. */
  changed: string[]
  /** The environment that it is compared with, when that is another. */
  comparedWith?: string
}

/**
 * Explain a miss. In a private folder the environment before tells. A home has one for each question: there the nearest of the same
 * kind does, which is the one that differs in the fewest fields.
 */
export async function explainMiss(
  place: Place,
  { key, document }: { key: { id: string; digest: string }; document: KeyDocument },
  isRefresh = false,
): Promise<Miss> {
  const published = readPublished(place.keyFolder(key.id))
  if ('stamp' in published && published.stamp.digest === key.digest) {
    // There, and not taken: by wish, or because its files are not what was installed.
    return { reason: isRefresh ? 'refresh' : 'stamp-invalid', changed: [] }
  }
  if ('stamp' in published) return compareDocuments(published.stamp.document, document)
  if (published.reason !== 'absent' || !place.home) return { reason: published.reason, changed: [] }
  const nearest = await findNearest(place.home.environmentsDir, key.id, document)
  if (!nearest) return { reason: 'absent', changed: [] }
  return { ...reasonOf(nearest.changed), comparedWith: nearest.id }
}

/** The miss of one document where there is another. */
export function compareDocuments(before: KeyDocument, document: KeyDocument): Miss {
  return reasonOf(listChangedFields(before, document))
}

function reasonOf(changed: string[]): Miss {
  const isPythonAlone = changed.length > 0 && changed.every((field) => /^(?:python|platform)\b/.test(field))
  return { reason: isPythonAlone ? 'python-changed' : 'input-changed', changed }
}

/** More would be another question rather than a change of the same. */
const MOST_CHANGED = 3

/** The environment of the same kind that differs in the fewest fields. */
export async function findNearest(
  environmentsDir: string,
  ownId: string,
  document: KeyDocument,
): Promise<{ id: string; changed: string[] } | undefined> {
  let nearest: { id: string; changed: string[] } | undefined
  for (const id of await listNames(environmentsDir)) {
    if (!isEnvironmentId(id) || id === ownId) continue
    const other = (await tryReadJson(join(environmentsDir, id, 'spec.json'))) as KeyDocument | undefined
    if (!isAkin(other, document)) continue
    const changed = listChangedFields(other, document)
    if (changed.length === 0 || changed.length > MOST_CHANGED) continue
    if (!nearest || changed.length < nearest.changed.length) nearest = { id, changed }
  }
  return nearest
}

/** Of the same kind, and with something in common: packages or files. */
function isAkin(other: KeyDocument | undefined, { source }: KeyDocument): other is KeyDocument {
  if (other?.schema !== 1 || other.source?.kind !== source.kind) return false
  const names = (packages: readonly string[]) => new Set(packages.map((each) => /^[A-Za-z0-9._-]+/.exec(each)?.[0]))
  const ours = names(source.packages)
  const files = new Set(source.files.map(({ sha256 }) => sha256))
  return (
    source.kind === 'none' ||
    [...names(other.source.packages)].some((name) => ours.has(name)) ||
    other.source.files.some(({ sha256 }) => files.has(sha256))
  )
}
