/** Which inputs make an environment another one than its neighbours, with their values (I7). */
import { SpecError } from './errors.js'
import type { MissReason } from './events.js'
import { readFound } from './inventory.js'
import { type KeyDocument, listChangedFields } from './key.js'
import { findNearest, type Miss } from './miss.js'
import { type HomePlace, isHome } from './place.js'
import { missOf, type ProvisionRequest, resolveWanted } from './provision.js'
import { readPublished } from './stamp.js'

export interface Why {
  id: string
  /** Why it would be built now; `null` when it is there. */
  reason: MissReason | null
  /** The environment that is compared; `null` when there is none of the same kind. */
  comparedWith: string | null
  changes: { field: string; before: unknown; after: unknown }[]
}

/** Of an environment that is there: how it differs from the nearest one. @throws SpecError (SOURCE_MISSING) for an unknown id */
export async function whyId(place: HomePlace, id: string): Promise<Why> {
  const { document, current } = await readFound(place, id, Date.now())
  if (!document) {
    throw new SpecError('SOURCE_MISSING', `there is no environment ${id} in ${place.path}`, {
      hint: 'list() tells those that are there',
      facts: { id, path: place.path },
    })
  }
  const nearest = await findNearest(place.home.environmentsDir, id, document)
  const published = readPublished(place.keyFolder(id))
  const reason = 'stamp' in published ? null : current ? published.reason : 'absent'
  return { id, reason, ...(await compareWith(place, nearest?.id, document)) }
}

/** Of a spec: what would be built, and what is another than before. @throws ProvisionError as `resolveWanted` */
export async function whySpec(request: ProvisionRequest): Promise<Why> {
  const wanted = await resolveWanted({ ...request, spec: { ...request.spec, downloads: 'never', lockMode: 'locked' } })
  const { place } = request
  const { key, document } = wanted
  const published = readPublished(place.keyFolder(key.id))
  if ('stamp' in published && published.stamp.digest === key.digest) {
    return { id: key.id, reason: null, comparedWith: null, changes: [] }
  }
  const miss: Miss = await missOf(request, wanted)
  const before = 'stamp' in published ? published.stamp.document : undefined
  if (before) return { id: key.id, reason: miss.reason, comparedWith: null, changes: listChanges(before, document) }
  const compared = isHome(place)
    ? await compareWith(place, miss.comparedWith, document)
    : { comparedWith: null, changes: [] }
  return { id: key.id, reason: miss.reason, ...compared }
}

async function compareWith(
  place: HomePlace,
  id: string | undefined,
  document: KeyDocument,
): Promise<Pick<Why, 'comparedWith' | 'changes'>> {
  const other = id === undefined ? undefined : (await readFound(place, id, Date.now())).document
  if (id === undefined || !other) return { comparedWith: null, changes: [] }
  return { comparedWith: id, changes: listChanges(other, document) }
}

function listChanges(before: KeyDocument, after: KeyDocument): Why['changes'] {
  return listChangedFields(before, after).map((field) => ({
    field,
    before: valueAt(before, field) ?? null,
    after: valueAt(after, field) ?? null,
  }))
}

function valueAt(document: unknown, field: string): unknown {
  return field
    .split('.')
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | null | undefined)?.[name], document)
}
