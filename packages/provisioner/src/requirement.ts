/**
 * A requirement as PEP 508 has it, read completely: what is not understood to its last character never reaches a tool, where
 * it might be taken for an option, a variable or a path.
 *
 *     name[extra,extra] >=1.0,<2 ; marker
 *     name[extra] @ URL ; marker
 */
import { UnsafeRequirementError } from './errors.js'
import { parseMarker } from './marker.js'
import { redactUrls } from './redact.js'
import { TextReader } from './text-reader.js'
import { parseClause } from './version.js'

export interface Requirement {
  /** Normalised as PEP 503 says: `Foo_Bar` is `foo-bar`. */
  name: string
  /** Normalised, sorted, without repetition. */
  extras: string[]
  /** `>=1.0`, sorted, without repetition; empty beside a `url`. */
  specifiers: string[]
  url: string | undefined
  /** The condition after `;`, with one blank between its words. */
  marker: string | undefined
  /** The whole, written one way: equal requirements have equal texts. */
  text: string
}

/**
 * Check a requirement.
 *
 * @throws UnsafeRequirementError when it is not PEP 508, begins with `-`, holds a control character or `${`, or has a
 *   password in its URL
 */
export function validateRequirement(text: string): void {
  parseRequirement(text)
}

/**
 * Read a requirement.
 *
 * @throws UnsafeRequirementError as `validateRequirement`
 */
export function parseRequirement(text: string): Requirement {
  return readText(text, 'refuse')
}

/**
 * Read a requirement from a file of the user's own, such as `pyproject.toml`, where a login in its URL is theirs to write: it is
 * kept, so `url` and `text` must be blanked before they are shown or hashed.
 *
 * @throws UnsafeRequirementError as `validateRequirement`, but for logins
 */
export function parseDeclaredRequirement(text: string): Requirement {
  return readText(text, 'keep')
}

function readText(text: string, logins: 'refuse' | 'keep'): Requirement {
  const refuse = (message: string, position = 0, hint?: string): never => {
    const shown = redactUrls(String(text))
    throw new UnsafeRequirementError(shown, position, `requirement ${JSON.stringify(shown)} ${message}`, { hint })
  }
  if (typeof text !== 'string') refuse('is not a string')
  assertHarmless(text, refuse)
  const reader = new TextReader(text, (expected, position) =>
    refuse(`is not PEP 508: expected ${expected} at position ${position}`, position),
  )
  return readRequirement(reader, (url, position) => {
    if (logins === 'refuse') assertNoLogin(url, position, refuse)
  })
}

/** The name as indexes compare it: lower case, `-` for every run of `-`, `_` and `.` (PEP 503). */
export function normaliseName(name: string): string {
  return name.replace(/[-_.]+/g, '-').toLowerCase()
}

const NAME = /[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?/y
const URL_TEXT = /[A-Za-z][A-Za-z0-9+.-]*:[^\s]+/y
const LETTER_IN_CONTROL = /\p{Cc}/u

type Refuse = (message: string, position?: number, hint?: string) => never

function assertHarmless(text: string, refuse: Refuse): void {
  const control = text.search(LETTER_IN_CONTROL)
  if (control >= 0) refuse(`holds a control character at position ${control}`, control)
  if (text.trimStart().startsWith('-')) {
    refuse('begins with -: options are not requirements', 0, 'use requirementsFile for lines such as -r or -e')
  }
  const variable = text.indexOf('${')
  if (variable >= 0) {
    refuse(
      'holds ${, which installers replace by a variable',
      variable,
      'put the value in yourself, or use a requirementsFile',
    )
  }
}

/** A user name alone is a login too (tokens are given so), but for `ssh`, where it says which account. */
function assertNoLogin(url: string, position: number, refuse: Refuse): void {
  const [, scheme = '', userInfo = ''] = /^([^:]+):\/\/([^/?#]*)@/.exec(url) ?? []
  if (userInfo === '' || (/(^|\+)ssh$/i.test(scheme) && !userInfo.includes(':'))) return
  refuse(
    'has a login in its URL',
    position,
    /^git\+/i.test(scheme)
      ? 'take it out and give the login to git, by netrc or a credential helper, which nothing writes down'
      : 'take it out and give the login by PIP_INDEX_URL, netrc or keyring, which nothing writes down',
  )
}

function readRequirement(reader: TextReader, checkUrl: (url: string, position: number) => void): Requirement {
  reader.skipBlanks()
  const name = normaliseName(reader.take(NAME, 'a package name'))
  reader.skipBlanks()
  const extras = readExtras(reader)
  reader.skipBlanks()
  const position = reader.position
  const url = reader.tryText('@') ? readUrl(reader) : undefined
  if (url !== undefined) checkUrl(url, position)
  const specifiers = url === undefined ? readSpecifiers(reader) : []
  reader.skipBlanks()
  const marker = reader.tryText(';') ? parseMarker(reader) : undefined
  reader.skipBlanks()
  reader.expectEnd(
    url !== undefined || specifiers.length > 0 || marker !== undefined ? 'the end' : 'a version or the end',
  )
  return { name, extras, specifiers, url, marker, text: formatRequirement({ name, extras, specifiers, url, marker }) }
}

function readExtras(reader: TextReader): string[] {
  if (!reader.tryText('[')) return []
  reader.skipBlanks()
  if (reader.tryText(']')) return []
  const extras = new Set<string>()
  do {
    reader.skipBlanks()
    extras.add(normaliseName(reader.take(NAME, 'the name of an extra')))
    reader.skipBlanks()
  } while (reader.tryText(','))
  reader.expectText(']')
  return [...extras].sort()
}

function readUrl(reader: TextReader): string {
  reader.skipBlanks()
  // PEP 508: a URL ends at white space, so its marker stands after one.
  return reader.take(URL_TEXT, 'a URL')
}

function readSpecifiers(reader: TextReader): string[] {
  const hasParentheses = reader.tryText('(')
  const specifiers = new Set<string>()
  reader.skipBlanks()
  if (reader.isAt(/[<>=!~]/y)) {
    do {
      reader.skipBlanks()
      const { operator, version } = parseClause(reader)
      specifiers.add(`${operator}${version}`)
      reader.skipBlanks()
    } while (reader.tryText(','))
  }
  if (hasParentheses) reader.expectText(')')
  return [...specifiers].sort()
}

function formatRequirement({ name, extras, specifiers, url, marker }: Omit<Requirement, 'text'>): string {
  const subject = extras.length > 0 ? `${name}[${extras.join(',')}]` : name
  const target = url === undefined ? `${subject}${specifiers.join(',')}` : `${subject} @ ${url}`
  if (marker === undefined) return target
  return url === undefined ? `${target}; ${marker}` : `${target} ; ${marker}`
}
