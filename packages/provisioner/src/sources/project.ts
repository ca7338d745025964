/** What the files of a project say its environment should contain, as plain data. Nothing is imported, nothing is run. */
import { basename, dirname, join, resolve } from 'node:path'
import { SpecError } from '../errors.js'
import { type LockFacts, readPylock, scanUvLock } from './lock-file.js'
import { readPixiManifest } from './pixi-manifest.js'
import { listCandidates, listFolder, REQUIREMENTS_FILES } from './project-folder.js'
import { type Pyproject, tryReadPyproject } from './pyproject.js'
import { readPythonVersion } from './python-version.js'
import { missingFile, readText, type SourceFile, tryReadText, tryStat } from './source-file.js'
import { listSourcePaths, type UvIndex, type UvSource } from './uv-sources.js'
import { findWorkspaceRoot } from './workspace.js'

export interface Project {
  /** Absolute. */
  folder: string
  kind: 'uv-lock' | 'pylock' | 'pyproject' | 'requirements' | 'pixi'
  /**
   * All files that decide, in reading order: of a workspace's member its own `pyproject.toml`, then the root's, then the lock file,
   * then `uv.toml`. Of a project of requirements files none: their closure is another question.
   */
  files: SourceFile[]
  /** The project's `pyproject.toml` or `pixi.toml`, absolute. */
  manifest: string | undefined
  /** Absolute. */
  lock: string | undefined
  /** The first of them that is there, absolute; empty for every other kind. */
  requirementsFiles: string[]
  /** What is also there and was not read, absolute: a lock file of another tool, a requirements file beside a `pyproject.toml`. */
  ignored: string[]
  /** Where the lock file and `uv.toml` lie: `folder`, or the root of the uv workspace. */
  root: string
  /** Clauses of PEP 440: what the project and its lock file ask for, together. */
  requiresPython: string | null
  /** Of `.python-version` beside the project, else at the root: the first line that is a version or a range. */
  pythonVersion: string | null
  /** Normalised. */
  name: string | null
  /**
   * As they are written, as `extras` and `groups`: only what `chooseRequirements` makes of them may reach a tool. `null` when they
   * are dynamic: only building the project tells.
   */
  dependencies: string[] | null
  /** By normalised name. */
  extras: Record<string, string[]>
  /** Any name may be an extra; only building the project tells. */
  hasDynamicExtras: boolean
  /** By normalised name, each with what it includes of others. */
  groups: Record<string, string[]>
  /** Whether the project itself is something to install. */
  hasBuildSystem: boolean
  /** What `[tool.uv.sources]` says, by normalised name; a member of a workspace inherits its root's. */
  uvSources: Record<string, UvSource>
  uvIndexes: UvIndex[]
  /** The folders of local packages that the lock file names, by normalised name. */
  localPackages: Record<string, string>
  /**
   * Files and folders named by path, absolute and sorted: sources of `[tool.uv.sources]`, what the lock file names (other members of
   * the workspace, folders of wheels). Without the project itself.
   */
  localPaths: string[]
}

/**
 * Read a project.
 *
 * In a folder the first of these decides: `pyproject.toml` with `uv.lock` (a workspace's lies at its root); `pylock.toml`;
 * `pyproject.toml` with `[project]`; a requirements file; `pixi.toml`, or `[tool.pixi]`. The path of a `pyproject.toml`,
 * `uv.lock`, `pylock.toml` (or `pylock.<name>.toml`) or `pixi.toml` narrows this to what it names.
 *
 * @param path a folder, or one of those files
 * @throws SpecError (SOURCE_MISSING) when nothing of that is there, listing what was looked for; (SPEC_INVALID) for a file that is
 *   not what it should be, naming it and the line or field
 * @throws MachineError (PERMISSION_DENIED)
 */
