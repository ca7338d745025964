/** Where a `Venv` keeps what it has on disk: the folder it was given, or a temporary one that goes with it. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { claimBaseDir, metaDirOf, removeBaseDir } from '@pyferry/provisioner'

export interface Folder {
  baseDir: string
  /** For the tail files and logs. */
  metaDir: string
  /** A new name for the folder of a socket, which goes with this one, if need be after a host that was killed. */
  socketFolder?: () => string
  /** Give the folder back; unless it is kept, remove what is ours, and the folder when it is then empty. */
  release: () => Promise<void>
}

/** Temporary folders of killed hosts are found by it. */
const TEMPORARY_PREFIX = 'pyferry-venv-'
/** A folder younger than this may belong to a start that has not claimed it yet. */
const ABANDONED_AFTER_MS = 60_000
/** Longer than a start takes where there is nothing to be built. */
const CLAIM_DELAY_MS = 100
/** What killed hosts have left is looked for when a start and its first calls are over. */
const SWEEP_DELAY_MS = 1_000

/**
 * Claim a folder of the caller's.
 *
 * @throws BaseDirInUseError, and the provisioner's errors for a folder that cannot be used
 */
export async function claimFolder(path: string, isKept: boolean): Promise<Folder> {
  const { baseDir, metaDir, release } = await claimBaseDir(path)
  return {
    baseDir,
    metaDir,
    release: async () => {
      try {
        if (!isKept) await removeBaseDir(baseDir)
      } finally {
        await release()
      }
    },
  }
}

/**
 * Make a folder that nobody else knows of. It is claimed all the same, so that others do not take it for abandoned one day; soon, and beside
 * whatever goes on, since it takes as long as the start of a worker.
 *
 * @param stopUsing ends at once whatever works in the folder; called when the host exits without having closed
 * @param onUnclaimed told why it cannot be claimed: it serves as well, but may be swept up by others after a minute
 */
export function makeTemporaryFolder(stopUsing: () => void, onUnclaimed: (error: unknown) => void): Folder {
  const path = mkdtempSync(join(tmpdir(), TEMPORARY_PREFIX))
  removeAtExit(path, stopUsing)
  let claiming: ReturnType<typeof claimBaseDir> | undefined
  const timer = setTimeout(() => {
    claiming = claimBaseDir(path)
    claiming.catch(onUnclaimed)
  }, CLAIM_DELAY_MS).unref()
  sweepLater()
  const release = async () => {
    clearTimeout(timer)
    const claim = await claiming?.catch(() => undefined)
    try {
      if (claim) await removeBaseDir(path)
      else rmSync(path, { recursive: true, force: true })
      keepAtExit(path)
    } finally {
      await claim?.release()
      await sweepNow()
    }
  }
  const metaDir = metaDirOf(path)
  // By a name that those who remove abandoned ones know for unfinished.
  const socketFolder = () => join(metaDir, `.tmp-${randomBytes(8).toString('hex')}`)
  return { baseDir: path, metaDir, socketFolder, release }
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

/**
 * A folder itself, never what a link by this name leads to; ours, old, and with the mark of one that was claimed, or with nothing in it that
 * was not there before the claim.
 */
async function isAbandoned(path: string): Promise<boolean> {
  const found = await lstat(path)
  const isOwn = process.geteuid === undefined || found.uid === process.geteuid()
  if (!found.isDirectory() || !isOwn || Date.now() - found.mtimeMs < ABANDONED_AFTER_MS) return false
  const names = await readdir(path)
  return names.includes('HOME.json')
    ? (await lstat(join(path, 'HOME.json'))).isFile()
    : names.every((name) => name === 'meta')
}

/** The temporary folders in use, each with what ends its use. */
const temporaries = new Map<string, () => void>()

/** A host that ends without closing has no later moment to remove them. One listener serves all. */
function removeAtExit(path: string, stopUsing: () => void): void {
  if (temporaries.size === 0) process.on('exit', removeAll)
  temporaries.set(path, stopUsing)
}

/** Nothing is left to remove. */
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
