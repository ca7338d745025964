/**
 * What nobody needs any more is removed from a home: generations that were replaced, environments that were not used for long, what
 * killed programs left behind, tools and Pythons that nothing was made with, logs beyond the newest. Caches of installers are theirs:
 * `uv cache prune` and `pip cache purge` know what may go.
 */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rename, stat, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { listOldLogs } from './build-log.js'
import { tryCandidate } from './candidates.js'
import type { Variables } from './child-environment.js'
import { collectGeneration, removeKeyFiles } from './collect-generation.js'
import {
  type CollectRules,
  decideCollection,
  isUnusedKey,
  type KeepReason,
  type RemoveReason,
} from './decide-collection.js'
import { addUse, DiskTally, type DiskUse, NO_DISK_USE } from './disk-tally.js'
import type { Reporter } from './events.js'
import { errnoOf, isAbsent, listNames } from './files.js'
import { type FoundEnvironment, isBuilding, readFound } from './inventory.js'
import { type HomeLayout, isEnvironmentId, leaseFolderOf, lockPathOf } from './layout.js'
import { isLive } from './lease.js'
import { tryTakeLock } from './lock.js'
import type { HomePlace } from './place.js'
import { noPace, type Pace, removePaced } from './remove-paced.js'
import type { Stamp } from './stamp.js'
import { listOldTemporaries } from './sweep.js'
import { listUnusedTools } from './unused-tools.js'

export interface CollectRequest {
  place: HomePlace
  rules: CollectRules
  /** Only look, and tell what would go. */
  isDryRun: boolean
  /** Find an interpreter that can hold a lock, where none that an environment was made from is there any more. */
  findPython(): Promise<string | undefined>
  /** For whoever holds the lock. */
  env: Variables
  reporter: Reporter
  signal: AbortSignal
  redact: (text: string) => string
  /** @default without a break */
  pace?: Pace
}

export interface RemovedItem {
  /** `'left-over'`: files that belong to nothing. */
  what: 'generation' | 'left-over' | 'log' | 'tool' | 'python'
  /** Of the environment, `null` where there is none. */
  id: string | null
  generation: string | null
  path: string
  /** `'old'`: beyond what is kept of its kind. `'asked'`: by `remove`. */
  reason: RemoveReason | 'old' | 'asked'
  bytes: DiskUse
}

export interface KeptGeneration {
  id: string
  generation: string
  reason: KeepReason
  /** Of those that have a lease, where they tell. */
  pids: number[]
}

/** What would go, and could not. */
export interface SkippedItem {
  id: string | null
  generation: string | null
  path: string
  /** `'locked'`: somebody is building it. `'taken'`: another collector is at it. `'failed'`: the system refused, also for being in use. */
  reason: 'locked' | 'taken' | 'no-lock' | 'no-python' | 'failed'
  /** For people. */
  message: string
}

export interface PruneReport {
  removed: RemovedItem[]
  kept: KeptGeneration[]
  skipped: SkippedItem[]
  /** Of all that was removed. `physical` is what the disk got back: nothing of a file that has another name elsewhere. */
  bytes: DiskUse
}

export function nothingPruned(): PruneReport {
  return { removed: [], kept: [], skipped: [], bytes: { ...NO_DISK_USE } }
}

/**
 * Collect. Whatever cannot be removed is skipped and told; the rest goes on.
 *
 * @throws the signal's reason, between two removals
 */
export async function collect(request: CollectRequest): Promise<PruneReport> {
  return await new Collection(request).run()
}

class Collection {
  readonly #request: CollectRequest
  readonly #home: HomeLayout
  readonly #tally = new DiskTally('last')
  readonly #report = nothingPruned()
  /** Of the generations that stay. */
  readonly #stamps: Stamp[] = []
  /** Whether something is there that may need a tool or a Python which no stamp names. */
  #isUnsure = false
  #lockPython: string | undefined

  constructor(request: CollectRequest) {
    this.#request = request
    this.#home = request.place.home
  }