export async function readProject(path: string): Promise<Project> {
  const place = await locate(resolve(path))
  const project = await tryReadProject(place.folder, place.named)
  if (project) return project
  const looked = ['pyproject.toml', 'uv.lock', 'pylock.toml', ...REQUIREMENTS_FILES, 'pixi.toml']
  throw new SpecError('SOURCE_MISSING', `${place.folder} must hold a project, and has none of ${looked.join(', ')}`, {
    facts: { path: place.folder, looked },
    hint: 'check the path; a pyproject.toml counts when it has [project] or [tool.pixi], or a lock file beside it',
  })
}

/**
 * As `readProject`.
 *
 * @param named the file to go by; without it, the first that decides
 * @returns `undefined` when the folder holds none
 */
export async function tryReadProject(folder: string, named?: string): Promise<Project | undefined> {
  const names = await listFolder(folder)
  const candidates = await listCandidates(folder, names)
  const pyproject = names.has('pyproject.toml') ? await tryReadPyproject(join(folder, 'pyproject.toml')) : undefined
  const project = await choose(folder, named, candidates, pyproject)
  if (project) {
    const taken = [project.manifest, project.lock, ...project.requirementsFiles]
    project.ignored = candidates.map((name) => join(folder, name)).filter((path) => !taken.includes(path))
  }
  return project
}

async function choose(
  folder: string,
  named: string | undefined,
  candidates: readonly string[],
  pyproject: Pyproject | undefined,
): Promise<Project | undefined> {
  if (named === 'pixi.toml') return readPixiProject(join(folder, named))
  if (named !== undefined && PYLOCK.test(named)) return readPylockProject(folder, named, pyproject)
  const root = pyproject && (await findWorkspaceRoot(pyproject))
  const lock = pyproject && (await tryReadUvLock(root?.folder ?? folder))
  if (pyproject && lock) return readUvProject(pyproject, root, lock)
  if (named === 'uv.lock') throw missingFile(join(folder, pyproject ? named : 'pyproject.toml'), 'the file')
  if (named === undefined && candidates.includes('pylock.toml'))
    return readPylockProject(folder, 'pylock.toml', pyproject)
  if (pyproject?.hasProject) return readPlainProject(pyproject, root)
  if (named === undefined) {
    const requirements = REQUIREMENTS_FILES.find((name) => candidates.includes(name))
    if (requirements !== undefined) return readRequirementsProject(folder, requirements)
    if (candidates.includes('pixi.toml')) return readPixiProject(join(folder, 'pixi.toml'))
  }
  if (pyproject?.hasPixi) return readPixiProject(pyproject.path)
  if (pyproject && named !== undefined) {
    throw new SpecError(
      'SPEC_INVALID',
      `${pyproject.path} must have [project] or [tool.pixi], or a lock file beside it`,
      {
        facts: { path: pyproject.path },
        hint: 'name the folder, or another file',
      },
    )
  }
  return undefined
}

const PYLOCK = /^pylock(?:\.[^.]+)?\.toml$/

async function locate(path: string): Promise<{ folder: string; named?: string }> {
  const found = await tryStat(path)
  if (found?.isDirectory()) return { folder: path }
  if (!found?.isFile()) {
    throw new SpecError('SOURCE_MISSING', `project ${path} must be a folder or a file that is there, and is not`, {
      facts: { path },
    })
  }
  const named = basename(path)
  if (['pyproject.toml', 'uv.lock', 'pixi.toml'].includes(named) || PYLOCK.test(named)) {
    return { folder: dirname(path), named }
  }
  throw new SpecError(
    'SPEC_INVALID',
    `project ${path} must be a folder, or the path of a pyproject.toml, uv.lock, pylock.toml or pixi.toml`,
    { facts: { path }, hint: 'a requirements file is named by the option requirementsFile, a script by script' },
  )
}

async function readUvProject(pyproject: Pyproject, root: Pyproject | undefined, lock: SourceFile): Promise<Project> {
  const project = await readPlainProject(pyproject, root)
  const { requiresPython, packages, localPaths } = scanUvLock(lock.text, lock.path)
  return withLock({ ...project, kind: 'uv-lock' }, lock, { requiresPython, packages, localPaths })
}

