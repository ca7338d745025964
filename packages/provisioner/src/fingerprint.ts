/** What shows that a file or folder named by path is another than before, without reading all of it. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isAbsent } from './files.js'
import { sha256 } from './key.js'

/** Of a source folder, the files whose change can change what an installation from it is. */
const PROJECT_FILES = ['pyproject.toml', 'setup.py', 'setup.cfg']

/**
 * Fingerprint a file by size and time, a project's folder by those of its project files, any other folder by those of all its
 * files. `'absent'` when nothing is there.
 */
export async function fingerprint(path: string): Promise<string> {
  const found = await tryStat(path)
  if (!found) return 'absent'
  if (!found.isDirectory()) return sha256(describe('', found))
  const project = await describeAll(path, PROJECT_FILES)
  return project.length > 0 ? sha256(project.join('\n')) : fingerprintFolder(path)
}

/** Fingerprint a folder by the sorted names, sizes and times of the files in it. */
export async function fingerprintFolder(path: string): Promise<string> {
  const names = await readdir(path).catch((error: unknown) => {
    if (isAbsent(error)) return []
    throw error
  })
  return sha256((await describeAll(path, names.sort())).join('\n'))
}

async function describeAll(folder: string, names: readonly string[]): Promise<string[]> {
  const described = await Promise.all(
    names.map(async (name) => {
      const found = await tryStat(join(folder, name))
      return found ? [describe(name, found)] : []
    }),
  )
  return described.flat()
}

function describe(name: string, { size, mtimeMs }: { size: number; mtimeMs: number }): string {
  return `${name} ${size} ${mtimeMs}`
}

async function tryStat(path: string) {
  try {
    return await stat(path)
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}
