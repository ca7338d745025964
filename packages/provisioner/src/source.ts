/** What is to be in an environment, as far as files say it: read once, for the key and for whoever installs. */
import type { Variables } from './child-environment.js'
import { SpecError } from './errors.js'
import type { PythonRange } from './find-python.js'
import type { KeyDocument } from './key.js'
import { readPixiSource } from './sources/from-pixi.js'
import { readProjectSource } from './sources/from-project.js'
import { readRequirementsSource } from './sources/from-requirements.js'
import { readScriptSource } from './sources/from-script.js'
import type { ResolvedSpec } from './spec.js'

export interface Source {
  /** The part of the key. */
  key: KeyDocument['source']
  /** PEP 508 texts, for pip and `uv pip`; a login in a URL is kept where it stands in a file of the user's. */
  requirements: readonly string[]
  /** Requirements files as the user has them, by absolute path. */
  requirementsFiles: readonly string[]
  /** A project to be installed itself, with these of its extras. */
  project: { folder: string; mode: 'editable' | 'wheel'; extras: readonly string[] } | undefined
  /** The lock file that decides, when one does. */
  lock: LockFile | undefined
  /** Read the same without its lock file, for whoever cannot read that; `undefined` where that cannot be. */
  unlocked: (() => Promise<Source | undefined>) | undefined
  pixi: { manifest: string; lock: string | undefined; environment: string } | undefined
  /** What else the Python must be: `requires-python`, `.python-version`. */
  pythonRanges: readonly PythonRange[]
  /** Indexes that a project names for itself; the options go before them. */
  indexes: { main: string | undefined; extra: readonly string[] }
  /** Where installers run: relative paths inside files start here. */
  workingFolder: string
  /** The files that were read, absolute, for people. */
  paths: readonly string[]
}

export interface LockFile {
  kind: 'uv' | 'pylock' | 'script'
  path: string
  /** Of the project, or of the script. */
  folder: string
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
 * @throws SpecError SOURCE_MISSING; SPEC_INVALID, also for requirements that stand beside a lock file
 * @throws OptionError for an extra or a group that the project does not have
 * @throws UnsafeRequirementError for a requirement in a file of the project's that is none
 */
export async function readSource(spec: ResolvedSpec, context: SourceContext): Promise<Source> {
  const source = await readNamed(spec, context)
  const named = [
    ...(spec.requirements.length > 0 ? ['requirements'] : []),
    ...(spec.requirementsFiles.length > 0 ? ['requirementsFile'] : []),
  ]
  if (!source.lock || named.length === 0) return source
  throw new SpecError(
    'SPEC_INVALID',
    `${named.join(' and ')} must be left out beside ${source.lock.path}, which is complete`,
    {
      hint: 'add them to the project and lock it again, or name the pyproject.toml of a project without a lock file',
      facts: { options: named, lock: source.lock.path },
    },
  )
}

/** Whether anything is installed. */
export function isEmpty({ key, requirements, requirementsFiles, lock, project, pixi }: Source): boolean {
  const isNamed = lock ?? project ?? pixi
  return !isNamed && requirements.length === 0 && requirementsFiles.length === 0 && key.kind !== 'pylock'
}

function readNamed(spec: ResolvedSpec, context: SourceContext): Promise<Source> {
  if (spec.pixi) return readPixiSource(spec.pixi)
  if (spec.script !== undefined) return readScriptSource(spec.script, spec, context)
  if (spec.project !== undefined) return readProjectSource(spec.project, spec, context)
  return readRequirementsSource(spec, context)
}