async function readPylockProject(folder: string, name: string, pyproject: Pyproject | undefined): Promise<Project> {
  const path = join(folder, name)
  const lock: SourceFile = { role: 'pylock', path, text: await readText(path, 'the lock file') }
  const project = pyproject ? await readPlainProject(pyproject, undefined) : await emptyProject(folder)
  return withLock({ ...project, kind: 'pylock' }, lock, readPylock(lock.text, path))
}

/** The lock file stands after the manifests and before the configuration. */
function withLock(project: Project, lock: SourceFile, { requiresPython, packages, localPaths }: LockFacts): Project {
  const isConfig = ({ role }: SourceFile) => role === 'config'
  return {
    ...project,
    lock: lock.path,
    files: [...project.files.filter((file) => !isConfig(file)), lock, ...project.files.filter(isConfig)],
    requiresPython: joinRanges(project.requiresPython, requiresPython),
    localPackages: packages,
    localPaths: sortPaths([...project.localPaths, ...localPaths], project.folder),
  }
}

async function readPlainProject(pyproject: Pyproject, workspaceRoot: Pyproject | undefined): Promise<Project> {
  const { folder, path } = pyproject
  const root = workspaceRoot ?? pyproject
  const manifests = root === pyproject ? [pyproject] : [pyproject, root]
  const uvSources = { ...root.uvSources, ...pyproject.uvSources }
  return {
    ...(await emptyProject(folder, root.folder)),
    kind: 'pyproject',
    files: [
      ...manifests.map(({ path, text }): SourceFile => ({ role: 'pyproject', path, text })),
      ...(await readConfig(folder, root.folder)),
    ],
    manifest: path,
    requiresPython: pyproject.requiresPython,
    name: pyproject.name,
    dependencies: pyproject.dependencies,
    extras: pyproject.extras,
    hasDynamicExtras: pyproject.hasDynamicExtras,
    groups: pyproject.groups,
    hasBuildSystem: pyproject.hasBuildSystem,
    uvSources,
    // uv reads these where the workspace begins, and nowhere else.
    uvIndexes: root.uvIndexes,
    localPaths: sortPaths(listSourcePaths(uvSources), folder),
  }
}

async function readRequirementsProject(folder: string, name: string): Promise<Project> {
  return { ...(await emptyProject(folder)), requirementsFiles: [join(folder, name)] }
}

async function readPixiProject(path: string): Promise<Project> {
  const { folder, files, lock, localPaths } = await readPixiManifest(path)
  return {
    ...(await emptyProject(folder)),
    kind: 'pixi',
    files,
    manifest: path,
    lock,
    localPaths: sortPaths(
      localPaths.map((each) => each.path),
      folder,
    ),
  }
}

async function emptyProject(folder: string, root = folder): Promise<Project> {
  return {
    ...{
      folder,
      root,
      kind: 'requirements',
      files: [],
      manifest: undefined,
      lock: undefined,
      requirementsFiles: [],
      ignored: [],
    },
    ...{ requiresPython: null, pythonVersion: await readPythonVersion(folder, root), name: null, dependencies: [] },
    ...{ extras: {}, hasDynamicExtras: false, groups: {}, hasBuildSystem: false, uvSources: {}, uvIndexes: [] },
    ...{ localPackages: {}, localPaths: [] },
  }
}

async function tryReadUvLock(folder: string): Promise<SourceFile | undefined> {
  const path = join(folder, 'uv.lock')
  const text = await tryReadText(path)
  return text === undefined ? undefined : { role: 'uv-lock', path, text }
}

async function readConfig(...folders: string[]): Promise<SourceFile[]> {
  for (const folder of new Set(folders)) {
    const path = join(folder, 'uv.toml')
    const text = await tryReadText(path)
    if (text !== undefined) return [{ role: 'config', path, text }]
  }
  return []
}

function joinRanges(...ranges: (string | null)[]): string | null {
  const clauses = ranges.flatMap((range) => range?.split(',').map((clause) => clause.trim()) ?? [])
  return clauses.length > 0 ? [...new Set(clauses)].join(',') : null
}

function sortPaths(paths: readonly string[], except: string): string[] {
  return [...new Set(paths)].filter((path) => path !== except).sort()
}
