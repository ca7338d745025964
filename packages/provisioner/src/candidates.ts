/** The interpreters that an answer to "which Python?" may be, in order, as the disk shows them; nothing is started. */
import { accessSync, closeSync, constants, openSync, readSync, realpathSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import type { Variables } from './child-environment.js'
import { errnoOf } from './files.js'
import { tryParsePythonRange } from './version.js'

/** A file that may be a Python, with what shows whether it is still the same. */
export interface Candidate {
  /** Absolute, links as they are: a virtual environment's Python is one. */
  path: string
  realPath: string
  size: number
  mtimeMs: number
  /** A script in front of an interpreter: what it stands for depends on folder, variables and version files. */
  isShim: boolean
}

/** How the option `python` is meant. */
export type PythonWish =
  | { kind: 'auto' }
  | { kind: 'range' }
  | { kind: 'path'; path: string }
  | { kind: 'name'; name: string }

/** `'auto'`, a range (`'>=3.11'`, `'3.11'`), a path (anything with a separator) or a name on PATH. */
export function parsePythonWish(python: string): PythonWish {
  if (python === 'auto') return { kind: 'auto' }
  if (tryParsePythonRange(python)) return { kind: 'range' }
  const isPath = python.includes('/') || (process.platform === 'win32' && /[\\:]/.test(python))
  return isPath ? { kind: 'path', path: resolve(python) } : { kind: 'name', name: python }
}

/**
 * List candidates lazily: of a path that one, of a name the first on PATH; else `python3`, `python` (on Windows `py` too), and
 * after these `python3.x`, newest first, and then what uv has fetched. One that is refused is the caller's to skip.
 */
export async function* listCandidates(
  python: string,
  { env, listManaged }: { env: Variables; listManaged?: (() => Promise<Candidate[]>) | undefined },
): AsyncGenerator<Candidate> {
  const wish = parsePythonWish(python)
  if (wish.kind === 'path') {
    const candidate = tryCandidate(wish.path)
    if (candidate) yield candidate
    return
  }
  const folders = pathFolders(env)
  if (wish.kind === 'name') {
    yield* findOnPath(wish.name, folders)
    return
  }
  const seen = new Set<string>()
  for (const name of process.platform === 'win32' ? ['python3', 'python', 'py'] : ['python3', 'python']) {
    for await (const candidate of findOnPath(name, folders)) {
      seen.add(candidate.path)
      yield candidate
    }
  }
  for (const path of await listVersioned(folders)) {
    const candidate = seen.has(path) ? undefined : tryCandidate(path)
    if (candidate) yield candidate
  }
  if (listManaged) yield* await listManaged()
}

/**
 * What the disk shows at `path`; `undefined` when nothing there can be started. Looked at on the spot: every hit does so, and a few
 * system calls take less time than handing them to another thread.
 */
export function tryCandidate(path: string): Candidate | undefined {
  try {
    accessSync(path, constants.X_OK)
    const found = statSync(path)
    if (!found.isFile()) return undefined
    const { size, mtimeMs } = found
    return { path, realPath: realpathSync.native(path), size, mtimeMs, isShim: isScript(path) }
  } catch (error) {
    // Absent, dangling, not executable, in a folder nobody may look into: no candidate in any of these cases.
    if (errnoOf(error) !== undefined) return undefined
    throw error
  }
}

/** The first of its name: a later one is another user's wish. */
async function* findOnPath(name: string, folders: readonly string[]): AsyncGenerator<Candidate> {
  const endings = process.platform === 'win32' && !/\.exe$/i.test(name) ? ['.exe'] : ['']
  for (const folder of folders) {
    for (const ending of endings) {
      const candidate = tryCandidate(join(folder, `${name}${ending}`))
      if (!candidate || isStoreStub(candidate)) continue
      yield candidate
      return
    }
  }
}

/** The folders of PATH. A relative entry would make the choice depend on the current folder. */
export function pathFolders(env: Variables): string[] {
  const path = env.PATH ?? env.Path ?? ''
  return path.split(delimiter).filter((folder) => folder.startsWith('/') || /^[A-Za-z]:/.test(folder))
}

async function listVersioned(folders: readonly string[]): Promise<string[]> {
  const found: { path: string; minor: number }[] = []
  for (const folder of folders) {
    const names = await readdir(folder).catch(() => [])
    for (const name of names) {
      const minor = /^python3\.(\d+)(?:\.exe)?$/.exec(name)?.[1]
      if (minor !== undefined) found.push({ path: join(folder, name), minor: Number(minor) })
    }
  }
  // Stable: of one version the first on PATH stays the first.
  return found.sort((left, right) => right.minor - left.minor).map(({ path }) => path)
}

/** Whether it begins with `#!`. */
function isScript(path: string): boolean {
  const file = openSync(path, 'r')
  try {
    const start = Buffer.alloc(2)
    return readSync(file, start, 0, 2, 0) === 2 && start[0] === 0x23 && start[1] === 0x21
  } finally {
    closeSync(file)
  }
}

/** Windows' placeholder for a Python, when one is on PATH. */
export function findStoreStub(env: Variables): string | undefined {
  if (process.platform !== 'win32') return undefined
  const paths = pathFolders(env).flatMap((folder) => ['python3.exe', 'python.exe'].map((name) => join(folder, name)))
  return paths.find((path) => {
    const candidate = tryCandidate(path)
    return candidate && isStoreStub(candidate)
  })
}

/** It is an empty file that opens the shop. */
function isStoreStub({ size }: Candidate): boolean {
  return process.platform === 'win32' && size === 0
}
