/**
 * Where `[tool.uv.sources]` says that a dependency comes from. pip, and uv when it is handed bare requirements, would take the
 * same name from the index: another package, perhaps a stranger's. So each is either written into its requirement or refused.
 */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { normaliseName } from '../requirement.js'
import type { Table } from './table.js'

export type UvSource =
  | { kind: 'path'; path: string }
  | { kind: 'url'; url: string }
  /** A member of the same workspace: where that is, only `uv.lock` says. */
  | { kind: 'workspace' }
  /** What no requirement can say; `reason` completes "comes from …". */
  | { kind: 'inexpressible'; reason: string }

/** An index from `[tool.uv]`. */
export interface UvIndex {
  name: string | null
  /** With its login, if it has one: for the environment of a tool, never for a key or a message. */
  url: string
  isDefault: boolean
  /** Used only for the packages that name it. */
  isExplicit: boolean
}

/**
 * Read `[tool.uv.sources]`.
 *
 * @param uv the table `tool.uv`
 * @param folder what paths are relative to
 * @returns by normalised name
 */
export function readUvSources(uv: Table | undefined, folder: string): Record<string, UvSource> {
  const sources = uv?.table('sources')
  return Object.fromEntries(
    sources?.names().map((name) => [normaliseName(name), readSource(sources, name, folder)]) ?? [],
  )
}

/** All files and folders that the sources name by path. */
export function listSourcePaths(sources: Readonly<Record<string, UvSource>>): string[] {
  return Object.values(sources).flatMap((source) => (source.kind === 'path' ? [source.path] : []))
}

/** The URL that stands in a requirement for a source that has one. */
export function urlOfSource(source: UvSource & { kind: 'path' | 'url' }): string {
  return source.kind === 'path' ? pathToFileURL(source.path).href : source.url
}

/** Read `[[tool.uv.index]]` and the older `index-url` and `extra-index-url`; the default one, if any, is the last. */
export function readUvIndexes(uv: Table | undefined): UvIndex[] {
  if (uv === undefined) return []
  const indexes: UvIndex[] = []
  for (const index of uv.tables('index') ?? []) {
    indexes.push({
      name: index.text('name') ?? null,
      url: index.text('url') ?? index.refuse('url', 'a string'),
      isDefault: index.flag('default') ?? false,
      isExplicit: index.flag('explicit') ?? false,
    })
  }
  const plain = { name: null, isExplicit: false }
  for (const url of uv.texts('extra-index-url') ?? []) indexes.push({ ...plain, url, isDefault: false })
  const url = uv.text('index-url')
  if (url !== undefined) indexes.push({ ...plain, url, isDefault: true })
  return indexes
}

function readSource(sources: Table, name: string, folder: string): UvSource {
  const value = sources.value(name)
  const isList = Array.isArray(value)
  if (isList && value.length !== 1) return { kind: 'inexpressible', reason: 'one of several sources' }
  const place = isList ? `${name}[0]` : name
  const source = sources.asTable(place, isList ? value[0] : value) ?? sources.refuse(place, 'a table')
  const condition = ['marker', 'extra', 'group'].find((each) => source.has(each))
  if (condition !== undefined) return { kind: 'inexpressible', reason: `a source with a condition (${condition})` }
  if (source.flag('workspace')) return { kind: 'workspace' }
  const path = source.text('path')
  if (path !== undefined) {
    if (path === '' || path.includes('\0')) source.refuse('path', 'a path')
    return { kind: 'path', path: resolve(folder, path) }
  }
  const url = source.text('url')
  if (url !== undefined) return { kind: 'url', url: withSubdirectory(url, source) }
  const git = source.text('git')
  if (git !== undefined) return { kind: 'url', url: withSubdirectory(gitUrl(git, source), source) }
  if (source.text('index') !== undefined) return { kind: 'inexpressible', reason: 'an index of its own' }
  return source.refuse('', 'a table with one of git, url, path, workspace = true, index', value)
}

/** As PEP 508 has it: `git+https://host/repository@revision`. */
function gitUrl(git: string, source: Table): string {
  const revision = source.text('rev') ?? source.text('tag') ?? source.text('branch')
  const url = git.startsWith('git+') ? git : `git+${git}`
  return revision === undefined ? url : `${url}@${revision}`
}

function withSubdirectory(url: string, source: Table): string {
  const subdirectory = source.text('subdirectory')
  return subdirectory === undefined ? url : `${url}#subdirectory=${subdirectory}`
}
