/** Where a `Venv` keeps what it has on disk: the folder it was given, or a temporary one that goes with it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { claimBaseDir, metaDirOf, removeBaseDir } from '@pyferry/provisioner'

export interface Folder {
  baseDir: string
  /** For the tail files and logs. */
  metaDir: string
  /** Resolves when it is known to be ours; rejects as `claimBaseDir` does. */
  claimed: Promise<void>
  /** Give the folder back, once it is claimed or cannot be; unless it is kept, remove what is ours, and the folder when it is then empty. */
  release: () => Promise<void>
}

/** Temporary folders of killed hosts are found by it. */
const TEMPORARY_PREFIX = 'pyferry-venv-'
/** A folder younger than this may belong to a start that has not claimed it yet. */
const ABANDONED_AFTER_MS = 60_000
/** What killed hosts have left is looked for when a start and its first calls are over. */
const SWEEP_DELAY_MS = 1_000

/**
 * Claim `baseDir`, or make a temporary folder and claim that. Of a folder that was just made nobody else knows: it can be used while it is
 * being claimed, which begins after the worker's process has been asked for, and is over before that is ready.
 *
 * @param stopUsing ends at once whatever works in the folder; called when the host exits without having closed
 * @throws BaseDirInUseError, and the provisioner's errors for a folder that cannot be used
 */
export async function claimFolder(
  baseDir: string | undefined,
  isKept: boolean,
  stopUsing: () => void,
): Promise<Folder> {
  const path = baseDir ?? mkdtempSync(join(tmpdir(), TEMPORARY_PREFIX))
  const isTemporary = baseDir === undefined
  if (isTemporary) removeAtExit(path, stopUsing)
  const claiming = isTemporary ? afterThisTurn().then(() => claimBaseDir(path)) : claimBaseDir(path)
  const names = isTemporary ? { baseDir: path, metaDir: metaDirOf(path) } : await claiming
  const claimed = claiming.then(() => {})
  claimed.catch(() => {})
  if (isTemporary) sweepLater()
  const release = async () => {
    try {
      // Whoever started has been told why it cannot be.
      const claim = await claiming.catch(() => undefined)
      try {
        if (claim === undefined) removeUnclaimed(path)
        else if (!isKept) await removeBaseDir(claim.baseDir)
        keepAtExit(path)
      } finally {
        await claim?.release()
      }
    } finally {
      await sweepNow()
    }
  }
  return { baseDir: names.baseDir, metaDir: names.metaDir, claimed, release }
}

/** Of a temporary folder, of which nobody knows but us: a given one that cannot be claimed never gets here. */
function removeUnclaimed(path: string): void {
  rmSync(path, { recursive: true, force: true })
}

function afterThisTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** One at a time, for all folders that are claimed meanwhile. */
let sweep: { timer: NodeJS.Timeout; done?: Promise<void> } | undefined

function sweepLater(): void {
  sweep ??= { timer: setTimeout(sweepNow, SWEEP_DELAY_MS).unref() }
}

/** If there is one to be made, or under way. */
async function sweepNow(): Promise<void> {
  const current = sweep
  if (!current) return
  clearTimeout(current.timer)
  current.done ??= removeAbandoned().finally(() => {
    sweep = undefined
  })
  await current.done
}

/** A host that is killed cannot remove its temporary folders; the next one does. */
async function removeAbandoned(): Promise<void> {
  // A folder that cannot be listed, or is gone, holds nothing that we could remove.
  const names = await readdir(tmpdir()).catch(() => [])
  for (const name of names) {
    if (!name.startsWith(TEMPORARY_PREFIX)) continue
    const path = join(tmpdir(), name)
    try {
      if (!(await isAbandoned(path))) continue
      const claim = await claimBaseDir(path)
      await removeBaseDir(path).finally(() => claim.release())
    } catch {
      // In use, another user's, or being removed by another host at this moment: not ours to take.
    }
  }
}

/** A folder itself, never what a link by this name leads to; ours, old, and with the mark of one that was claimed. */
async function isAbandoned(path: string): Promise<boolean> {
  const found = await lstat(path)
  const isOwn = process.geteuid === undefined || found.uid === process.geteuid()
  if (!found.isDirectory() || !isOwn || Date.now() - found.mtimeMs < ABANDONED_AFTER_MS) return false
  return (await lstat(join(path, 'HOME.json'))).isFile()
}

/** The temporary folders in use, each with what ends its use. */
const temporaries = new Map<string, () => void>()

/** A host that ends without closing has no later moment to remove them. One listener serves all. */
function removeAtExit(path: string, stopUsing: () => void): void {
  if (temporaries.size === 0) process.on('exit', removeAll)
  temporaries.set(path, stopUsing)
}

/** Nothing is left to remove; also for a folder that was given, which never was among them. */
function keepAtExit(path: string): void {
  temporaries.delete(path)
  if (temporaries.size === 0) process.off('exit', removeAll)
}

function removeAll(): void {
  for (const [path, stopUsing] of temporaries) {
    try {
      stopUsing()
      rmSync(path, { recursive: true, force: true, maxRetries: 3 })
    } catch {
      // The exit goes on; what is left is found by the next host.
    }
  }
}
