/** What a pixi manifest says: enough for the key, and for refusing to copy one that needs its folder. Pixi understands the rest. */
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SpecError } from '../errors.js'
import { blankLogins } from '../redact.js'
import { readRequiresPython } from './pyproject.js'
import { readText, type SourceFile, tryReadText, tryStat } from './source-file.js'
import type { Table } from './table.js'
import { parseToml } from './toml.js'

export interface PixiManifest {
  /** Of `pixi.toml`, or of a `pyproject.toml` with `[tool.pixi]`; absolute. */
  path: string
  folder: string
  /** `pixi.lock` beside it when that is there, absolute. */
  lock: string | undefined
  /** What decides, for the key. */
  files: SourceFile[]
  /** All names, `default` first. */
  environments: string[]
  /** What each environment asks of its Python, as conda or pip write it; `null` for nothing. */
  pythons: Record<string, string | null>
  /** Every channel in order, its login or token blanked. */
  channels: string[]
  requiresPixi: string | null
  /** What stands beside the manifest, so that a copy of it alone would not do; `path` is absolute. */
  localPaths: { field: string; path: string }[]
}

/**
 * Read a pixi manifest.
 *
 * @param path of a `pixi.toml`, of a `pyproject.toml`, or of their folder, where `pixi.toml` goes first, as pixi has it
 * @throws SpecError (SOURCE_MISSING) when no manifest is there; (SPEC_INVALID) for what is not TOML, or not of the type it must have
 */
export async function readPixiManifest(path: string): Promise<PixiManifest> {
  const manifest = await findManifest(resolve(path))
  const text = await readText(manifest, 'the pixi manifest')
  const root = parseToml(text, manifest)
  const isPyproject = basename(manifest) === 'pyproject.toml'
  const pixi = isPyproject ? root.table('tool')?.table('pixi') : root
  if (pixi === undefined) {
    throw new SpecError('SOURCE_MISSING', `${manifest} must have a table [tool.pixi], and has none`, {
      facts: { path: manifest },
      hint: 'name a pixi.toml, or a pyproject.toml with [tool.pixi]',
    })
  }
  const folder = dirname(manifest)
  const lock = join(folder, 'pixi.lock')
  const lockText = await tryReadText(lock)
  const files: SourceFile[] = [{ role: 'pixi', path: manifest, text }]
  if (lockText !== undefined) files.push({ role: 'pixi-lock', path: lock, text: lockText })
  const environments = readEnvironments(pixi)
  const projectPython = isPyproject ? readRequiresPython(root.table('project')) : null
  return {
    ...{ path: manifest, folder, lock: lockText === undefined ? undefined : lock, files },
    environments: environments.map(({ name }) => name),
    pythons: Object.fromEntries(
      environments.map((each) => [
        each.name,
        joinRanges([...(each.hasDefault ? [projectPython] : []), ...readPythons(pixi, each)]),
      ]),
    ),
    channels: listChannels(pixi).map(({ channel }) => blankChannel(channel)),
    requiresPixi: workspaceOf(pixi)?.text('requires-pixi') ?? null,
    localPaths: listLocalPaths(pixi, folder),
  }
}

interface PixiEnvironment {
  name: string
  features: string[]
  hasDefault: boolean
}

async function findManifest(path: string): Promise<string> {
  if (!(await tryStat(path))?.isDirectory()) return path
  const own = join(path, 'pixi.toml')
  if ((await tryReadText(own)) !== undefined) return own
  const pyproject = join(path, 'pyproject.toml')
  return (await tryReadText(pyproject)) === undefined ? own : pyproject
}

/** `[workspace]`, in older manifests `[project]`. */
function workspaceOf(pixi: Table): Table | undefined {
  return pixi.table('workspace') ?? pixi.table('project')
}

/** `prod = ["web"]` or `prod = { features = ["web"], no-default-feature = true }`. */
function readEnvironments(pixi: Table): PixiEnvironment[] {
  const table = pixi.table('environments')
  const environments = new Map<string, PixiEnvironment>([
    ['default', { name: 'default', features: [], hasDefault: true }],
  ])
  for (const name of table?.names() ?? []) {
    const environment = table as Table
    const long = environment.asTable(name, environment.value(name))
    environments.set(name, {
      name,
      features: (long ? long.texts('features') : environment.texts(name)) ?? [],
      hasDefault: !(long?.flag('no-default-feature') ?? false),
    })
  }
  return [...environments.values()]
}

