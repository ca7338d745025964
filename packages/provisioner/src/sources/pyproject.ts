/** What a `pyproject.toml` says of a project, without a look at anything else. */
import { dirname } from 'node:path'
import { TextReader } from '../text-reader.js'
import { parseClause } from '../version.js'
import { resolveGroups } from './dependency-groups.js'
import { assertName } from './names.js'
import { tryReadText } from './source-file.js'
import type { Table } from './table.js'
import { parseToml } from './toml.js'
import { readUvIndexes, readUvSources, type UvIndex, type UvSource } from './uv-sources.js'

export interface Pyproject {
  path: string
  folder: string
  text: string
  hasProject: boolean
  hasPixi: boolean
  /** Normalised. */
  name: string | null
  requiresPython: string | null
  /** `null` when they are dynamic. */
  dependencies: string[] | null
  extras: Record<string, string[]>
  /** The extras are found out only by building the project. */
  hasDynamicExtras: boolean
  groups: Record<string, string[]>
  hasBuildSystem: boolean
  uvSources: Record<string, UvSource>
  uvIndexes: UvIndex[]
  /** `[tool.uv.workspace]`: patterns of folders. */
  workspace: { members: string[]; exclude: string[] } | undefined
}

/** @returns `undefined` when the file is absent. @throws SpecError (SPEC_INVALID) */
export async function tryReadPyproject(path: string): Promise<Pyproject | undefined> {
  const text = await tryReadText(path)
  return text === undefined ? undefined : parsePyproject(text, path)
}

export function parsePyproject(text: string, path: string): Pyproject {
  const root = parseToml(text, path)
  const folder = dirname(path)
  const project = root.table('project')
  const tool = root.table('tool')
  const uv = tool?.table('uv')
  const dynamic = project?.texts('dynamic') ?? []
  const workspace = uv?.table('workspace')
  return {
    ...{ path, folder, text },
    hasProject: project !== undefined,
    hasPixi: tool?.has('pixi') ?? false,
    name: readName(project),
    requiresPython: readRequiresPython(project),
    dependencies: dynamic.includes('dependencies') ? null : (project?.texts('dependencies') ?? []),
    extras: readExtras(project),
    hasDynamicExtras: dynamic.includes('optional-dependencies'),
    groups: addDevDependencies(resolveGroups(root.table('dependency-groups')), uv),
    // uv's own switch is stronger than what it would conclude.
    hasBuildSystem: uv?.flag('package') ?? root.has('build-system'),
    uvSources: readUvSources(uv, folder),
    uvIndexes: readUvIndexes(uv),
    workspace: workspace && { members: workspace.texts('members') ?? [], exclude: workspace.texts('exclude') ?? [] },
  }
}

/**
 * Read a field `requires-python`: clauses of PEP 440 with commas between; `null` when absent or empty, which allows every Python.
 *
 * @throws SpecError (SPEC_INVALID)
 */
export function readRequiresPython(table: Table | undefined): string | null {
  const text = table?.text('requires-python')?.trim() ?? ''
  if (table === undefined || text === '') return null
  const reader = new TextReader(text, (expected, position) =>
    table.refuse('requires-python', `a range such as ">=3.10,<3.14" (expected ${expected} at position ${position})`),
  )
  do {
    reader.skipBlanks()
    parseClause(reader)
    reader.skipBlanks()
  } while (reader.tryText(','))
  reader.expectEnd('the end')
  return text
}

function readName(project: Table | undefined): string | null {
  const name = project?.text('name')
  return project === undefined || name === undefined ? null : assertName(project, name, 'a project')
}

function readExtras(project: Table | undefined): Record<string, string[]> {
  const extras = project?.table('optional-dependencies')
  const byName = new Map<string, string[]>()
  for (const name of extras?.names() ?? []) {
    const normalised = assertName(extras as Table, name, 'an extra')
    if (byName.has(normalised)) (extras as Table).refuse(name, 'the only extra of its name')
    byName.set(normalised, (extras as Table).texts(name) as string[])
  }
  return Object.fromEntries(byName)
}

/** `[tool.uv] dev-dependencies` is what uv had before groups; it counts them to the group `dev`. */
function addDevDependencies(groups: Record<string, string[]>, uv: Table | undefined): Record<string, string[]> {
  const older = uv?.texts('dev-dependencies')
  return older === undefined ? groups : { ...groups, dev: [...new Set([...(groups.dev ?? []), ...older])] }
}
