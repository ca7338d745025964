/** What builds that were killed left in a key folder: their generations have no stamp, and whoever began them is gone. */
import { join } from 'node:path'
import { removeTemporaryOf } from './build-temporary.js'
import { isTemporary, listNames, removeTree, timeOf, tryReadJson } from './files.js'
import { generationLayout, generationOf, type KeyFolder } from './layout.js'
import { isProcessIdentity, livenessOf } from './process-identity.js'

/** A temporary file is renamed within a moment. */
export const TEMPORARY_AGE_MS = 24 * 60 * 60 * 1000

/** What of another machine or container has not been heard of for so long is of the dead. */
const FOREIGN_BUILD_AGE_MS = 24 * 60 * 60 * 1000

/**
 * Remove the generations of a key folder that were begun and never finished. Whoever may still be building is left alone, and so
 * is everything that has a stamp.
 *
 * @param used generations that somebody has a lease on: one may have lost its stamp and still be run from
 */
export async function sweepKeyFolder(
  key: KeyFolder,
  { nowMs, used }: { nowMs: number; used: ReadonlySet<string> },
): Promise<void> {
  const names = await listNames(key.folder)
  const generations = new Set(names.flatMap((name) => generationOf(name) ?? []))
  for (const gen of generations) {
    if (used.has(gen)) continue
    if (await isUnfinished(key, gen, nowMs)) await removeGeneration(key, gen)
    else await removeTraces(key, gen)
  }
  for (const path of await listOldTemporaries(key.folder, nowMs)) await removeTree(path)
}

/** The paths of files in a folder that somebody was about to write when it was killed. */
export async function listOldTemporaries(folder: string, nowMs: number): Promise<string[]> {
  const old: string[] = []
  for (const name of (await listNames(folder)).filter(isTemporary)) {
    const path = join(folder, name)
    if (nowMs - ((await timeOf(path)) ?? nowMs) > TEMPORARY_AGE_MS) old.push(path)
  }
  return old
}

/** Killed after the stamp and before the end: the generation is whole, and what was beside it while it was built is not needed. */
async function removeTraces(key: KeyFolder, gen: string): Promise<void> {
  const generation = generationLayout(key, gen)
  const { stamp, building, requirements, constraints, report } = generation
  const owner = await tryReadJson(building)
  if ((await timeOf(stamp)) === undefined || !isProcessIdentity(owner) || livenessOf(owner) !== 'dead') return
  await removeTemporaryOf(generation)
  for (const path of [requirements, constraints, report, building]) await removeTree(path)
}

/**
 * Remove a generation and everything beside it. The stamp first: what is taken apart must not look whole to anybody. The mark of the
 * collector last: as long as anything is there, it is there.
 */
export async function removeGeneration(
  key: KeyFolder,
  gen: string,
  remove: (path: string) => Promise<void> = removeTree,
): Promise<void> {
  const generation = generationLayout(key, gen)
  const { prefix, stamp, requirements, constraints, report, building, doomed } = generation
  for (const path of [stamp, prefix, requirements, constraints, report]) await remove(path)
  await removeTemporaryOf(generation, remove)
  for (const path of [building, doomed]) await remove(path)
}

/** Begun, and nobody is there who could finish it. */
export async function isUnfinished(key: KeyFolder, gen: string, nowMs: number): Promise<boolean> {
  const { stamp, building, prefix } = generationLayout(key, gen)
  const owner = await tryReadJson(building)
  // Published, or as good as: the mark of the build is removed after.
  if ((await timeOf(stamp)) !== undefined) return false
  if (!isProcessIdentity(owner))
    return (
      nowMs - ((await timeOf(building)) ?? (await timeOf(prefix)) ?? (await timeOf(key.folder)) ?? nowMs) >
      TEMPORARY_AGE_MS
    )
  const liveness = livenessOf(owner)
  if (liveness !== 'unknown') return liveness === 'dead'
  return nowMs - ((await timeOf(building)) ?? nowMs) > FOREIGN_BUILD_AGE_MS
}
