/**
 * A dependency as a project's or script's file declares it, made into requirements that may reach a tool: checked to its last
 * character, with its path made absolute and its source of `[tool.uv.sources]` written into it.
 *
 * A login in a URL is the author's to write there, so it is kept for the tool (whoever hashes, shows or writes the text down blanks
 * it); in errors it is blanked.
 */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { SpecError, UnsafeRequirementError } from '../errors.js'
import { parseDeclaredRequirement, type Requirement } from '../requirement.js'
import { type UvSource, urlOfSource } from './uv-sources.js'

export interface DeclarationContext {
  /** Where the dependency stands. */
  file: string
  /** What its relative paths start at. */
  folder: string
  uvSources: Readonly<Record<string, UvSource>>
  /** Members of the workspace, by normalised name. */
  localPackages: Readonly<Record<string, string>>
}

/**
 * Read a dependency.
 *
 * @param field its place in the file, for errors
 * @throws UnsafeRequirementError naming the file and the field
 * @throws SpecError (SPEC_INVALID) when its source cannot be said in a requirement
 */
export function readDeclaredRequirement(text: string, field: string, context: DeclarationContext): Requirement {
  const { requirement, source } = readWithSource(text, field, context)
  if (source === undefined) return requirement
  const { name, extras, marker } = requirement
  const url = tryResolveSource(source, name, context) ?? refuseSource(source, name, field, context)
  return parse(formatUrlRequirement({ name, extras, url, marker }), field, context.file)
}

/** Whether its source can be said in a requirement. @throws UnsafeRequirementError as `readDeclaredRequirement` */
export function isExpressible(text: string, field: string, context: DeclarationContext): boolean {
  const { requirement, source } = readWithSource(text, field, context)
  return source === undefined || tryResolveSource(source, requirement.name, context) !== undefined
}

function readWithSource(text: string, field: string, { folder, file, uvSources }: DeclarationContext) {
  const requirement = parse(withAbsolutePath(text, folder), field, file)
  const hasSource = requirement.url === undefined && Object.hasOwn(uvSources, requirement.name)
  return { requirement, source: hasSource ? uvSources[requirement.name] : undefined }
}

/** `name[extra] @ url ; marker`. */
export function formatUrlRequirement({
  name,
  extras,
  url,
  marker,
}: {
  name: string
  extras: readonly string[]
  url: string
  marker?: string | undefined
}): string {
  const subject = extras.length > 0 ? `${name}[${extras.join(',')}]` : name
  return marker === undefined ? `${subject} @ ${url}` : `${subject} @ ${url} ; ${marker}`
}

/** The requirement, for when all of `conditions` (markers) hold too. */
export function withConditions(requirement: Requirement, conditions: readonly string[]): Requirement {
  const { text, url, marker } = requirement
  if (conditions.length === 0) return requirement
  const subject = marker === undefined ? text : text.slice(0, -marker.length).replace(/ ?; $/, '')
  const all = conjoin(marker === undefined ? conditions : [...conditions, marker])
  return parseDeclaredRequirement(url === undefined ? `${subject}; ${all}` : `${subject} ; ${all}`)
}

/** One marker of several; `undefined` of none. */
export function conjoin(markers: readonly string[]): string | undefined {
  return markers.length < 2 ? markers[0] : markers.map((marker) => `(${marker})`).join(' and ')
}

function tryResolveSource(source: UvSource, name: string, { localPackages }: DeclarationContext): string | undefined {
  if (source.kind === 'path' || source.kind === 'url') return urlOfSource(source)
  if (source.kind === 'inexpressible' || !Object.hasOwn(localPackages, name)) return undefined
  return pathToFileURL(localPackages[name] as string).href
}

function refuseSource(source: UvSource, name: string, field: string, { file }: DeclarationContext): never {
  const origin = source.kind === 'inexpressible' ? source.reason : 'a member of its workspace'
  throw new SpecError(
    'SPEC_INVALID',
    `${file}: ${field} names ${name}, which by tool.uv.sources comes from ${origin}: only uv can install that, by a lock file`,
    {
      facts: { path: file, field, name },
      hint: 'run uv lock (of a script: uv lock --script) and have uv installed; from an index it might be a package of somebody else',
    },
  )
}

/** `name @ file:lib` is relative to the file it stands in; a tool would start at its own current folder. */
function withAbsolutePath(text: string, folder: string): string {
  return text.replace(
    /^([^@;]*@\s*)file:(?!\/)([^\s;#?]+)/i,
    (_, head: string, path: string) => head + pathToFileURL(resolve(folder, decode(path))).href,
  )
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function parse(text: string, field: string, file: string): Requirement {
  try {
    return parseDeclaredRequirement(text)
  } catch (error) {
    if (!(error instanceof UnsafeRequirementError)) throw error
    const { requirement, position, facts, message } = error
    throw new UnsafeRequirementError(requirement, position, `${file}: ${field}: ${message}`, {
      facts: { ...facts, path: file, field },
      hint: 'correct the field that the message names, as PEP 508 has it: name[extra]>=1.0; marker, or name @ URL',
    })
  }
}
