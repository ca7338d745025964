/** The parts of a source put together: what was read, what is added to it by the options, and the part of the key. */
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fingerprint, fingerprintTree } from '../fingerprint.js'
import { type FileRole, type SourceKind, sha256 } from '../key.js'
import { blankLogins } from '../redact.js'
import { parseDeclaredRequirement } from '../requirement.js'
import { readRequirementsFiles } from '../requirements-file.js'
import type { LockFile, Source, SourceContext } from '../source.js'
import type { UvIndex } from './uv-sources.js'

export interface SourceParts {
  kind: SourceKind
  /** What decides, in reading order; requirements files are read here. */
  files?: readonly { role: FileRole; path: string; text: string }[]
  /** PEP 508 texts that were checked. */
  requirements?: readonly string[]
  /** Absolute. */
  requirementsFiles?: readonly string[]
  extras?: readonly string[]
  groups?: readonly string[]
  project?: Source['project']
  lock?: LockFile
  unlocked?: Source['unlocked']
  pixi?: Source['pixi']
  localPaths?: readonly string[]
  pythonRanges?: Source['pythonRanges']
  indexes?: readonly UvIndex[]
  /** @default the folder of the first requirements file, else the current folder */
  workingFolder?: string
}

/** @throws SpecError (SOURCE_MISSING) for a requirements file, or one that it names */
export async function assemble(parts: SourceParts, { env, folder }: SourceContext): Promise<Source> {
  const { files = [], requirements = [], requirementsFiles = [], project, localPaths = [], indexes = [] } = parts
  const first = requirementsFiles[0]
  const workingFolder = parts.workingFolder ?? (first === undefined ? folder : dirname(first))
  const closure = await readRequirementsFiles(requirementsFiles, 'requirements', { env, workingFolder })
  const local = [...new Set([...localPaths, ...closure.localPaths, ...requirements.flatMap(localPathOf)])]
  return {
    key: {
      kind: parts.kind,
      files: [...files.map(({ role, text }) => ({ role, sha256: sha256(blankLogins(text)) })), ...closure.files],
      packages: requirements.map(keyTextOf).sort(),
      extras: [...(parts.extras ?? [])],
      groups: [...(parts.groups ?? [])],
      project: project?.mode ?? 'none',
      local: await fingerprintAll(local, project),
    },
    requirements,
    requirementsFiles,
    project,
    lock: parts.lock,
    unlocked: parts.unlocked,
    pixi: parts.pixi,
    pythonRanges: parts.pythonRanges ?? [],
    indexes: {
      main: indexes.find(({ isDefault }) => isDefault)?.url,
      extra: indexes.filter(({ isDefault, isExplicit }) => !isDefault && !isExplicit).map(({ url }) => url),
    },
    workingFolder,
    paths: [...files.map(({ path }) => path), ...requirementsFiles],
  }
}

function keyTextOf(text: string): string {
  return blankLogins(text).replaceAll('://@', '://')
}

/** Of a project that is installed as a wheel every file counts; an editable one is what it is at each start. */
async function fingerprintAll(
  paths: readonly string[],
  project: Source['project'],
): Promise<{ path: string; fingerprint: string }[]> {
  const others = paths.filter((path) => path !== project?.folder).map((path) => ({ path, take: fingerprint }))
  const own = project && { path: project.folder, take: project.mode === 'wheel' ? fingerprintTree : fingerprint }
  const all = own ? [...others, own] : others
  const taken = await Promise.all(all.map(async ({ path, take }) => ({ path, fingerprint: await take(path) })))
  return taken.sort((left, right) => (left.path < right.path ? -1 : 1))
}

function localPathOf(text: string): string[] {
  // Hardly ever, and reading each a second time is a good part of a hit.
  if (!/@\s*file:/i.test(text)) return []
  const { url } = parseDeclaredRequirement(text)
  if (url === undefined || !/^file:/i.test(url)) return []
  try {
    return [fileURLToPath(url.replace(/#.*$/, ''))]
  } catch {
    // A file URL of another machine: the installer will say what it thinks of it.
    return []
  }
}
