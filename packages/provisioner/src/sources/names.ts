/** Names of projects, extras and groups in a file. */
import { normaliseName } from '../requirement.js'
import type { Table } from './table.js'

const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/

/**
 * The normalised form of a key of `table` that must be a name: safe as a key and as a part of a requirement.
 *
 * @throws SpecError (SPEC_INVALID)
 */
export function assertName(table: Table, name: string, what: string): string {
  if (!NAME.test(name))
    table.refuse(JSON.stringify(name), `${what} whose name has only letters, digits, -, _ and .`, name)
  return normaliseName(name)
}

export function isName(text: string): boolean {
  return NAME.test(text)
}
