/** The text of a file that somebody else wrote: there or not, of a bearable size, UTF-8. */
import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats, statSync } from 'node:fs'
import { MachineError, SpecError } from '../errors.js'
import { errnoOf, isAbsent } from '../files.js'

/** A file of a source that decides what the environment contains. */
export interface SourceFile {
  /** As in the key: `pyproject`, `uv-lock`, `pylock`, `pixi`, `pixi-lock`, `config`, `script`, `script-lock`. */
  role: SourceRole
  /** Absolute. */
  path: string
  /** May hold logins: what is hashed, shown or written has them blanked. */
  text: string
}

export type SourceRole = 'pyproject' | 'uv-lock' | 'pylock' | 'pixi' | 'pixi-lock' | 'config' | 'script' | 'script-lock'

/** Far beyond any lock file; a text in memory takes up to twice that, and its tables more. */
const MAX_BYTES = 32 * 1024 * 1024

/**
 * Read a text file. A mark of the byte order is left out. At once: a hit reads a few of these, and each of the four steps would
 * take longer by way of another thread than a file of this kind takes altogether.
 *
 * @returns `undefined` when no file is there: nothing, a folder, a pipe, a link to nowhere or to itself
 * @throws SpecError (SPEC_INVALID) when it is too large or not UTF-8
 * @throws MachineError (PERMISSION_DENIED)
 */
export async function tryReadText(path: string): Promise<string | undefined> {
  let file: number
  try {
    // Not blocking: the wait for the other end of a pipe would have no end.
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    if (isNoFile(error)) return undefined
    throw explainUnreadable(error, path)
  }
  try {
    const found = fstatSync(file)
    const { size } = found
    if (!found.isFile()) return undefined
    if (size > MAX_BYTES) throw invalidFile(path, `must have at most ${MAX_BYTES} bytes, and has ${size}`)
    return decode(readFileSync(file), path)
  } finally {
    closeSync(file)
  }
}

/**
 * Read a text file that was named.
 *
 * @throws SpecError (SOURCE_MISSING) when no file is there; and as `tryReadText`
 */
export async function readText(path: string, what: string): Promise<string> {
  const text = await tryReadText(path)
  if (text === undefined) throw missingFile(path, what)
  return text
}

/** @returns `undefined` when nothing is there. @throws MachineError (PERMISSION_DENIED) */
export async function tryStat(path: string): Promise<Stats | undefined> {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    if (isNoFile(error)) return undefined
    throw explainUnreadable(error, path)
  }
}

export function missingFile(path: string, what: string): SpecError {
  return new SpecError('SOURCE_MISSING', `${what} ${path} must be a file that is there, and is not`, {
    facts: { path },
  })
}

export function invalidFile(path: string, problem: string): SpecError {
  return new SpecError('SPEC_INVALID', `${path} ${problem}`, { facts: { path }, hint: 'name another file, or mend it' })
}

export function explainUnreadable(error: unknown, path: string): unknown {
  if (!['EACCES', 'EPERM'].includes(errnoOf(error) ?? '')) return error
  return new MachineError('PERMISSION_DENIED', `${path} must be readable by this user, and is not`, {
    cause: error,
    facts: { path },
    hint: 'change its permissions, or name another',
  })
}

export function isNoFile(error: unknown): boolean {
  return isAbsent(error) || ['ELOOP', 'EISDIR', 'ENAMETOOLONG', 'ENXIO'].includes(errnoOf(error) ?? '')
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw invalidFile(path, 'must be UTF-8, and is not')
  }
}
