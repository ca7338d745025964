/** What shows that a file or folder named by path is another than before, without reading all of it. */
import { statSync } from 'node:fs'
import { readdir, readlink, stat } from 'node:fs/promises'
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
  // At once, as every hit does: these few take less time than handing them to another thread.
  const found = tryStatNow(path)
  if (!found) return 'absent'
  if (!found.isDirectory()) return sha256(describe('', found))
  const project = PROJECT_FILES.flatMap((name) => {
    const file = tryStatNow(join(path, name))
    return file ? [describe(name, file)] : []
  })
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

/**
 * Fingerprint a project that is installed as a wheel by the sorted paths, sizes and times of all files of its source tree, as far as
 * they may get into the wheel: not those of version control and other folders with a leading dot, of builds, of virtual
 * environments. Links are not followed: one counts by what it says. `'absent'` when no folder is there.
 */
export async function fingerprintTree(folder: string): Promise<string> {
  const files = await describeTree(folder, '')
  return files === undefined ? 'absent' : sha256(JSON.stringify(files.sort()))
}

const UNPACKED = new Set(['__pycache__', 'node_modules', 'dist', 'build'])

/** @returns `undefined` when the folder is absent, or is a virtual environment below the first */
async function describeTree(folder: string, prefix: string): Promise<string[] | undefined> {
  const entries = await tryList(folder)
  if (entries === undefined) return undefined
  if (prefix !== '' && entries.some(({ name }) => name === 'pyvenv.cfg')) return undefined
  const described = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name)
      const name = `${prefix}${entry.name}`
      if (entry.isSymbolicLink()) return [`${name} -> ${await readlink(path)}`]
      if (!entry.isDirectory()) return describeAll(folder, [entry.name]).then((all) => all.map((each) => prefix + each))
      return isUnpacked(entry.name) ? [] : ((await describeTree(path, `${name}/`)) ?? [])
    }),
  )
  return described.flat()
}

function isUnpacked(name: string): boolean {
  return name.startsWith('.') || UNPACKED.has(name) || name.endsWith('.egg-info')
}

async function tryList(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
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

function tryStatNow(path: string) {
  try {
    return statSync(path)
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

async function tryStat(path: string) {
  try {
    return await stat(path)
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}
