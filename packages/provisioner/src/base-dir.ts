/** The private folder as a whole: fit to be used, swept of what crashes left, removed. */
import { rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { removeTemporaryOf } from './build-temporary.js'
import {
  errnoOf,
  explainSystemError,
  isAbsent,
  isDirectoryItself,
  isTemporary,
  listNames,
  removeTree,
  tryRead,
  tryReadJson,
} from './files.js'
import {
  type BaseDirLayout,
  baseDirLayout,
  generationLayout,
  generationOf,
  isGeneration,
  type KeyFolder,
} from './layout.js'
import { type FolderRules, findFolder, makeInnerFolder, prepareFolder } from './own-folder.js'
import { isOwnerFile } from './owner-files.js'

const RULES: FolderRules = {
  option: 'baseDir',
  markerOf: (folder) => baseDirLayout(folder).marker,
  mayBelongToRoot: false,
  isClosedToOthers: false,
}

/**
 * Make the folder ready to be written: create what is missing, check what is there.
 *
 * @returns its layout, with symbolic links resolved once
 * @throws SpecError (SPEC_INVALID) when the path leads to something that is not a folder
 * @throws MachineError HOME_UNSAFE: it belongs to another user, or its inner folders are links; HOME_INCOMPATIBLE: its HOME.json
 *   is of another version or of something else; PERMISSION_DENIED, HOME_READ_ONLY, DISK_FULL
 */
export async function prepareBaseDir(baseDir: string): Promise<BaseDirLayout> {
  const layout = baseDirLayout(await prepareFolder(baseDir, RULES))
  try {
    for (const folder of [layout.key.folder, layout.metaDir]) await makeInnerFolder(folder, 'baseDir')
  } catch (error) {
    throw explainSystemError(error, layout.baseDir) ?? error
  }
  return layout
}

/**
 * The layout of a folder that may not be there, for reading only.
 *
 * @throws MachineError HOME_UNSAFE, HOME_INCOMPATIBLE; SpecError SPEC_INVALID
 */
export async function findBaseDir(baseDir: string): Promise<BaseDirLayout> {
  return baseDirLayout(await findFolder(baseDir, RULES))
}

/** Where `claimBaseDir` says that tails and logs go, known before. */
export function metaDirOf(baseDir: string): string {
  return baseDirLayout(baseDir).metaDir
}

/**
 * Remove what was begun and not finished, and generations that are not the current one. Only for the owner of the folder, while
 * no worker of its own runs from it.
 */
export async function sweepBaseDir(layout: BaseDirLayout): Promise<void> {
  const current = await tryReadJson(layout.key.current)
  const kept = (current as { gen?: unknown } | undefined)?.gen
  for (const name of await listNames(layout.key.folder)) {
    const isKept = isGeneration(kept) && name === kept
    if (!isKept && (generationOf(name) !== undefined || isTemporary(name))) await removeEntry(layout.key, name)
  }
  for (const folder of [layout.baseDir, layout.probesDir]) {
    for (const name of await listNames(folder)) {
      if (isTemporary(name)) await removeTree(join(folder, name))
    }
  }
}

/**
 * Remove what is ours in `baseDir`, and the folder itself when it is then empty. Files that are not ours stay; a link is removed,
 * never followed. Nothing there is fine. Does not ask who owns the folder: claim it first.
 *
 * @throws MachineError PERMISSION_DENIED, HOME_READ_ONLY; HOME_UNSAFE when the folder belongs to another user;
 *   HOME_INCOMPATIBLE when another version made it
 */
export async function removeBaseDir(baseDir: string): Promise<void> {
  const layout = await findBaseDir(baseDir)
  try {
    if ((await tryRead(layout.marker)) !== undefined) await removeOurs(layout)
    await removeIfEmpty(layout.baseDir)
  } catch (error) {
    throw explainSystemError(error, layout.baseDir) ?? error
  }
}

async function removeOurs(layout: BaseDirLayout): Promise<void> {
  // The pointer first: what is taken apart must not look whole to anybody.
  await removeTree(layout.key.current)
  const inEnv = (name: string) => generationOf(name) !== undefined || isTemporary(name)
  for (const file of [layout.key.spec, layout.key.failed]) await removeTree(file)
  const inMeta = (name: string) => isOwnerFile(name) || name.endsWith('.log') || isTemporary(name)
  await removeTree(layout.probesDir)
  await removeNames(layout.key.folder, inEnv, (name) => removeEntry(layout.key, name))
  await removeNames(layout.metaDir, inMeta)
  await removeTree(layout.marker)
  await removeNames(layout.baseDir, isTemporary)
}

/** What a build that was killed has elsewhere goes first: the entry may be the mark that tells where that is. */
async function removeEntry(key: KeyFolder, name: string): Promise<void> {
  const gen = generationOf(name)
  if (gen !== undefined) await removeTemporaryOf(generationLayout(key, gen))
  await removeTree(join(key.folder, name))
}

async function removeNames(
  folder: string,
  isOurs: (name: string) => boolean,
  remove = (name: string) => removeTree(join(folder, name)),
): Promise<void> {
  if (!(await isDirectoryItself(folder))) return
  for (const name of await listNames(folder)) {
    if (isOurs(name)) await remove(name)
  }
  await removeIfEmpty(folder)
}

async function removeIfEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder)
  } catch (error) {
    // Where somebody else's files are (EEXIST on some systems), or nothing is, there is nothing to do.
    if (!isAbsent(error) && !['ENOTEMPTY', 'EEXIST'].includes(errnoOf(error) ?? '')) throw error
  }
}
