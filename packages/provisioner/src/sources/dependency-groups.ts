/** `[dependency-groups]` (PEP 735): each group with what it includes of others. */
import { normaliseName } from '../requirement.js'
import { assertName } from './names.js'
import { invalidField, type Table } from './table.js'

/** Longer chains of groups that include one another are nobody's. */
const MAX_DEPTH = 100

/**
 * Resolve the groups.
 *
 * @param groups the table `dependency-groups`
 * @returns by normalised name, each requirement as it is written, once
 * @throws SpecError (SPEC_INVALID) for a circle, naming the groups on it, and for what is no group
 */
export function resolveGroups(groups: Table | undefined): Record<string, string[]> {
  if (groups === undefined) return {}
  const written = new Map<string, string>()
  for (const name of groups.names()) {
    const normalised = assertName(groups, name, 'a group')
    if (written.has(normalised)) groups.refuse(name, `the only group of its name beside ${written.get(normalised)}`)
    written.set(normalised, name)
  }
  const resolved = new Map<string, string[]>()
  const resolveOne = (group: string, trail: readonly string[]): string[] => {
    const known = resolved.get(group)
    if (known) return known
    const name = written.get(group) as string
    const circle = trail.indexOf(group)
    if (circle >= 0) {
      const names = [...trail.slice(circle), group].join(' → ')
      throw invalidField(groups.path, groups.nameOf(name), `must not include itself: ${names}`)
    }
    if (trail.length === MAX_DEPTH) groups.refuse(name, `at most ${MAX_DEPTH} groups deep`)
    const requirements = new Set<string>()
    for (const [index, item] of (groups.list(name) ?? []).entries()) {
      if (typeof item === 'string') requirements.add(item)
      else
        for (const each of resolveOne(includedGroup(groups, name, index, item), [...trail, group]))
          requirements.add(each)
    }
    resolved.set(group, [...requirements])
    return [...requirements]
  }
  const includedGroup = (groups: Table, name: string, index: number, item: unknown): string => {
    const place = `${name}[${index}]`
    const expected = 'a requirement or { include-group = "…" }'
    const include = groups.asTable(place, item) ?? groups.refuse(place, expected, item)
    if (include.names().join() !== 'include-group') include.refuse('', expected, item)
    const group = normaliseName(include.text('include-group') as string)
    return written.has(group) ? group : include.refuse('include-group', `one of ${[...written.values()].join(', ')}`)
  }
  return Object.fromEntries([...written.keys()].map((group) => [group, resolveOne(group, [])]))
}
