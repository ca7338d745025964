/** The private folder as a whole: fit to be used, marked as ours, swept of what crashes left, removed. */
import { constants } from 'node:fs'
import { access, lstat, mkdir, realpath, rmdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { MachineError, SpecError } from './errors.js'
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
  writeWhole,
} from './files.js'
import { generationOf, isGeneration, type Layout, layoutOf, SCHEMA } from './layout.js'
import { isOwnerFile } from './owner-files.js'

/**
 * Make the folder ready to be written: create what is missing, check what is there.
 *
 * @returns its layout, with symbolic links resolved once
 * @throws SpecError (SPEC_INVALID) when the path leads to something that is not a folder
 * @throws MachineError HOME_UNSAFE: it belongs to another user, or its inner folders are links; HOME_INCOMPATIBLE: its HOME.json
 *   is of another version or of something else; PERMISSION_DENIED, HOME_READ_ONLY, DISK_FULL
 */
export async function prepareBaseDir(baseDir: string): Promise<Layout> {
  const path = resolve(baseDir)
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    // EEXIST: there, and not a folder. ENOTDIR: so is one of its parents.
    if (errnoOf(error) === 'EEXIST' || errnoOf(error) === 'ENOTDIR') throw notAFolder(path, error)
    throw explainSystemError(error, path) ?? error
  }
  const layout = layoutOf(await realpath(path))
  await assertOwn(layout)
  try {
    await writeHome(layout)
    for (const folder of [layout.envDir, layout.metaDir]) await makeFolder(folder)
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
export async function findBaseDir(baseDir: string): Promise<Layout> {
  const path = resolve(baseDir)
  try {
    const found = await realpath(path)
    if (!(await stat(found)).isDirectory()) throw notAFolder(path)
    const layout = layoutOf(found)
    await assertOwn(layout)
    return layout
  } catch (error) {
    if (errnoOf(error) === 'ENOTDIR') throw notAFolder(path, error)
    if (isAbsent(error)) return layoutOf(path)
    throw explainSystemError(error, path) ?? error
  }
}

/**
 * Remove what was begun and not finished, and generations that are not the current one. Only for the owner of the folder, while
 * no worker of its own runs from it.
 */
export async function sweepBaseDir(layout: Layout): Promise<void> {
  const current = await tryReadJson(layout.current)
  const kept = (current as { gen?: unknown } | undefined)?.gen
  for (const name of await listNames(layout.envDir)) {
    const isKept = isGeneration(kept) && name === kept
    if (!isKept && (generationOf(name) !== undefined || isTemporary(name))) await removeTree(join(layout.envDir, name))
  }
  for (const name of await listNames(layout.baseDir)) {
    if (isTemporary(name)) await removeTree(join(layout.baseDir, name))
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
    if ((await tryRead(layout.home)) !== undefined) await removeOurs(layout)
    await removeIfEmpty(layout.baseDir)
  } catch (error) {
    throw explainSystemError(error, layout.baseDir) ?? error
  }
}

async function removeOurs(layout: Layout): Promise<void> {
  // The pointer first: what is taken apart must not look whole to anybody.
  await removeTree(layout.current)
  const inEnv = (name: string) => generationOf(name) !== undefined || isTemporary(name)
  const inMeta = (name: string) => isOwnerFile(name) || name.endsWith('.log') || isTemporary(name)
  await removeNames(layout.envDir, inEnv)
  await removeNames(layout.metaDir, inMeta)
  await removeTree(layout.home)
  await removeNames(layout.baseDir, isTemporary)
}

async function removeNames(folder: string, isOurs: (name: string) => boolean): Promise<void> {
  if (!(await isDirectoryItself(folder))) return
  for (const name of await listNames(folder)) {
    if (isOurs(name)) await removeTree(join(folder, name))
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

/** That the folder is this user's, and what an earlier owner wrote is of our version. */
async function assertOwn(layout: Layout): Promise<void> {
  await assertOwnUser(layout.baseDir)
  const text = await tryRead(layout.home)
  if (text === undefined) return
  const schema = (await tryReadJson(layout.home)) as { schema?: unknown } | undefined
  if (schema?.schema === SCHEMA) return
  throw new MachineError(
    'HOME_INCOMPATIBLE',
    `${layout.home} must say "schema":${SCHEMA}, not ${JSON.stringify(text.slice(0, 80))}`,
    { facts: { path: layout.home, expected: SCHEMA, received: schema?.schema } },
  )
}

async function assertOwnUser(path: string): Promise<void> {
  const user = process.geteuid?.()
  const { uid } = await lstat(path)
  // Windows has no such ids.
  if (user === undefined || uid === user) return
  throw new MachineError('HOME_UNSAFE', `${path} must belong to this user (${user}), not to user ${uid}`, {
    facts: { path, expected: user, received: uid },
  })
}

/** A link would lead the sweep out of the folder. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
    if (await isDirectoryItself(path)) return
    throw new MachineError('HOME_UNSAFE', `${path} must be a folder, not a link or a file`, {
      hint: 'remove it, or choose another baseDir',
      facts: { path },
    })
  }
}

async function writeHome(layout: Layout): Promise<void> {
  // Not writable is told now, by its own name, rather than in the middle of a build.
  if ((await tryRead(layout.home)) !== undefined) return access(layout.baseDir, constants.W_OK | constants.X_OK)
  await writeWhole(layout.home, `${JSON.stringify({ schema: SCHEMA })}\n`)
}

function notAFolder(path: string, cause?: unknown): SpecError {
  return new SpecError('SPEC_INVALID', `baseDir ${path} must be a folder, or absent, and is neither`, {
    cause,
    hint: 'give the path of a folder; a missing one is created',
    facts: { path },
  })
}
