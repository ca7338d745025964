/** The requirements that a project without a usable lock file stands for, with the extras and groups that were chosen. */

import { pathToFileURL } from 'node:url'
import { closestName, OptionError } from '@pyferry/errors'
import { normaliseName, type Requirement } from '../requirement.js'
import {
  conjoin,
  type DeclarationContext,
  formatUrlRequirement,
  readDeclaredRequirement,
  withConditions,
} from './declared-requirement.js'
import type { Project } from './project.js'
import { invalidField } from './table.js'

export interface Choice {
  /** @default [] */
  extras?: readonly string[]
  /** @default [] */
  groups?: readonly string[]
}

/**
 * List what has to be installed for a project, the project itself left out.
 *
 * Checked PEP 508 texts, each once. A login in a URL is kept (see `readDeclaredRequirement`). A dependency on the project itself
 * (`all = ["self[fast]"]`) is replaced by what those extras stand for. Where only building the project tells what it needs, it is
 * itself among the requirements, as `name[extras] @ file:///folder`.
 *
 * @throws OptionError for an extra or group that the project does not have, naming those it has and the closest
 * @throws UnsafeRequirementError, SpecError (SPEC_INVALID) as `readDeclaredRequirement`
 */
export function chooseRequirements(project: Project, choice: Choice = {}): string[] {
  const { extras, groups } = validateChoice(project, choice)
  const context: DeclarationContext = { ...project, file: project.manifest ?? project.folder }
  const isBuildNeeded = project.dependencies === null || (extras.length > 0 && project.hasDynamicExtras)
  const list = new Expander(project, context, isBuildNeeded)
  if (isBuildNeeded) list.addItself(extras)
  else {
    list.add(project.dependencies ?? [], 'project.dependencies')
    for (const extra of extras) list.addExtra(extra)
  }
  for (const group of groups) list.add(project.groups[group] as string[], `dependency-groups.${group}`)
  return list.texts()
}

/**
 * The choice by normalised names, sorted, each once: also for a lock file, where nothing has to be listed.
 *
 * @throws OptionError as `chooseRequirements`
 */
export function validateChoice(project: Project, { extras = [], groups = [] }: Choice): Required<Choice> {
  return {
    extras: project.hasDynamicExtras ? normaliseAll(extras) : assertKnown('extras', extras, project.extras, project),
    groups: assertKnown('groups', groups, project.groups, project),
  }
}

class Expander {
  readonly #project: Project
  readonly #context: DeclarationContext
  readonly #isBuildNeeded: boolean
  readonly #texts = new Set<string>()
  #steps = 0

  constructor(project: Project, context: DeclarationContext, isBuildNeeded: boolean) {
    this.#project = project
    this.#context = context
    this.#isBuildNeeded = isBuildNeeded
  }

  texts(): string[] {
    return [...this.#texts]
  }

  add(declared: readonly string[], field: string, way: Way = START): void {
    for (const [index, text] of declared.entries()) {
      const place = `${field}[${index}]`
      const requirement = readDeclaredRequirement(text, place, this.#context)
      if (requirement.name === this.#project.name) this.#addOwnExtras(requirement, place, way)
      else this.#texts.add(withConditions(requirement, way.conditions).text)
    }
  }

  addExtra(extra: string, way: Way = START): void {
    // A circle adds nothing new.
    if (way.extras.includes(extra)) return
    const next = { ...way, extras: [...way.extras, extra] }
    this.add(this.#project.extras[extra] as string[], `project.optional-dependencies.${extra}`, next)
  }

  addItself(extras: readonly string[], conditions: readonly string[] = []): void {
    const { name, folder } = this.#project
    if (name === null) throw invalidField(this.#context.file, 'project.name', 'must be a string, and is not there')
    const marker = conjoin(conditions)
    this.#texts.add(formatUrlRequirement({ name, extras, url: pathToFileURL(folder).href, marker }))
  }

  #addOwnExtras({ extras, marker }: Requirement, place: string, way: Way): void {
    this.#steps += 1
    if (this.#steps > MAX_STEPS) {
      throw invalidField(this.#context.file, place, `must not make more than ${MAX_STEPS} steps through its own extras`)
    }
    const conditions = [...new Set([...way.conditions, ...(marker === undefined ? [] : [marker])])]
    if (this.#isBuildNeeded) this.addItself(extras, conditions)
    else {
      for (const extra of extras) {
        // One that is not there is passed over, as installers do.
        if (Object.hasOwn(this.#project.extras, extra)) this.addExtra(extra, { ...way, conditions })
      }
    }
  }
}

/** How an extra was come to through the project's dependencies on itself. */
interface Way {
  extras: readonly string[]
  /** The markers on the way: all of them must hold. */
  conditions: readonly string[]
}

const START: Way = { extras: [], conditions: [] }

/** Extras that name one another under different conditions multiply with each step; real ones take a dozen. */
const MAX_STEPS = 1000

function assertKnown(
  option: 'extras' | 'groups',
  names: readonly string[],
  known: Readonly<Record<string, unknown>>,
  project: Project,
): string[] {
  const unknown = names.find((name) => !Object.hasOwn(known, normaliseName(name)))
  if (unknown === undefined) return normaliseAll(names)
  const what = option === 'extras' ? 'extras' : 'dependency groups'
  const subject = project.manifest ?? project.requirementsFiles[0] ?? project.folder
  const all = Object.keys(known)
  const closest = closestName(unknown, all)
  const expected =
    all.length > 0 ? `of the ${what} of ${subject} (${all.join(', ')})` : `empty: ${subject} has no ${what}`
  throw new OptionError(option, unknown, expected, closest === undefined ? {} : { hint: `did you mean ${closest}?` })
}

function normaliseAll(names: readonly string[]): string[] {
  return [...new Set(names.map(normaliseName))].sort()
}
