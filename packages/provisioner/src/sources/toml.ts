/** TOML as plain tables, and what is wrong with a text that is not TOML. */
import { parse, TomlError } from 'smol-toml'
import { SpecError } from '../errors.js'
import { Table } from './table.js'

/** Tables and lists within one another on one line. Real ones have four or five; reading is recursive. */
const MAX_DEPTH = 64

/**
 * Read a TOML text.
 *
 * The tables have no prototype, so that a key `__proto__` is a key; integers that a number cannot hold are `bigint`.
 *
 * @param path of the file it stands in
 * @param firstLine the line of the file at which the text begins, and the columns that stand before each of its lines
 * @throws SpecError (SPEC_INVALID) with path, line, column and what is wrong there, but nothing of the text: a login may stand in it
 */
export function parseToml(text: string, path: string, { firstLine = 1, indent = 0 } = {}): Table {
  try {
    return new Table(path, '', parse(text, { integersAsBigInt: 'asNeeded', maxDepth: MAX_DEPTH }))
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const line = error.line + firstLine - 1
    const column = error.column + indent
    // No cause: its message repeats the lines around.
    throw new SpecError('SPEC_INVALID', `${path}:${line}:${column} must be TOML: ${reasonOf(error)}`, {
      facts: { path, line, column },
      hint: 'correct the file at the line that the message names',
    })
  }
}

/** The library's words are fixed texts; what it quotes stands after a blank line. */
function reasonOf(error: TomlError): string {
  const [reason = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n')
  return REASONS[reason] ?? reason
}

/** What was expected, where the library says only that something is wrong. */
const REASONS: Readonly<Record<string, string>> = {
  'invalid value': 'a value was expected: a quoted string, a number, a date, true, false, a list or a table',
  'illegal character in key': 'a key of letters, digits, - and _ was expected, or a quoted one',
  'illegal empty bare key': 'a key was expected',
  'unexpected end of key': 'a key was expected',
  'control characters are not allowed in strings':
    'a string closed on its line was expected, without control characters in it',
  'unfinished string': 'the closing quotes of a string were expected',
  'unfinished array': 'the closing ] of a list was expected',
  'unfinished table': 'the closing } of a table was expected',
  'expected comma or end of structure': 'a comma or the end of the list or table was expected',
  'incomplete key-value: cannot find end of key': '= and a value were expected after the key',
  'each key-value declaration must be followed by an end-of-line': 'the end of the line was expected after a value',
  'trying to redefine an already defined table or value': 'a name was expected that stands here for the first time',
  'trying to redefine an already defined value': 'a name was expected that stands here for the first time',
  'document contains excessively nested structures. aborting.': `at most ${MAX_DEPTH} lists and tables within one another were expected`,
}
