/** A folder with its parents, and the system's own reason when it cannot be. */
import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errnoOf } from './files.js'

/**
 * Make the folder and those above it, private to this user; one that is there is left as it is.
 *
 * @throws the system's error. Node's recursive `mkdir` says ENOENT of a disk that is mounted for reading only (it asks whether the
 *   folder is there, and reports that answer); this says EROFS.
 */
export async function makeFolders(path: string): Promise<void> {
  for (;;) {
    try {
      await mkdir(path, { recursive: true, mode: 0o700 })
      return
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error
      // One folder at a time it is told the truth. Made after all: somebody else was quicker with the rest, so once more.
      await mkdir(await findFirstMissing(path), { mode: 0o700 })
    }
  }
}

async function findFirstMissing(path: string): Promise<string> {
  const parent = dirname(path)
  const isThere = await stat(parent).then(
    () => true,
    () => false,
  )
  return isThere || parent === path ? path : findFirstMissing(parent)
}
