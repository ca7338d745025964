/**
 * What files take on the disk. Installers share files between environments and their cache by hard links, so that the sum of the sizes
 * says little: an inode is counted once in a tally, however many names it has.
 */
import type { Stats } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { isAbsent, listNames } from './files.js'

export interface DiskUse {
  /** The sizes of all files, in bytes, each name counted. */
  logical: number
  /** What is allocated for them, in bytes, each inode counted once. Files that share blocks in another way (reflinks) cannot be told. */
  physical: number
}

export const NO_DISK_USE: Readonly<DiskUse> = { logical: 0, physical: 0 }

/**
 * - `'first'`: an inode counts where its first name is met. The sum is what all of them take together.
 * - `'last'`: an inode counts where the last of its names is met, and not at all while one is elsewhere. The sum is what the disk gets
 *   back when all of them are removed.
 */
export type CountedName = 'first' | 'last'

export class DiskTally {
  readonly #counted: CountedName
  /** Names met of inodes that have several. */
  readonly #met = new Map<string, number>()

  constructor(counted: CountedName) {
    this.#counted = counted
  }

  /** Count a file or a tree; nothing there is fine. Links are counted as links. */
  async add(path: string, pace: () => Promise<void> = async () => {}): Promise<DiskUse> {
    const found = await tryStat(path)
    return found ? await this.#addFound(path, found, pace) : { ...NO_DISK_USE }
  }

  async #addFound(path: string, found: Stats, pace: () => Promise<void>): Promise<DiskUse> {
    const use = { logical: found.isDirectory() ? 0 : found.size, physical: this.#physicalOf(found) }
    if (!found.isDirectory()) return use
    await pace()
    const paths = (await listNames(path)).map((name) => join(path, name))
    const entries = await Promise.all(paths.map(async (each) => ({ path: each, found: await tryStat(each) })))
    for (const entry of entries) {
      if (entry.found) addUse(use, await this.#addFound(entry.path, entry.found, pace))
    }
    return use
  }

  #physicalOf(found: Stats): number {
    // Windows does not tell blocks.
    const allocated = found.blocks === undefined || process.platform === 'win32' ? found.size : found.blocks * 512
    if (found.isDirectory() || found.nlink <= 1) return allocated
    const inode = `${found.dev}:${found.ino}`
    const met = (this.#met.get(inode) ?? 0) + 1
    this.#met.set(inode, met)
    return met === (this.#counted === 'first' ? 1 : found.nlink) ? allocated : 0
  }
}

export function addUse(sum: DiskUse, { logical, physical }: DiskUse): DiskUse {
  sum.logical += logical
  sum.physical += physical
  return sum
}

/** `undefined`: gone in the meantime. */
async function tryStat(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path)
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}