/** The manifest's own tables are the feature `default`; each feature may have tables for some platforms. */
function listScopes(pixi: Table): { feature: string; scope: Table }[] {
  const features = [['default', pixi] as const, ...pixi.tablesByName('feature')]
  return features.flatMap(([feature, table]) =>
    [table, ...table.tablesByName('target').map(([, target]) => target)].map((scope) => ({ feature, scope })),
  )
}

function readPythons(pixi: Table, { features, hasDefault }: PixiEnvironment): (string | null)[] {
  return listScopes(pixi)
    .filter(({ feature }) => (feature === 'default' ? hasDefault : features.includes(feature)))
    .map(({ scope }) => {
      const dependencies = scope.table('dependencies')
      const value = dependencies?.value('python')
      const long = dependencies?.asTable('python', value)
      return (long ? long.text('version') : dependencies?.text('python')) ?? null
    })
}

function joinRanges(ranges: readonly (string | null)[]): string | null {
  const said = ranges.filter((range) => range !== null && range !== '*')
  return said.length > 0 ? [...new Set(said)].join(',') : null
}

/** A channel is a name, an address, a path, or a table with one of these. */
function listChannels(pixi: Table): { field: string; channel: string }[] {
  const workspace = workspaceOf(pixi)
  const owners = [...(workspace ? [workspace] : []), ...pixi.tablesByName('feature').map(([, feature]) => feature)]
  return owners.flatMap((owner) =>
    (owner.list('channels') ?? []).map((value, index) => {
      const place = `channels[${index}]`
      const channel = typeof value === 'string' ? value : owner.asTable(place, value)?.text('channel')
      return { field: owner.nameOf(place), channel: channel ?? owner.refuse(place, 'a channel', value) }
    }),
  )
}

/** A token is a part of the path: `https://host/t/<token>/channel`. */
function blankChannel(channel: string): string {
  return blankLogins(channel).replace(/\/t\/[^/]+/, '/t/***')
}

const DEPENDENCIES = [
  'dependencies',
  'host-dependencies',
  'build-dependencies',
  'run-dependencies',
  'pypi-dependencies',
]

function listLocalPaths(pixi: Table, folder: string): PixiManifest['localPaths'] {
  const found: PixiManifest['localPaths'] = []
  const add = (owner: Table, name: string, path: string) => {
    if (path.includes('\0')) owner.refuse(name, 'a path without NUL', path)
    found.push({ field: owner.nameOf(name), path: resolve(folder, path) })
  }
  for (const { field, channel } of listChannels(pixi)) {
    const path = localPathOf(channel)
    if (path !== undefined) found.push({ field, path: resolve(folder, path) })
  }
  for (const { scope } of listScopes(pixi)) {
    for (const table of DEPENDENCIES.map((name) => scope.table(name))) {
      for (const name of table?.names() ?? []) {
        const dependency = table?.asTable(name, table.value(name))
        const path = dependency?.text('path') ?? localPathOf(dependency?.text('url') ?? '')
        if (dependency && path !== undefined) add(dependency, dependency.has('path') ? 'path' : 'url', path)
      }
    }
    const activation = scope.table('activation')
    for (const [index, script] of (activation?.texts('scripts') ?? []).entries()) {
      add(activation as Table, `scripts[${index}]`, script)
    }
  }
  for (const owner of [pixi, workspaceOf(pixi), ...pixi.tablesByName('feature').map(([, feature]) => feature)]) {
    for (const place of owner?.table('pypi-options')?.tables('find-links') ?? []) {
      const path = place.text('path')
      if (path !== undefined) add(place, 'path', path)
    }
  }
  // The manifest is itself a package to build, from the folder it stands in.
  if (pixi.has('package')) add(pixi, 'package', '.')
  return found
}

/** A name of a channel has neither a leading dot nor a root; an address has a scheme. */
function localPathOf(text: string): string | undefined {
  if (/^file:/i.test(text)) {
    try {
      return fileURLToPath(text)
    } catch {
      return undefined
    }
  }
  return /^(?:\.{1,2}(?:[/\\]|$)|\/|~|[A-Za-z]:[/\\])/.test(text) ? text : undefined
}
