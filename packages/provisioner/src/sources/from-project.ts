/** A project: its lock file decides alone; without one its dependencies add up with the options. */
import { basename } from 'node:path'
import { pathToFileURL } from 'node:url'
import { SpecError } from '../errors.js'
import { parseDeclaredRequirement } from '../requirement.js'
import type { Source, SourceContext } from '../source.js'
import type { ResolvedSpec } from '../spec.js'
import { assemble, type SourceParts } from './assemble.js'
import { chooseRequirements, validateChoice } from './choose-requirements.js'
import { findProject } from './find-project.js'
import { readPixiSource } from './from-pixi.js'
import { type Project, readProject } from './project.js'

/**
 * Read it.
 *
 * @param place `'auto'`, a folder or a file, see `EnvironmentSpec.project`
 * @throws SpecError (SOURCE_MISSING, SPEC_INVALID), OptionError for unknown extras and groups, UnsafeRequirementError
 */
export async function readProjectSource(place: string, spec: ResolvedSpec, context: SourceContext): Promise<Source> {
  const project = await readProject(place === 'auto' ? await find(context.folder) : place)
  if (project.ignored.length > 0) {
    const taken = [project.manifest, project.lock, ...project.requirementsFiles].filter((path) => path !== undefined)
    const names = (paths: readonly string[]) => paths.map((path) => basename(path)).join(', ')
    context.onIgnored(`of ${project.folder}, ${names(taken)} decides; ${names(project.ignored)} is not read`)
  }
  switch (project.kind) {
    case 'pixi':
      return await readPixiSource({ manifest: project.manifest ?? project.folder, environment: 'default' })
    case 'requirements':
      return await assembleRequirements(project, spec, context)
    case 'pyproject':
      return await assembleUnlocked(project, spec, context)
    case 'uv-lock':
      return await assembleUvLock(project, spec, context)
    case 'pylock':
      return await assemblePylock(project, spec, context)
  }
}

async function find(start: string): Promise<string> {
  const found = await findProject(start)
  if (found !== undefined) return found
  throw new SpecError('SOURCE_MISSING', `no project was found from ${start} upwards`, {
    hint: 'name its folder with the option project',
    facts: { path: start },
  })
}

function assembleRequirements(project: Project, spec: ResolvedSpec, context: SourceContext): Promise<Source> {
  refuseChoice(project, spec, 'requirements files have none')
  return assemble(
    {
      ...sharedParts(project, spec),
      kind: 'requirements',
      requirements: spec.requirements.map(({ text }) => text),
      requirementsFiles: [...project.requirementsFiles, ...spec.requirementsFiles],
    },
    context,
  )
}

function assembleUnlocked(project: Project, spec: ResolvedSpec, context: SourceContext): Promise<Source> {
  const { extras, groups } = validateChoice(project, spec)
  const chosen = chooseRequirements(project, { extras, groups })
  const itself = pathToFileURL(project.folder).href
  const isItself = (text: string) => parseDeclaredRequirement(text).url?.replace(/\/$/, '') === itself
  const installed = projectOf(project, spec, chosen.some(isItself) ? extras : [])
  const requirements = installed ? chosen.filter((text) => !isItself(text)) : chosen
  return assemble(
    {
      ...sharedParts(project, spec),
      kind: 'pyproject',
      files: project.files.filter(({ role }) => role === 'pyproject'),
      requirements: [...new Set([...requirements, ...spec.requirements.map(({ text }) => text)])],
      requirementsFiles: spec.requirementsFiles,
      extras,
      groups,
      project: installed,
    },
    context,
  )
}

async function assembleUvLock(project: Project, spec: ResolvedSpec, context: SourceContext): Promise<Source> {
  const { extras, groups } = validateChoice(project, spec)
  return await assemble(
    {
      ...sharedParts(project, spec),
      kind: 'pyproject',
      files: project.files,
      extras,
      groups,
      project: projectOf(project, spec, extras),
      lock: { kind: 'uv', path: project.lock ?? project.folder, folder: project.folder },
      unlocked: () => tryUnlocked(project, spec, context),
    },
    context,
  )
}

/** `undefined` when only uv, with the lock file, can install it. */
async function tryUnlocked(project: Project, spec: ResolvedSpec, context: SourceContext): Promise<Source | undefined> {
  try {
    return await assembleUnlocked(project, spec, context)
  } catch (error) {
    if (error instanceof SpecError) return undefined
    throw error
  }
}

function assemblePylock(project: Project, spec: ResolvedSpec, context: SourceContext): Promise<Source> {
  refuseChoice(project, spec, 'a pylock.toml is made for one choice of them')
  return assemble(
    {
      ...sharedParts(project, spec),
      kind: 'pylock',
      files: project.files.filter(({ role }) => role === 'pylock'),
      lock: { kind: 'pylock', path: project.lock ?? project.folder, folder: project.folder },
    },
    context,
  )
}

function sharedParts(project: Project, spec: ResolvedSpec): Omit<SourceParts, 'kind'> {
  const { requiresPython, pythonVersion, folder } = project
  const ranges = requiresPython === null ? [] : [{ range: requiresPython, from: `requires-python of ${folder}` }]
  // A Python that is named goes before the one that the project's developers use.
  const pinned =
    pythonVersion === null || spec.python !== 'auto'
      ? []
      : [{ range: pythonVersion, from: `.python-version of ${folder}` }]
  return {
    localPaths: project.localPaths,
    indexes: project.uvIndexes,
    pythonRanges: [...ranges, ...pinned],
    workingFolder: folder,
  }
}

function projectOf(project: Project, { installProject }: ResolvedSpec, extras: readonly string[]): Source['project'] {
  const mode = installProject === 'auto' ? (project.hasBuildSystem ? 'editable' : 'none') : installProject
  return mode === 'none' ? undefined : { folder: project.folder, mode, extras }
}

function refuseChoice(project: Project, spec: ResolvedSpec, why: string): void {
  const option = spec.extras.length > 0 ? 'extras' : spec.groups.length > 0 ? 'groups' : undefined
  if (option === undefined) return
  throw new SpecError('SPEC_INVALID', `${option} must be left out for ${project.folder}: ${why}`, {
    facts: { option, path: project.folder },
  })
}
