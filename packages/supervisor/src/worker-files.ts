/**
 * The Python side of the worker on disk.
 *
 * Its files travel inside this package as strings, so that a bundled or asar-packed application needs no loose file. They are
 * written once per content, into a folder named by their digest:
 *
 *     <cache>/w/<digest>/boot.py, pyferry/*.py, pyferry/__pycache__/
 *
 * Python itself adds the compiled form at the first import, per version and by rename. Two processes that do this at once
 * each write a folder of their own and rename it; the second one finds the place taken by the same files and drops its own.
 */
import { randomBytes } from 'node:crypto'
import { lstatSync, mkdirSync, renameSync, rmSync, type Stats, statSync, utimesSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { WorkerFilesError } from './errors.js'
import { workerFiles, workerFilesDigest } from './generated/worker-files.js'

/**
 * The folder of the worker's files, made when it is missing or incomplete. Synchronous: a few stats when it is there.
 *
 * @throws WorkerFilesError when none of the cache folders can be used
 */
export function materializeWorkerFiles(candidates: readonly string[] = cacheFolders()): string {
  const failures: unknown[] = []
  for (const cache of candidates) {
    try {
      return materializeIn(cache)
    } catch (error) {
      failures.push(error)
    }
  }
  throw new WorkerFilesError(`the worker's files could not be written to ${candidates.join(' or ')}`, {
    cause: failures.length === 1 ? failures[0] : new AggregateError(failures),
    hint: 'set PYFERRY_HOME to a folder of yours that can be written',
  })
}

/**
 * `PYFERRY_HOME`, the platform's cache folder, a private one among temporary files; the first that works is used. A home with
 * environments may come with an image, and be there for reading only.
 */
export function cacheFolders(env: NodeJS.ProcessEnv = process.env): string[] {
  const folders: string[] = env.PYFERRY_HOME ? [env.PYFERRY_HOME] : []
  const home = homeFolder()
  if (env.XDG_CACHE_HOME) folders.push(join(env.XDG_CACHE_HOME, 'pyferry'))
  else if (process.platform === 'win32' && env.LOCALAPPDATA) folders.push(join(env.LOCALAPPDATA, 'pyferry'))
  else if (home) folders.push(join(home, process.platform === 'darwin' ? 'Library/Caches' : '.cache', 'pyferry'))
  folders.push(join(tmpdir(), `pyferry-${process.getuid?.() ?? userInfo().username}`))
  return folders
}

function homeFolder(): string | undefined {
  try {
    const home = homedir()
    return home === '/' ? undefined : home || undefined
  } catch {
    // No entry in the user database and no HOME: a container with an arbitrary uid.
    return undefined
  }
}

function materializeIn(cache: string): string {
  mkdirSync(cache, { recursive: true, mode: 0o700 })
  const parent = join(cache, 'w')
  mkdirSync(parent, { recursive: true, mode: 0o700 })
  assertPrivate(cache)
  assertPrivate(parent)
  const folder = join(parent, workerFilesDigest)
  if (isComplete(folder)) return folder

  const token = randomBytes(6).toString('hex')
  const temporary = join(parent, `.${token}.tmp`)
  const replaced = join(parent, `.${token}.old`)
  try {
    writeFiles(temporary)
    for (let attempt = 0; ; attempt += 1) {
      try {
        renameSync(temporary, folder)
        return folder
      } catch (error) {
        // Another process was first, or a damaged folder stands there: that one is moved away whole.
        if (isComplete(folder)) return folder
        if (attempt === 2) throw error
        renameQuietly(folder, replaced)
      }
    }
  } finally {
    rmSync(temporary, { recursive: true, force: true })
    rmSync(replaced, { recursive: true, force: true })
  }
}

/** Python code that another user could change must not run as this one. */
function assertPrivate(folder: string): void {
  const { uid, mode } = statSync(folder)
  const isForeign = process.getuid !== undefined && uid !== process.getuid() && uid !== 0
  if (isForeign || (process.platform !== 'win32' && (mode & 0o022) !== 0)) {
    throw new WorkerFilesError(`${folder} belongs to somebody else or can be written by others`, {
      hint: `chmod 700 ${folder}, or set PYFERRY_HOME`,
    })
  }
}

/** When the folders were changed last that have been found complete, by the outer one. */
const complete = new Map<string, string>()

/**
 * Cleaners of temporary folders remove single old files: every file is looked at, by its size; and again when a name has come or gone since,
 * which changes the folder's time.
 */
function isComplete(folder: string): boolean {
  const times = [folder, join(folder, 'pyferry')].map((each) => lstatQuietly(each)?.mtimeMs).join()
  if (complete.get(folder) === times) return true
  const isWhole = Object.entries(workerFiles).every(([name, text]) => {
    const found = lstatQuietly(join(folder, name))
    return found?.isFile() === true && found.size === Buffer.byteLength(text)
  })
  if (isWhole) complete.set(folder, times)
  return isWhole
}

function lstatQuietly(path: string): Stats | undefined {
  try {
    return lstatSync(path)
  } catch {
    // Not there, or beneath something that is no folder: incomplete either way, and writing tells what is wrong.
    return undefined
  }
}

function writeFiles(folder: string): void {
  // One time for all: a compiled file is valid as long as its source's time and size are.
  const writtenAt = new Date()
  for (const [name, text] of Object.entries(workerFiles)) {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    writeFileSync(path, text, { mode: 0o600 })
    utimesSync(path, writtenAt, writtenAt)
  }
}

function renameQuietly(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
