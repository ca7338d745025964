/**
 * What of a key goes and what stays: decided from what was found, without a look at the disk.
 *
 *     somebody has a lease on it      stays
 *     marked before                   goes: somebody began to take it apart
 *     begun and never finished        goes; while its builder lives, stays
 *     the key is unused for long      all of it goes, unless something of it is leased or being built
 *     the current one                 stays
 *     another, of the last minutes    stays: somebody may have read the pointer before it was replaced, and have no lease
 *     the newest ones before it       stay, as many as are to be kept
 *     the rest                        goes
 */
import { type FoundEnvironment, type FoundGeneration, isBuilding } from './inventory.js'
import { isLive } from './lease.js'

export interface CollectRules {
  /** An environment that nobody has used for so long goes as a whole. */
  maxAgeDays: number
  /** How many usable generations before the current one stay. */
  keepPrevious: number
}

export type RemoveReason = 'unused' | 'superseded' | 'unfinished' | 'doomed'
export type KeepReason = 'in-use' | 'building' | 'current' | 'recent' | 'previous'

export type Verdict =
  | { gen: string; action: 'remove'; reason: RemoveReason }
  | { gen: string; action: 'keep'; reason: KeepReason }

export const DAY_MS = 24 * 60 * 60 * 1000

const RECENT_MS = 10 * 60 * 1000

export function decideCollection(found: FoundEnvironment, rules: CollectRules, nowMs: number): Verdict[] {
  const isUnused = isUnusedKey(found, rules, nowMs)
  const newestFirst = [...found.generations].reverse()
  let previous = 0
  return newestFirst.map((generation) => {
    const { gen } = generation
    const verdict = decideGeneration(generation, { isUnused, nowMs })
    if (verdict !== 'superseded') return { gen, ...verdict }
    if (!generation.isUsable || previous >= rules.keepPrevious) return { gen, action: 'remove', reason: 'superseded' }
    previous += 1
    return { gen, action: 'keep', reason: 'previous' }
  })
}

/** Whether the key as a whole is to go. */
export function isUnusedKey(found: FoundEnvironment, { maxAgeDays }: CollectRules, nowMs: number): boolean {
  const isLeased = found.leases.some((lease) => isLive(lease, nowMs))
  return !isLeased && !isBuilding(found) && nowMs - found.lastUseMs >= maxAgeDays * DAY_MS
}

type Decision = { action: 'remove'; reason: RemoveReason } | { action: 'keep'; reason: KeepReason }

function decideGeneration(
  generation: FoundGeneration,
  { isUnused, nowMs }: { isUnused: boolean; nowMs: number },
): Decision | 'superseded' {
  const { live, isDoomed, stampedMs, isUnfinished, isCurrent } = generation
  if (live.length > 0) return { action: 'keep', reason: 'in-use' }
  if (isDoomed) return { action: 'remove', reason: 'doomed' }
  if (stampedMs === undefined) {
    return isUnfinished ? { action: 'remove', reason: 'unfinished' } : { action: 'keep', reason: 'building' }
  }
  if (isUnused) return { action: 'remove', reason: 'unused' }
  if (isCurrent) return { action: 'keep', reason: 'current' }
  if (nowMs - stampedMs < RECENT_MS) return { action: 'keep', reason: 'recent' }
  return 'superseded'
}
