/** One environment is removed because somebody says so. */
import { join } from 'node:path'
import { type CollectRequest, findLockPython, type PruneReport, type RemovedItem } from './collect.js'
import { collectGeneration, removeKeyFiles } from './collect-generation.js'
import { addUse, DiskTally, NO_DISK_USE } from './disk-tally.js'
import { StateError } from './errors.js'
import { explainSystemError } from './files.js'
import { type FoundEnvironment, isBuilding, readFound } from './inventory.js'
import { lockPathOf } from './layout.js'
import { isLive } from './lease.js'
import { type Lock, type LockOwner, readLockOwner, tryTakeLock } from './lock.js'

export type RemoveRequest = Omit<CollectRequest, 'rules' | 'isDryRun' | 'pace'> & {
  id: string
  /** Take it away from under whoever uses it; never from under a builder. */
  isForced: boolean
}

/**
 * Remove all generations of an environment. Nothing there is fine.
 *
 * @throws StateError (ENV_IN_USE) naming the processes that have a lease on it, or build it
 * @throws MachineError PERMISSION_DENIED, HOME_READ_ONLY
 */
export async function removeEnvironment(request: RemoveRequest): Promise<Pick<PruneReport, 'removed' | 'bytes'>> {
  const { place, id, isForced } = request
  const lock = await takeLockUnlessBuilt(request, await readFound(place, id, Date.now()))
  try {
    const found = await readFound(place, id, Date.now())
    if (isBuilding(found)) throw beingBuilt(id, undefined)
    if (!isForced) assertUnused(found)
    return await removeAll(request, found)
  } catch (error) {
    throw explainSystemError(error, place.path) ?? error
  } finally {
    await lock?.release()
  }
}

async function takeLockUnlessBuilt(request: RemoveRequest, found: FoundEnvironment): Promise<Lock | undefined> {
  const { place, id, env, reporter, signal, redact } = request
  const python = findLockPython([found]) ?? (await request.findPython())
  if (python === undefined) {
    reporter.warning('no-lock', 'there is no Python to hold a lock: somebody may build it at the same time')
    return undefined
  }
  const path = lockPathOf(place.home, id)
  const lock = await tryTakeLock({ path, python, env, cwd: place.path, limitMs: 0, reporter, signal, redact })
  if (lock !== 'held') return lock
  throw beingBuilt(id, await readLockOwner(path))
}

function beingBuilt(id: string, owner: LockOwner | undefined): StateError {
  const who = owner ? `process ${owner.pid} on ${owner.host}` : 'another process'
  return new StateError('ENV_IN_USE', `the environment ${id} is being built by ${who}`, {
    hint: 'wait until it is built, or end that process',
    facts: { id, pids: owner ? [owner.pid] : [] },
  })
}

function assertUnused({ id, leases }: FoundEnvironment): void {
  const live = leases.filter((lease) => isLive(lease, Date.now()))
  if (live.length > 0) throw inUse(id, live)
}

async function removeAll(
  { place, isForced, signal }: RemoveRequest,
  { id, key, generations }: FoundEnvironment,
): Promise<Pick<PruneReport, 'removed' | 'bytes'>> {
  const tally = new DiskTally('last')
  const removed: RemovedItem[] = []
  const bytes = { ...NO_DISK_USE }
  for (const { gen } of generations) {
    signal.throwIfAborted()
    const path = join(key.folder, gen)
    const item: RemovedItem = {
      what: 'generation',
      id,
      generation: gen,
      path,
      reason: 'asked',
      bytes: await tally.add(path),
    }
    const outcome = await collectGeneration(place.home, { id, gen }, { nowMs: Date.now(), isForced })
    // Between the look at all leases and the one at this.
    if (outcome === 'in-use') throw inUse(id, (await readFound(place, id, Date.now())).leases)
    if (outcome === 'taken') continue
    removed.push(item)
    addUse(bytes, item.bytes)
  }
  await removeKeyFiles(place.home, id)
  return { removed, bytes }
}

function inUse(id: string, live: readonly { pid: number | undefined }[]): StateError {
  const pids = [...new Set(live.flatMap(({ pid }) => pid ?? []))]
  const who = pids.length > 0 ? `process ${pids.join(', ')}` : 'another process'
  return new StateError('ENV_IN_USE', `the environment ${id} is in use by ${who}`, { facts: { id, pids } })
}
