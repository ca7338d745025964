/** What a lock file says of this machine: the folders and files it names by path, and the Python it is for. */
import { dirname, resolve } from 'node:path'
import { normaliseName } from '../requirement.js'
import { readRequiresPython } from './pyproject.js'
import { invalidField } from './table.js'
import { parseToml } from './toml.js'

export interface LockFacts {
  requiresPython: string | null
  /** Local packages by normalised name, absolute. */
  packages: Record<string, string>
  /** Everything named by path, absolute: the local packages, archives, folders of wheels. */
  localPaths: string[]
}

/**
 * The head of each `[[package]]` as uv writes it. Read by its lines, not as TOML: only uv writes this file, always in this form, it has
 * megabytes, and it is read at every hit (1.3 MB: 0.5 ms, against 30 ms as TOML).
 */
const PACKAGE =
  /^\[\[package\]\]\r?\nname = "([^"]*)"\r?\n(?:version = [^\n]*\n)?source = \{ (editable|virtual|directory|path|registry) = ("(?:[^"\\\n]|\\.)*")/gm
const REQUIRES_PYTHON = /^requires-python = "([^"\n]*)"/m

/** Read `uv.lock`. */
export function scanUvLock(text: string, path: string): LockFacts {
  const facts: LockFacts = { requiresPython: null, packages: {}, localPaths: [] }
  const firstPackage = text.indexOf('[[package]]')
  facts.requiresPython = REQUIRES_PYTHON.exec(firstPackage < 0 ? text : text.slice(0, firstPackage))?.[1] ?? null
  const packages = new Map<string, string>()
  const paths = new Set<string>()
  for (const [, name = '', kind, quoted = ''] of text.matchAll(PACKAGE)) {
    const target = unquote(quoted)
    if (kind === 'registry' && /^[a-z][a-z0-9+.-]+:\/\//i.test(target)) continue
    if (target.includes('\0')) throw invalidField(path, `source of ${name}`, 'must be a path, and holds a NUL')
    const found = resolve(dirname(path), target)
    paths.add(found)
    if (kind !== 'registry') packages.set(normaliseName(name), found)
  }
  return { ...facts, packages: Object.fromEntries(packages), localPaths: [...paths] }
}

/**
 * Read `pylock.toml` (PEP 751). Many tools write it, so it is read as TOML, but only as much as has a path in it.
 *
 * @throws SpecError (SPEC_INVALID)
 */
export function readPylock(text: string, path: string): LockFacts {
  const start = text.search(/^\[\[packages\]\]/m)
  const hasPath = /\bpath["']?[ \t]*=/.test(text)
  const lock = parseToml(hasPath || start < 0 ? text : text.slice(0, start), path)
  const packages = new Map<string, string>()
  const paths = new Set<string>()
  for (const each of lock.tables('packages') ?? []) {
    const places = [each.table('directory'), each.table('vcs'), each.table('archive'), each.table('sdist')]
    for (const place of [...places, ...(each.tables('wheels') ?? [])]) {
      const target = place?.text('path')
      if (place === undefined || target === undefined) continue
      if (target.includes('\0')) place.refuse('path', 'a path without NUL')
      const found = resolve(dirname(path), target)
      paths.add(found)
      const name = each.text('name')
      if (place === places[0] && name !== undefined) packages.set(normaliseName(name), found)
    }
  }
  return { requiresPython: readRequiresPython(lock), packages: Object.fromEntries(packages), localPaths: [...paths] }
}

function unquote(text: string): string {
  try {
    return JSON.parse(text) as string
  } catch {
    // An escape that JSON does not have (\U0001F600): nothing that a path needs.
    return text.slice(1, -1)
  }
}
