/** Files that are there whole or not at all, and system errors as errors of ours. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { lstat, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { MachineError, type ProvisionError } from './errors.js'

/**
 * Put `text` at `path`: a temporary file beside it, synced, renamed. A reader, or somebody who looks after a crash, finds the
 * old content or the new, never a part. Mode 0600.
 *
 * @param isSynced `false` where a part that a crash of the machine leaves is nothing worse than an absent file: a sync waits for all
 *   that was written before, an installation among it. @default true
 */
export async function writeWhole(path: string, text: string, { isSynced = true } = {}): Promise<void> {
  const temporary = join(dirname(path), `.tmp-${randomBytes(8).toString('hex')}`)
  try {
    const file = await open(temporary, 'wx', 0o600)
    try {
      await file.writeFile(text)
      if (isSynced) await file.sync()
    } finally {
      await file.close()
    }
    await renameOver(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** Whether the name is one that `writeWhole` gives a file on its way: what a crash leaves of it. */
export function isTemporary(name: string): boolean {
  return /^\.tmp-[0-9a-f]{16}$/.test(name)
}

/** The JSON in a file; `undefined` when the file is absent or is not JSON. @throws the system's error for any other reason */
export async function tryReadJson(path: string): Promise<unknown> {
  const text = await tryRead(path)
  return text === undefined ? undefined : parseJson(text)
}

/** `undefined` for what is not JSON: half-written, or somebody else's. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The text of a file; `undefined` when it is absent. */
export async function tryRead(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/** The same at once, for the few small files that every hit reads. */
export function readNow(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/** The names in a folder; none when it is absent. */
export async function listNames(path: string): Promise<string[]> {
  try {
    return await readdir(path)
  } catch (error) {
    if (isAbsent(error)) return []
    throw error
  }
}

/** When it was last written, in milliseconds since 1970; `undefined` when it is absent. */
export async function timeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

export async function isDirectoryItself(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isDirectory()
  } catch (error) {
    if (isAbsent(error)) return false
    throw error
  }
}

/** Remove a file or a tree, links as links. Nothing there is fine. */
export async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 })
}

export function isAbsent(error: unknown): boolean {
  return errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR'
}

export function errnoOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code
}

/**
 * What a failed operation on `path` means to the user.
 *
 * @returns `undefined` for an error that is none of the known ones: let that one fly
 */
export function explainSystemError(error: unknown, path: string): ProvisionError | undefined {
  const details = { cause: error, facts: { path } }
  switch (errnoOf(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new MachineError('DISK_FULL', `no space is left on the disk of ${path}`, details)
    case 'EACCES':
    case 'EPERM':
      return new MachineError('PERMISSION_DENIED', `${path} must be writable by this user, and is not`, details)
    case 'EROFS':
      return new MachineError('HOME_READ_ONLY', `${path} must be on a disk that can be written, and is not`, details)
    default:
      return undefined
  }
}

/** Virus scanners hold new files open for a moment on Windows, and renaming over one fails meanwhile. */
async function renameOver(from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await rename(from, to)
    } catch (error) {
      const isBusy = ['EPERM', 'EACCES', 'EBUSY'].includes(errnoOf(error) ?? '')
      if (process.platform !== 'win32' || !isBusy || attempt === 10) throw error
      await new Promise((resolve) => setTimeout(resolve, 10 * attempt))
    }
  }
}
