/** What stands in a home or in a private folder, as its files tell: read only, no process is started. */
import { listNames, timeOf, tryReadJson } from './files.js'
import type { KeyDocument } from './key.js'
import {
  generationLayout,
  generationOf,
  isEnvironmentId,
  isGeneration,
  type KeyFolder,
  leaseFolderOf,
} from './layout.js'
import { type FoundLease, isLive, listLeases } from './lease.js'
import type { Place } from './place.js'
import { readCurrent, readGeneration, type Stamp } from './stamp.js'
import { isUnfinished } from './sweep.js'

export interface FoundGeneration {
  gen: string
  isCurrent: boolean
  /** As it is written, whether or not the generation can be used. */
  stamp: Stamp | undefined
  /** When that was written, in milliseconds since 1970. */
  stampedMs: number | undefined
  /** Whether a hit would take it. */
  isUsable: boolean
  /** Begun, and nobody is there who could finish it. */
  isUnfinished: boolean
  isDoomed: boolean
  /** Leases whose holders live, or may do so. */
  live: FoundLease[]
}

export interface FoundEnvironment {
  id: string
  key: KeyFolder
  /** `undefined`: nothing was published yet, or the file is not whole. */
  document: KeyDocument | undefined
  current: { gen: string; digest: string } | undefined
  /** The newest last. */
  generations: FoundGeneration[]
  leases: FoundLease[]
  /** When somebody last asked for it or let it go, as far as files tell; without a lease that leaves no trace. */
  lastUseMs: number
}

/** Everything that is there, by id. */
export async function listFound(place: Place, nowMs: number): Promise<FoundEnvironment[]> {
  const found: FoundEnvironment[] = []
  for (const id of await listIds(place)) found.push(await readFound(place, id, nowMs))
  return found
}

/** The ids of the environments of a place. */
export async function listIds(place: Place): Promise<string[]> {
  if (place.home) return (await listNames(place.home.environmentsDir)).filter(isEnvironmentId).sort()
  const key = place.keyFolder('')
  const current = readCurrent(key)
  const stamp = current && ((await tryReadJson(generationLayout(key, current.gen).stamp)) as Stamp | undefined)
  return isEnvironmentId(stamp?.id) ? [stamp.id] : []
}

export async function readFound(place: Place, id: string, nowMs: number): Promise<FoundEnvironment> {
  const key = place.keyFolder(id)
  const leases = place.home ? await listLeases(place.home, id) : []
  const current = readCurrent(key)
  const names = await listNames(key.folder)
  const gens = [...new Set(names.flatMap((name) => generationOf(name) ?? []))]
  const generations: FoundGeneration[] = []
  for (const gen of gens) generations.push(await readFoundGeneration(key, gen, { current, leases, nowMs }))
  const document = (await tryReadJson(key.spec)) as KeyDocument | undefined
  const ownStamp = generations.find(({ isCurrent }) => isCurrent)?.stamp
  return {
    id,
    key,
    document: document?.schema === 1 ? document : ownStamp?.document,
    current,
    generations: generations.sort(byTime),
    leases,
    lastUseMs: await readLastUse(place, id, generations),
  }
}

/** Whether somebody is building it at this moment. */
export function isBuilding({ generations }: FoundEnvironment): boolean {
  return generations.some(({ stamp, isUnfinished, isDoomed }) => !stamp && !isUnfinished && !isDoomed)
}

async function readFoundGeneration(
  key: KeyFolder,
  gen: string,
  { current, leases, nowMs }: { current: FoundEnvironment['current']; leases: readonly FoundLease[]; nowMs: number },
): Promise<FoundGeneration> {
  const generation = generationLayout(key, gen)
  const stamp = (await tryReadJson(generation.stamp)) as Stamp | undefined
  const isWhole = stamp !== undefined && isGeneration(stamp.gen) && typeof stamp.digest === 'string'
  return {
    gen,
    isCurrent: current?.gen === gen,
    stamp: isWhole ? stamp : undefined,
    stampedMs: await timeOf(generation.stamp),
    isUsable: isWhole && 'stamp' in readGeneration(key, { gen, digest: stamp.digest }),
    isUnfinished: await isUnfinished(key, gen, nowMs),
    isDoomed: (await timeOf(generation.doomed)) !== undefined,
    live: leases.filter((lease) => lease.gen === gen && isLive(lease, nowMs)),
  }
}

/** Taking and releasing a lease changes its folder; where there was none, the making of it counts. */
async function readLastUse(place: Place, id: string, generations: readonly FoundGeneration[]): Promise<number> {
  const { folder, spec, failed } = place.keyFolder(id)
  const leased = place.home && (await timeOf(leaseFolderOf(place.home, id)))
  const times = [leased, await timeOf(spec), await timeOf(failed), ...generations.map(({ stampedMs }) => stampedMs)]
  const known = times.filter((time) => time !== undefined)
  return known.length > 0 ? Math.max(...known) : ((await timeOf(folder)) ?? 0)
}

function byTime(left: FoundGeneration, right: FoundGeneration): number {
  return (left.stampedMs ?? Number.POSITIVE_INFINITY) - (right.stampedMs ?? Number.POSITIVE_INFINITY)
}
