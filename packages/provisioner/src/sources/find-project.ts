/** `project: 'auto'`: the project that a folder belongs to. */
import { stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { tryReadProject } from './project.js'
import { isNoFile } from './source-file.js'
import { foldersAbove } from './workspace.js'

/**
 * Walk up from `start` to the first folder that holds a project as `readProject` finds it, up to the root of the repository (the
 * folder with `.git`) and no further.
 *
 * Outside a repository: up to the user's home folder or the root of the file system, both only when `start` is that folder itself:
 * what lies there by chance is nobody's project. A folder where everybody may put files, as `/tmp`, ends the walk likewise.
 *
 * @param start a folder, or a file in it
 * @param home the user's home folder, the system's by default
 * @returns the folder; `undefined` when there is none
 * @throws as `readProject` when a file on the way is not what it should be
 */
export async function findProject(start: string, { home = tryHome() } = {}): Promise<string | undefined> {
  const folder = await folderOf(resolve(start))
  for (const each of await listFolders(folder, home)) {
    if (await tryReadProject(each)) return each
  }
  return undefined
}

async function listFolders(start: string, home: string | undefined): Promise<string[]> {
  const folders: string[] = []
  for (const folder of [start, ...foldersAbove(start)]) {
    if (folder !== start && (await isForEverybody(folder))) break
    folders.push(folder)
    if (await exists(join(folder, '.git'))) return folders
  }
  const end = folders.findIndex((folder) => folder !== start && (folder === home || folder === dirname(folder)))
  return end < 0 ? folders : folders.slice(0, end)
}

/** A user without an entry in the system's list has none. */
function tryHome(): string | undefined {
  try {
    return resolve(homedir())
  } catch {
    return undefined
  }
}

/** Writable by all, and each may remove only what is theirs: somebody else's `pyproject.toml` may lie there. */
async function isForEverybody(folder: string): Promise<boolean> {
  const found = await tryStat(folder)
  return process.platform !== 'win32' && found !== undefined && (found.mode & 0o1002) === 0o1002
}

async function folderOf(path: string): Promise<string> {
  return (await tryStat(path))?.isFile() ? dirname(path) : path
}

async function exists(path: string): Promise<boolean> {
  return (await tryStat(path)) !== undefined
}

async function tryStat(path: string) {
  try {
    return await stat(path)
  } catch (error) {
    // A folder that may not be looked into holds nothing for us.
    if (isNoFile(error) || (error as NodeJS.ErrnoException).code === 'EACCES') return undefined
    throw error
  }
}
