/** Folders that are ours to write in: a home or a private folder, belonging to this user and marked with our version. */
import { constants, lstatSync, realpathSync, type Stats } from 'node:fs'
import { access, chmod, lstat, mkdir, realpath } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { MachineError, SpecError } from './errors.js'
import { errnoOf, explainSystemError, isAbsent, parseJson, readNow, writeWhole } from './files.js'
import { SCHEMA } from './layout.js'
import { makeFolders } from './make-folders.js'

export interface FolderRules {
  /** The option that names the folder, for messages. */
  option: 'home' | 'baseDir'
  /** Path of the file in it that says which version it is of. */
  markerOf(folder: string): string
  /** Whether what the system's administrator made may be read: an environment that came with an image. */
  mayBelongToRoot: boolean
  /** Whether writing is taken from others, who could put an interpreter of theirs there. */
  isClosedToOthers: boolean
}

/**
 * Make the folder, which may be there, ready to be written.
 *
 * @returns its path, with symbolic links resolved once
 * @throws SpecError (SPEC_INVALID) when the path leads to something that is not a folder
 * @throws MachineError HOME_UNSAFE, HOME_INCOMPATIBLE, PERMISSION_DENIED, HOME_READ_ONLY, DISK_FULL
 */
export async function prepareFolder(folder: string, rules: FolderRules): Promise<string> {
  const path = resolve(folder)
  try {
    await makeFolders(path)
  } catch (error) {
    // EEXIST: there, and not a folder. ENOTDIR: so is one of its parents.
    if (errnoOf(error) === 'EEXIST' || errnoOf(error) === 'ENOTDIR') throw notAFolder(path, rules, error)
    throw explainSystemError(error, path) ?? error
  }
  const found = await realpath(path)
  assertOwnUser(found, lstatSync(found), { ...rules, mayBelongToRoot: false })
  assertVersion(found, rules)
  try {
    if (rules.isClosedToOthers) await closeToOthers(found)
    await writeMarker(found, rules)
  } catch (error) {
    throw explainSystemError(error, found) ?? error
  }
  return found
}

/**
 * The path of a folder that may not be there, for reading only; links are resolved when it is.
 *
 * @throws MachineError HOME_UNSAFE, HOME_INCOMPATIBLE; SpecError SPEC_INVALID
 */
export async function findFolder(folder: string, rules: FolderRules): Promise<string> {
  const path = resolve(folder)
  try {
    // At once: every hit looks here.
    const found = realpathSync.native(path)
    const stats = lstatSync(found)
    if (!stats.isDirectory()) throw notAFolder(path, rules)
    assertOwnUser(found, stats, rules)
    assertVersion(found, rules)
    return found
  } catch (error) {
    if (errnoOf(error) === 'ENOTDIR') throw notAFolder(path, rules, error)
    if (isAbsent(error)) return await resolveAbsent(path)
    if (errnoOf(error) === 'EACCES') throw notReadable(path, rules, error)
    throw explainSystemError(error, path) ?? error
  }
}

/** Where a folder will be that is not there yet: the links above it are resolved as they will be when it is. */
async function resolveAbsent(path: string): Promise<string> {
  const parent = dirname(path)
  if (parent === path) return path
  try {
    return join(await realpath(parent), basename(path))
  } catch (error) {
    if (!isAbsent(error)) throw explainSystemError(error, parent) ?? error
    return join(await resolveAbsent(parent), basename(path))
  }
}

/** The collector removes the folder of a key that is no more, and may do so between our making it and looking at it. */
const MAX_ATTEMPTS = 10

/** Make a folder within one of ours. A link would lead a sweep out of it. @throws MachineError (HOME_UNSAFE), system errors */
export async function makeInnerFolder(path: string, option: FolderRules['option']): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await mkdir(path, { mode: 0o700 })
      return
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error
      const found = lstatSync(path, { throwIfNoEntry: false })
      if (found?.isDirectory()) return
      if (found) throw notItself(path, option)
      if (attempt === MAX_ATTEMPTS) throw error
    }
  }
}

function notItself(path: string, option: FolderRules['option']): MachineError {
  return new MachineError('HOME_UNSAFE', `${path} must be a folder, not a link or a file`, {
    hint: `remove it, or choose another ${option}`,
    facts: { path },
  })
}

function assertVersion(folder: string, { markerOf }: FolderRules): void {
  const marker = markerOf(folder)
  const text = readNow(marker)
  if (text === undefined) return
  const schema = (parseJson(text) as { schema?: unknown } | undefined | null)?.schema
  if (schema === SCHEMA) return
  throw new MachineError(
    'HOME_INCOMPATIBLE',
    `${marker} must say "schema":${SCHEMA}, not ${JSON.stringify(text.slice(0, 80))}`,
    { facts: { path: marker, expected: SCHEMA, received: schema } },
  )
}

function assertOwnUser(path: string, { uid, mode }: Stats, { mayBelongToRoot }: FolderRules): void {
  const user = process.geteuid?.()
  // Windows has no such ids.
  if (user === undefined || uid === user) return
  const isRootsAlone = uid === 0 && (mode & 0o022) === 0
  if (mayBelongToRoot && isRootsAlone) return
  throw new MachineError('HOME_UNSAFE', `${path} must belong to this user (${user}), not to user ${uid}`, {
    facts: { path, expected: user, received: uid },
  })
}

/** Reading may be left to them. */
async function closeToOthers(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const { mode } = await lstat(path)
  if ((mode & 0o022) !== 0) await chmod(path, mode & 0o755)
}

async function writeMarker(folder: string, { markerOf }: FolderRules): Promise<void> {
  const marker = markerOf(folder)
  // Not writable is told now, by its own name, rather than in the middle of a build.
  if (readNow(marker) !== undefined) return access(folder, constants.W_OK | constants.X_OK)
  await writeWhole(marker, `${JSON.stringify({ schema: SCHEMA })}\n`)
}

/** Nothing was written yet: so it is not the writing that is wanting. */
function notReadable(path: string, { option }: FolderRules, cause: unknown): MachineError {
  return new MachineError('PERMISSION_DENIED', `${path} must be readable by this user, and is not`, {
    cause,
    hint: `let this user read it (chmod -R a+rX), or choose another ${option}`,
    facts: { path },
  })
}

function notAFolder(path: string, { option }: FolderRules, cause?: unknown): SpecError {
  return new SpecError('SPEC_INVALID', `${option} ${path} must be a folder, or absent, and is neither`, {
    cause,
    hint: 'give the path of a folder; a missing one is created',
    facts: { path },
  })
}
