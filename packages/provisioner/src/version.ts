/** Versions and their comparison (PEP 440), as far as requirements and the choice of a Python need them. */
import { TextReader } from './text-reader.js'

export interface Clause {
  operator: '<=' | '<' | '!=' | '==' | '>=' | '>' | '~=' | '==='
  version: string
}

const OPERATOR = /===|==|~=|!=|<=|>=|<|>/y
const RELEASE = 'v?(?:\\d+!)?\\d+(?:\\.\\d+)*'
const VERSION = new RegExp(
  `${RELEASE}(?:[-_.]?(?:alpha|beta|preview|pre|rc|a|b|c)[-_.]?\\d*)?(?:-\\d+|[-_.]?(?:post|rev|r)[-_.]?\\d*)?` +
    '(?:[-_.]?dev[-_.]?\\d*)?(?:\\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?',
  'iy',
)
/** Nearly every one. The long pattern takes a third of a millisecond at its first use, which a hit can do without. */
const PLAIN_VERSION = /\d+(?:\.\d+)*(?=[ \t,);]|$)/y
const PREFIX_VERSION = new RegExp(`${RELEASE}\\.\\*`, 'iy')
const ARBITRARY_VERSION = /[^\s,;)]+/y

/** Read one clause, `>=1.0`; a version with `.*` only after `==` and `!=`, two numbers at least after `~=`. */
export function parseClause(reader: TextReader): Clause {
  const operator = reader.take(OPERATOR, 'one of < <= != == >= > ~= ===') as Clause['operator']
  reader.skipBlanks()
  return { operator, version: readVersion(reader, operator) }
}

function readVersion(reader: TextReader, operator: Clause['operator']): string {
  if (operator === '===') return reader.take(ARBITRARY_VERSION, 'a version')
  const start = reader.position
  const plain = reader.tryTake(PLAIN_VERSION)
  if (plain === undefined && (operator === '==' || operator === '!=')) {
    const prefix = reader.tryTake(PREFIX_VERSION)
    if (prefix !== undefined) return prefix.toLowerCase()
  }
  const version = plain ?? reader.take(VERSION, 'a version (PEP 440)').toLowerCase()
  if (operator === '~=' && !/^v?(?:\d+!)?\d+\.\d/.test(version)) {
    reader.fail(`a version with two numbers after ~= (at position ${start})`)
  }
  return version
}

/**
 * Read what a Python's version must be: `>=3.11`, `>=3.10,<3.13`, `~=3.12`; a bare `3.11` means any 3.11.
 *
 * @returns `undefined` when the text is not of this form
 */
export function tryParsePythonRange(text: string): Clause[] | undefined {
  const trimmed = text.trim()
  if (/^\d+(\.\d+){0,2}$/.test(trimmed)) {
    const isExact = trimmed.split('.').length === 3
    return [{ operator: '==', version: isExact ? trimmed : `${trimmed}.*` }]
  }
  // A path or a name, as most are that come here: no error has to be thrown and caught for them.
  if (!/^[<>=!~]/.test(trimmed)) return undefined
  try {
    const reader = new TextReader(trimmed, () => {
      throw new NotARange()
    })
    const clauses: Clause[] = []
    do {
      reader.skipBlanks()
      clauses.push(parseClause(reader))
      reader.skipBlanks()
    } while (reader.tryText(','))
    reader.expectEnd('the end')
    return clauses.every(({ version }) => /^\d+(\.\d+)*(\.\*)?$/.test(version)) ? clauses : undefined
  } catch (error) {
    if (error instanceof NotARange) return undefined
    throw error
  }
}

/** Whether a Python's release (`3.11.7`, numbers only) fulfils every clause. */
export function isInRange(release: string, clauses: readonly Clause[]): boolean {
  return clauses.every(({ operator, version }) => isFulfilled(numbersOf(release), operator, version))
}

class NotARange extends Error {}

function isFulfilled(actual: readonly number[], operator: Clause['operator'], version: string): boolean {
  const wanted = numbersOf(version)
  const isPrefix = version.endsWith('.*')
  const order = compareNumbers(isPrefix ? actual.slice(0, wanted.length) : actual, wanted)
  switch (operator) {
    case '==':
    case '===':
      return order === 0
    case '!=':
      return order !== 0
    case '>=':
      return order >= 0
    case '<=':
      return order <= 0
    case '>':
      return order > 0
    case '<':
      return order < 0
    case '~=':
      return order >= 0 && compareNumbers(actual.slice(0, wanted.length - 1), wanted.slice(0, -1)) === 0
  }
}

function numbersOf(version: string): number[] {
  return version.replace(/\.\*$/, '').split('.').map(Number)
}

/** Missing numbers count as 0. */
function compareNumbers(left: readonly number[], right: readonly number[]): number {
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0)
    if (difference !== 0) return Math.sign(difference)
  }
  return 0
}
