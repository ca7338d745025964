/** What is to be in an environment, as far as files say it: read once, for the key and for whoever installs. */
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Variables } from './child-environment.js'
import { fingerprint } from './fingerprint.js'
import type { KeyDocument } from './key.js'
import { blankLogins } from './redact.js'
import type { Requirement } from './requirement.js'
import { readRequirementsFiles } from './requirements-file.js'
import type { ResolvedSpec } from './spec.js'

export interface Source {
  /** The part of the key. */
  key: KeyDocument['source']
  /** PEP 508 texts, for pip and `uv pip`. */
  requirements: readonly string[]
  /** Requirements files as the user has them, by absolute path. */
  requirementsFiles: readonly string[]
  /** A project to be installed itself, with these of its extras. */
  project: { folder: string; mode: 'editable' | 'wheel'; extras: readonly string[] } | undefined
  /** The lock file that decides, when one does. */
  lock: { kind: 'uv' | 'pylock' | 'script'; path: string; folder: string } | undefined
  /** The same without its lock file; `undefined` where that cannot be. */
  unlocked: Source | undefined
  pixi: { manifest: string; lock: string | undefined; environment: string } | undefined
  /** What else the Python must be: `requires-python`, `.python-version`, in words of PEP 440. */
  pythonRanges: readonly { range: string; from: string }[]
  /** Where installers run: relative paths inside files start here. */
  workingFolder: string
}

/** Whether anything is installed. */
export function isEmpty({ key, requirements, requirementsFiles }: Source): boolean {
  return key.kind === 'none' && requirements.length === 0 && requirementsFiles.length === 0
}

export interface SourceContext {
  /** The installer's variables, for the files that name some. */
  env: Variables
  /** The current folder. */
  folder: string
  /** Told of what was found beside what was taken. */
  onIgnored(message: string): void
}

/**
 * Read the files that the spec names.
 *
 * @throws SpecError (SOURCE_MISSING, SPEC_INVALID)
 */
export async function readSource(spec: ResolvedSpec, context: SourceContext): Promise<Source> {
  return await readRequirements(spec, context)
}

async function readRequirements(spec: ResolvedSpec, { env, folder }: SourceContext): Promise<Source> {
  const { requirements, requirementsFiles } = spec
  const first = requirementsFiles[0]
  const workingFolder = first === undefined ? folder : dirname(first)
  const closure = await readRequirementsFiles(requirementsFiles, 'requirements', { env, workingFolder })
  const localPaths = [...closure.localPaths, ...requirements.flatMap(localPathOf)].sort()
  return {
    key: {
      kind: requirementsFiles.length > 0 ? 'requirements' : requirements.length > 0 ? 'inline' : 'none',
      files: closure.files,
      packages: requirements.map(({ text }) => keyTextOf(text)).sort(),
      extras: [],
      groups: [],
      project: 'none',
      local: await fingerprintAll(localPaths),
    },
    requirements: requirements.map(({ text }) => text),
    requirementsFiles,
    project: undefined,
    lock: undefined,
    unlocked: undefined,
    pixi: undefined,
    pythonRanges: [],
    workingFolder,
  }
}

function keyTextOf(text: string): string {
  return blankLogins(text).replaceAll('://@', '://')
}

function fingerprintAll(paths: readonly string[]): Promise<{ path: string; fingerprint: string }[]> {
  return Promise.all(paths.map(async (path) => ({ path, fingerprint: await fingerprint(path) })))
}

function localPathOf({ url }: Requirement): string[] {
  if (url === undefined || !/^file:/i.test(url)) return []
  try {
    return [fileURLToPath(url.replace(/#.*$/, ''))]
  } catch {
    // A file URL of another machine: the installer will say what it thinks of it.
    return []
  }
}
