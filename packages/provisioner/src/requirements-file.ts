/**
 * The files that a requirements file draws in (`-r`, `-c`), as far as the key needs them: their bytes, and what they name by
 * path. Understanding the rest is pip's.
 */
import { dirname, isAbsolute, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Variables } from './child-environment.js'
import { SpecError } from './errors.js'
import { errnoOf, explainSystemError, readNow } from './files.js'
import { sha256 } from './key.js'
import { blankLogins } from './redact.js'

export interface RequirementsClosure {
  /** In reading order, each file once per role. */
  files: { role: 'requirements' | 'constraints'; sha256: string }[]
  /** Files and folders named by path, absolute, sorted: local packages, `--find-links`. */
  localPaths: string[]
}

type Role = RequirementsClosure['files'][number]['role']

/**
 * Read requirements files and what they draw in.
 *
 * @param paths absolute
 * @param workingFolder where pip will run: what local packages are relative to
 * @throws SpecError (SOURCE_MISSING) naming the file and who names it
 */
export async function readRequirementsFiles(
  paths: readonly string[],
  role: Role,
  { env, workingFolder }: { env: Variables; workingFolder: string },
): Promise<RequirementsClosure> {
  const files: RequirementsClosure['files'] = []
  const localPaths = new Set<string>()
  const seen = new Set<string>()
  const visit = async (path: string, role: Role, namedBy: string | undefined): Promise<void> => {
    if (seen.has(`${role} ${path}`)) return
    seen.add(`${role} ${path}`)
    const text = await readSource(path, namedBy)
    files.push({ role, sha256: sha256(blankLogins(text)) })
    for (const reference of listReferences(text, env)) {
      if (reference.kind === 'local') localPaths.add(resolve(workingFolder, reference.path))
      else if (reference.kind === 'links') localPaths.add(resolve(dirname(path), reference.path))
      else await visit(resolve(dirname(path), reference.path), reference.kind, path)
    }
  }
  for (const path of paths) await visit(path, role, undefined)
  return { files, localPaths: [...localPaths].sort() }
}

interface Reference {
  kind: Role | 'local' | 'links'
  path: string
}

/**
 * What the lines of a requirements file name by path. A URL is not followed: its text is in the key, what it leads to may change
 * without our knowing, as for every requirement without a version.
 */
export function listReferences(text: string, env: Variables): Reference[] {
  return joinLines(text)
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .map((line) => expandVariables(line, env))
    .flatMap(parseReference)
}

const OPTIONS: readonly [pattern: RegExp, kind: Reference['kind']][] = [
  [/^(?:-r|--requirement)(?:\s*=\s*|\s*)(.+)$/, 'requirements'],
  [/^(?:-c|--constraint)(?:\s*=\s*|\s*)(.+)$/, 'constraints'],
  [/^(?:-e|--editable)(?:\s*=\s*|\s*)(.+)$/, 'local'],
  [/^(?:-f|--find-links)(?:\s*=\s*|\s*)(.+)$/, 'links'],
]

function parseReference(line: string): Reference[] {
  for (const [pattern, kind] of OPTIONS) {
    const target = pattern.exec(line)?.[1]
    if (target !== undefined) return asPath(unquote(target), kind)
  }
  const afterName = /^[A-Za-z0-9][\w.-]*\s*(?:\[[^\]]*\])?\s*@\s*(file:\S+)/.exec(line)?.[1]
  const isPath = /^(?:\.{1,2}(?:[/\\]|$)|\/|~|file:|[A-Za-z]:[/\\])/.test(line) || /^[^\s;=<>@]+[/\\]/.test(line)
  const isArchive = /^[^\s;]+\.(?:whl|zip|tar\.gz|tgz|tar\.bz2)(?:\s|$)/.test(line)
  if (afterName === undefined && !isPath && !isArchive) return []
  return asPath(afterName ?? line.replace(/\s.*$/, ''), 'local')
}

function asPath(target: string, kind: Reference['kind']): Reference[] {
  if (/^file:/i.test(target)) return [{ kind, path: fileUrlToPath(target) }]
  if (/^[a-z][a-z0-9+.-]+:/i.test(target) && !isAbsolute(target)) return []
  // Extras and a marker follow a path without a blank between.
  return [{ kind, path: kind === 'local' ? target.replace(/(?:\[[^\]]*\])?(?:\s*;.*)?$/, '') : target }]
}

function fileUrlToPath(url: string): string {
  try {
    return fileURLToPath(url.replace(/#.*$/, ''))
  } catch {
    return url.replace(/^file:(?:\/\/)?/i, '')
  }
}

/** A backslash at its end joins a line to the next. */
function joinLines(text: string): string[] {
  return text
    .replace(/^\uFEFF/, '')
    .replace(/\\\r?\n/g, '')
    .split(/\r?\n|\r/)
}

/** `${NAME}`, capitals, digits and `_` only, as pip does; an unknown one stays. */
function expandVariables(line: string, env: Variables): string {
  return line.replace(/\$\{([A-Z0-9_]+)\}/g, (whole, name: string) => env[name] ?? whole)
}

function unquote(text: string): string {
  return /^(["'])(.*)\1$/.exec(text)?.[2] ?? text
}

async function readSource(path: string, namedBy: string | undefined): Promise<string> {
  let text: string | undefined
  try {
    text = readNow(path)
  } catch (error) {
    if (errnoOf(error) !== 'EISDIR') throw explainSystemError(error, path) ?? error
  }
  if (text !== undefined) return text
  const origin = namedBy === undefined ? '' : `, which ${namedBy} names,`
  throw new SpecError('SOURCE_MISSING', `requirements file ${path}${origin} must be a file that is there, and is not`, {
    facts: { path, namedBy },
  })
}
