/**
 * One generation is taken away, never from under somebody who uses it.
 *
 *     who wants to use it:   write a lease → look for the mark, then for the stamp → use it
 *     the collector:         write the mark → look for leases → none: remove pointer, stamp, tree, mark
 *                                                             → some: take the mark back
 *
 * Each writes first and looks then, so that of two at the same time at least one sees the other.
 */
import { rmdir } from 'node:fs/promises'
import { abandon, doom, takeBack } from './doom.js'
import { errnoOf, isAbsent, removeTree } from './files.js'
import { generationLayout, type HomeLayout, keyFolderOf, leaseFolderOf, lockPathOf } from './layout.js'
import { isLive, listLeases } from './lease.js'
import { readCurrent } from './stamp.js'
import { removeGeneration } from './sweep.js'

/** `'in-use'`: somebody has a lease on it; `'taken'`: another collector is at it. */
export type Outcome = 'removed' | 'in-use' | 'taken'

export interface CollectOptions {
  nowMs: number
  /** Take it away from under whoever uses it. @default false */
  isForced?: boolean
  remove?: (path: string) => Promise<void>
}

/** @throws the system's error when it cannot be removed: it stays marked then, and whoever comes next goes on */
export async function collectGeneration(
  home: HomeLayout,
  { id, gen }: { id: string; gen: string },
  { nowMs, isForced = false, remove = removeTree }: CollectOptions,
): Promise<Outcome> {
  const key = keyFolderOf(home, id)
  const generation = generationLayout(key, gen)
  const mark = await doom(generation, nowMs)
  if (mark === 'others') return 'taken'
  let isUsed = true
  try {
    isUsed = !isForced && (await isLeased(home, { id, gen }, nowMs))
  } finally {
    if (isUsed && mark === 'ours') await takeBack(generation)
  }
  if (isUsed) return 'in-use'
  try {
    if (readCurrent(key)?.gen === gen) await remove(key.current)
    await removeGeneration(key, gen, remove)
    return 'removed'
  } catch (error) {
    // Best effort: while this process lives nobody else would finish it otherwise.
    await abandon(generation).catch(() => {})
    throw error
  }
}

/**
 * Remove what a key has beside its generations, when there are none. For whoever holds its lock. What has come in the meantime stays,
 * and so does its folder.
 *
 * @returns whether nothing is left
 */
export async function removeKeyFiles(home: HomeLayout, id: string): Promise<boolean> {
  const { folder, current, spec, failed } = keyFolderOf(home, id)
  for (const path of [current, spec, failed]) await removeTree(path)
  const isGone = await tryRemoveEmpty(folder)
  await tryRemoveEmpty(leaseFolderOf(home, id))
  // Whoever waits for it makes a new one, see `lock.ts`.
  if (isGone) await removeTree(lockPathOf(home, id))
  return isGone
}

/** @returns whether it is gone */
async function tryRemoveEmpty(folder: string): Promise<boolean> {
  try {
    await rmdir(folder)
    return true
  } catch (error) {
    if (isAbsent(error)) return true
    if (['ENOTEMPTY', 'EEXIST'].includes(errnoOf(error) ?? '')) return false
    throw error
  }
}

async function isLeased(home: HomeLayout, { id, gen }: { id: string; gen: string }, nowMs: number): Promise<boolean> {
  const leases = await listLeases(home, id)
  return leases.some((lease) => lease.gen === gen && isLive(lease, nowMs))
}