  async run(): Promise<PruneReport> {
    const found: FoundEnvironment[] = []
    for (const id of await this.#listIds()) found.push(await this.#read(id))
    this.#lockPython = findLockPython(found)
    for (const each of found) await this.#collectKey(each)
    for (const path of await this.#listTemporaries()) await this.#removeFile('left-over', path)
    for (const path of await listOldLogs(this.#home.logsDir)) await this.#removeFile('log', path)
    await this.#collectTools()
    return this.#report
  }

  /** Also those of which only a lease folder or a lock file is left. */
  async #listIds(): Promise<string[]> {
    const { environmentsDir, leasesDir, locksDir } = this.#home
    const locks = (await listNames(locksDir)).map((name) => name.replace(/\.lock$/, ''))
    const names = [...(await listNames(environmentsDir)), ...(await listNames(leasesDir)), ...locks]
    return [...new Set(names.filter(isEnvironmentId))].sort()
  }

  async #read(id: string): Promise<FoundEnvironment> {
    this.#request.signal.throwIfAborted()
    await this.#pace()
    return await readFound(this.#request.place, id, Date.now())
  }

  async #collectKey(found: FoundEnvironment): Promise<void> {
    await this.#removeDeadLeases(found)
    if (!this.#hasWork(found)) return this.#keepAll(found)
    if (this.#request.isDryRun) return await this.#tellOf(found)
    try {
      await this.#collectLocked(found.id)
    } catch (error) {
      this.#skip({ id: found.id, generation: null, path: found.key.folder }, error)
    }
  }

  #hasWork(found: FoundEnvironment): boolean {
    const { rules } = this.#request
    const isAnyToGo = decideCollection(found, rules, Date.now()).some(({ action }) => action === 'remove')
    return isAnyToGo || isUnusedKey(found, rules, Date.now())
  }

  async #tellOf(found: FoundEnvironment): Promise<void> {
    for (const { gen, ...verdict } of decideCollection(found, this.#request.rules, Date.now())) {
      if (verdict.action === 'keep') this.#keep(found, gen, verdict.reason)
      else this.#tellRemoved(await this.#measure(found, gen, verdict.reason))
    }
  }

  /** Nobody begins a build of it meanwhile, or ends one. */
  async #collectLocked(id: string): Promise<void> {
    const { env, reporter, signal, redact } = this.#request
    const path = lockPathOf(this.#home, id)
    const item = { id, generation: null, path: this.#request.place.keyFolder(id).folder }
    this.#lockPython ??= await this.#request.findPython()
    const python = this.#lockPython
    if (python === undefined) {
      return this.#tellSkipped({ ...item, reason: 'no-python', message: 'there is no Python that could hold its lock' })
    }
    const cwd = this.#home.home
    const lock = await tryTakeLock({ path, python, env, cwd, limitMs: 0, reporter, signal, redact })
    if (lock === 'held') {
      return this.#tellSkipped({ ...item, reason: 'locked', message: 'somebody is building it' })
    }
    if (!lock) return this.#tellSkipped({ ...item, reason: 'no-lock', message: `${path} cannot be locked` })
    try {
      // Once more: it may have been used or built since.
      await this.#collectAlone(await this.#read(id))
    } finally {
      await lock.release()
    }
  }

  async #collectAlone(found: FoundEnvironment): Promise<void> {
    const { rules } = this.#request
    const isUnused = isUnusedKey(found, rules, Date.now())
    let isEmpty = isUnused
    for (const { gen, ...verdict } of decideCollection(found, rules, Date.now())) {
      if (verdict.action === 'keep') this.#keep(found, gen, verdict.reason)
      else if (!(await this.#removeGeneration(found, gen, verdict.reason))) isEmpty = false
    }
    if (isEmpty) await this.#removeKey(found)
  }

  /** @returns whether it is gone */
  async #removeGeneration(found: FoundEnvironment, gen: string, reason: RemoveReason): Promise<boolean> {
    const { id } = found
    const item = { id, generation: gen, path: join(found.key.folder, gen) }
    this.#request.signal.throwIfAborted()
    try {
      const measured = await this.#measure(found, gen, reason)
      const outcome = await collectGeneration(this.#home, { id, gen }, { nowMs: Date.now(), remove: this.#remove })
      if (outcome === 'removed') this.#tellRemoved(measured)
      else if (outcome === 'in-use') this.#keep(await this.#read(id), gen, 'in-use')
      else this.#tellSkipped({ ...item, reason: 'taken', message: 'another collector is at it' })
      return outcome === 'removed'
    } catch (error) {
      this.#skip(item, error)
      return false
    }
  }

  async #removeKey({ id, key, generations }: FoundEnvironment): Promise<void> {
    const item = { id, generation: null, path: key.folder }
    try {
      const isGone = await removeKeyFiles(this.#home, id)
      if (isGone && generations.length === 0) {
        this.#tellRemoved({ what: 'left-over', ...item, reason: 'unused', bytes: { ...NO_DISK_USE } })
      }
    } catch (error) {
      this.#skip(item, error)
    }
  }

  /** Their folder's time is the last use, and this is none. */
  async #removeDeadLeases({ id, leases }: FoundEnvironment): Promise<void> {
    const dead = leases.filter((lease) => !isLive(lease, Date.now()))
    if (dead.length === 0 || this.#request.isDryRun) return
    const folder = leaseFolderOf(this.#home, id)
    try {
      const { atime, mtime } = await stat(folder)
      for (const { path } of dead) await this.#remove(path)
      if (dead.length === leases.length) await utimes(folder, atime, mtime)
    } catch (error) {
      this.#skip({ id, generation: null, path: folder }, error)
    }
  }

  async #listTemporaries(): Promise<string[]> {
    const { home, probesDir, environmentsDir } = this.#home
    const folders = [home, probesDir, ...(await listNames(environmentsDir)).map((id) => join(environmentsDir, id))]
    const all: string[] = []
    for (const folder of folders) all.push(...(await listOldTemporaries(folder, Date.now())))
    return all
  }

  async #collectTools(): Promise<void> {
    if (this.#isUnsure) return
    const { maxAgeDays } = this.#request.rules
    const options = { stamps: this.#stamps, maxAgeDays, nowMs: Date.now() }
    for (const { what, path } of await listUnusedTools(this.#home, options)) await this.#removeFile(what, path)
    if (!this.#request.isDryRun) await this.#removeDanglingLinks()
  }

  /** `cpython-3.12-…` leads to `cpython-3.12.4-…`. */
  async #removeDanglingLinks(): Promise<void> {
    for (const name of await listNames(this.#home.pythonsDir)) {
      const path = join(this.#home.pythonsDir, name)
      if (/^[a-z]+-\d+\.\d+-/.test(name) && !existsSync(path)) await this.#remove(path)
    }
  }

  async #removeFile(what: 'left-over' | 'log' | 'tool' | 'python', path: string): Promise<void> {
    const item = { id: null, generation: null, path }
    this.#request.signal.throwIfAborted()
    try {
      const bytes = await this.#tally.add(path, this.#pace)
      if (!this.#request.isDryRun)
        await (what === 'tool' || what === 'python' ? this.#vanish(path) : this.#remove(path))
      this.#tellRemoved({ what, ...item, reason: what === 'tool' || what === 'python' ? 'unused' : 'old', bytes })
    } catch (error) {
      this.#skip(item, error)
    }
  }

  /** At once, so that nobody starts with a part of it: what is renamed is not found any more. */
  async #vanish(path: string): Promise<void> {
    const doomed = join(dirname(path), `.tmp-${randomBytes(8).toString('hex')}`)
    await rename(path, doomed)
    await this.#remove(doomed)
  }

  #remove = (path: string): Promise<void> => removePaced(path, this.#pace)

  get #pace(): Pace {
    return this.#request.pace ?? noPace
  }

  async #measure(found: FoundEnvironment, gen: string, reason: RemoveReason): Promise<RemovedItem> {
    const path = join(found.key.folder, gen)
    const bytes = await this.#tally.add(path, this.#pace)
    return { what: 'generation', id: found.id, generation: gen, path, reason, bytes }
  }

  #keepAll(found: FoundEnvironment): void {
    for (const verdict of decideCollection(found, this.#request.rules, Date.now())) {
      if (verdict.action === 'keep') this.#keep(found, verdict.gen, verdict.reason)
    }
  }

  #keep(found: FoundEnvironment, gen: string, reason: KeepReason): void {
    const generation = found.generations.find((each) => each.gen === gen)
    if (generation?.stamp) this.#stamps.push(generation.stamp)
    if (isBuilding(found)) this.#isUnsure = true
    const pids = (generation?.live ?? []).flatMap(({ pid }) => pid ?? [])
    this.#report.kept.push({ id: found.id, generation: gen, reason, pids: [...new Set(pids)] })
  }

  #tellRemoved(item: RemovedItem): void {
    const { reporter } = this.#request
    this.#report.removed.push(item)
    addUse(this.#report.bytes, item.bytes)
    const current = this.#report.bytes.logical
    reporter.progress({ phase: reporter.phase, current, total: null, unit: 'bytes', item: item.path })
  }

  #skip(item: Pick<SkippedItem, 'id' | 'generation' | 'path'>, error: unknown): void {
    const code = errnoOf(error)
    if (code === undefined || this.#request.signal.aborted) throw error
    // Another collector was quicker. What it is at may need anything that it has not told.
    if (isAbsent(error)) this.#isUnsure = true
    else this.#tellSkipped({ ...item, reason: 'failed', message: `it could not be removed: ${code}` })
  }

  #tellSkipped(item: SkippedItem): void {
    this.#report.skipped.push(item)
    this.#isUnsure = true
  }
}

/** A Python that an environment was made from, and that is still there. */
export function findLockPython(found: readonly FoundEnvironment[]): string | undefined {
  const bases = new Set(found.flatMap(({ generations }) => generations.flatMap(({ stamp }) => stamp?.base?.base ?? [])))
  return [...bases].find((base) => tryCandidate(base) !== undefined)
}
