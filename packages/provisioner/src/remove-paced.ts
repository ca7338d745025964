/** A tree removed folder by folder, so that somebody can wait, or end, in between. */
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isAbsent, removeTree } from './files.js'

/** Awaited between steps. */
export type Pace = () => Promise<void>

export const noPace: Pace = async () => {}

/** Remove a file or a tree, the deepest folders first; links as links, nothing there is fine. */
export async function removePaced(path: string, pace: Pace): Promise<void> {
  for (const folder of await listFolders(path)) await removePaced(join(path, folder), pace)
  await pace()
  await removeTree(path)
}

async function listFolders(path: string): Promise<string[]> {
  try {
    if (!(await lstat(path)).isDirectory()) return []
    const entries = await readdir(path, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  } catch (error) {
    if (isAbsent(error)) return []
    throw error
  }
}
