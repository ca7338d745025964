/**
 * A lease says that somebody uses a generation: as long as its process lives, the collector lets it be.
 *
 * Whoever wants to use one writes the lease first and then looks whether the generation is still whole and not doomed; the collector
 * marks it as doomed first and then looks for leases. Of the two at least one sees the other.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, unlinkSync, utimes, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errnoOf, isAbsent, listNames, timeOf, tryReadJson } from './files.js'
import { type HomeLayout, leaseFolderOf } from './layout.js'
import { isProcessIdentity, type Liveness, livenessOf, ownIdentity } from './process-identity.js'

export interface Lease {
  /** Say that it is not used any more. Safe to call again. */
  release(): void
}

/** A lease as the collector finds it. */
export interface FoundLease {
  path: string
  gen: string
  pid: number | undefined
  liveness: Liveness
  /** When it was last renewed, in milliseconds since 1970. */
  renewedMs: number
}

/** Processes elsewhere cannot be asked: they renew theirs by the hour, and after a day without one they count as gone. */
const RENEWAL_INTERVAL_MS = 60 * 60 * 1000
const FOREIGN_LEASE_MS = 24 * 60 * 60 * 1000

/** Leases of this process, removed with it. */
const held = new Set<string>()

/**
 * Take a lease. A file, written at once: a hit is to take no longer than a few of these.
 *
 * @returns `undefined` where nothing can be written: such a home is not collected from here either
 */
export function takeLease(layout: HomeLayout, id: string, gen: string): Lease | undefined {
  const folder = leaseFolderOf(layout, id)
  const path = join(folder, `${gen}.${process.pid}.${randomBytes(6).toString('hex')}.json`)
  // Since when, the file's own time tells: to write a date takes a new process a fifth of a millisecond.
  const text = `${JSON.stringify(ownIdentity())}\n`
  try {
    writeLease(folder, path, text)
  } catch (error) {
    if (['EROFS', 'EACCES', 'EPERM'].includes(errnoOf(error) ?? '')) return undefined
    throw error
  }
  if (held.size === 0) process.on('exit', releaseAll)
  held.add(path)
  const renewal = setInterval(() => renew(path), RENEWAL_INTERVAL_MS).unref()
  const release = () => {
    clearInterval(renewal)
    if (!held.delete(path)) return
    if (held.size === 0) process.off('exit', releaseAll)
    removeFile(path)
  }
  return { release }
}

/** The leases of a key. */
export async function listLeases(layout: HomeLayout, id: string): Promise<FoundLease[]> {
  const folder = leaseFolderOf(layout, id)
  const found: FoundLease[] = []
  for (const name of await listNames(folder)) {
    const gen = /^(g[0-9a-f]{8})\.\d+\.[0-9a-f]{12}\.json$/.exec(name)?.[1]
    if (gen === undefined) continue
    const path = join(folder, name)
    const renewedMs = await timeOf(path)
    if (renewedMs === undefined) continue
    const identity = await tryReadJson(path)
    const isKnown = isProcessIdentity(identity)
    // Being written at this moment, or cut off by a crash: as one from elsewhere, until it is old.
    const liveness = isKnown ? livenessOf(identity) : 'unknown'
    found.push({ path, gen, pid: isKnown ? identity.pid : undefined, liveness, renewedMs })
  }
  return found
}

/** Whether a lease still counts. */
export function isLive({ liveness, renewedMs }: FoundLease, nowMs: number): boolean {
  return liveness === 'alive' || (liveness === 'unknown' && nowMs - renewedMs < FOREIGN_LEASE_MS)
}

/** The collector removes the folder when it is empty, and may do so between our making and using it. */
const MAX_ATTEMPTS = 10

function writeLease(folder: string, path: string, text: string): void {
  for (let attempt = 1; ; attempt += 1) {
    try {
      writeFileSync(path, text, { flag: 'wx', mode: 0o600 })
      return
    } catch (error) {
      if (!isAbsent(error) || attempt === MAX_ATTEMPTS) throw error
      mkdirSync(folder, { recursive: true, mode: 0o700 })
    }
  }
}

function renew(path: string): void {
  const now = new Date()
  // Somebody may have emptied the home: there is nothing to renew then.
  utimes(path, now, now, () => {})
}

function releaseAll(): void {
  for (const path of held) removeFile(path)
}

function removeFile(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // Gone with the home, or on a disk that can no longer be written: its process tells that it is of the dead.
  }
}
