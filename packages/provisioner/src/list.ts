/** What stands in a home or in a private folder, for people and programs: plain rows, told by files alone. */
import { addUse, DiskTally, type DiskUse, NO_DISK_USE } from './disk-tally.js'
import { type FoundEnvironment, type FoundGeneration, isBuilding, listFound } from './inventory.js'
import type { BackendName, SourceKind } from './key.js'
import { generationLayout } from './layout.js'
import { isLive } from './lease.js'
import type { Place } from './place.js'

/** `ready`: a hit would take it. `broken`: it was published, and no hit would. `unfinished`: nothing was published yet. */
export type EnvironmentState = 'ready' | 'building' | 'broken' | 'unfinished'

export interface EnvironmentRow {
  id: string
  state: EnvironmentState
  /** `null` where nothing was published. */
  source: SourceKind | null
  backend: BackendName | null
  pythonVersion: string | null
  /** What is installed, sorted by name. */
  packages: { name: string; version: string }[]
  /** Absolute; `null` where nothing was published. */
  prefix: string | null
  generations: { generation: string; isCurrent: boolean; isUsable: boolean; createdAt: string | null }[]
  /** Of all generations. A file that several environments share takes its physical space in the first row that has it. */
  bytes: DiskUse
  /** ISO 8601, UTC; as far as files tell: without a lease a use leaves no trace. */
  lastUsedAt: string
  createdAt: string | null
  leases: { generation: string; pid: number | null; isLive: boolean }[]
}

export interface ListOptions {
  /** Whether sizes are counted, which looks at every file; else they are 0. @default true */
  sizes?: boolean
}

/** List the environments of a place, by id. Nothing is started, nothing written. */
export async function list(place: Place, { sizes = true }: ListOptions, nowMs = Date.now()): Promise<EnvironmentRow[]> {
  const tally = new DiskTally('first')
  const rows: EnvironmentRow[] = []
  for (const found of await listFound(place, nowMs)) {
    const bytes = { ...NO_DISK_USE }
    for (const { gen } of sizes ? found.generations : []) {
      addUse(bytes, await tally.add(generationLayout(found.key, gen).prefix))
    }
    rows.push({ ...describe(found, nowMs), bytes })
  }
  return rows
}

function describe(found: FoundEnvironment, nowMs: number): Omit<EnvironmentRow, 'bytes'> {
  const { id, document, generations, leases, lastUseMs } = found
  const current = generations.find(({ isCurrent }) => isCurrent)
  const stamp = current?.stamp
  return {
    id,
    state: stateOf(found, current),
    source: document?.source?.kind ?? null,
    backend: document?.backend ?? null,
    pythonVersion: stamp?.pythonVersion ?? null,
    packages: (stamp?.packages ?? []).map(({ name, version }) => ({ name, version })),
    prefix: stamp?.prefix ?? null,
    generations: generations.map(({ gen, isCurrent, isUsable, stamp }) => ({
      generation: gen,
      isCurrent,
      isUsable,
      createdAt: stamp?.createdAt ?? null,
    })),
    lastUsedAt: new Date(lastUseMs).toISOString(),
    createdAt: stamp?.createdAt ?? null,
    leases: leases.map((lease) => ({ generation: lease.gen, pid: lease.pid ?? null, isLive: isLive(lease, nowMs) })),
  }
}

function stateOf(found: FoundEnvironment, current: FoundGeneration | undefined): EnvironmentState {
  if (current?.isUsable) return 'ready'
  const others = found.generations.filter(({ isCurrent }) => !isCurrent)
  if (isBuilding({ ...found, generations: others })) return 'building'
  return found.current ? 'broken' : 'unfinished'
}
