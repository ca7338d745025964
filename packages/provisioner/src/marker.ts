/** The condition of a requirement (PEP 508, "Environment Markers"): checked and written one way, never evaluated here. */
import type { TextReader } from './text-reader.js'

const WORD_END = '(?![A-Za-z0-9_.])'
const VARIABLE = new RegExp(
  `(?:${[
    'python_full_version',
    'python_version',
    'os_name',
    'os\\.name',
    'sys_platform',
    'sys\\.platform',
    'platform_machine',
    'platform\\.machine',
    'platform_python_implementation',
    'platform\\.python_implementation',
    'python_implementation',
    'platform_release',
    'platform_system',
    'platform_version',
    'platform\\.version',
    'implementation_name',
    'implementation_version',
    'extra',
  ].join('|')})${WORD_END}`,
  'y',
)
const QUOTED = /'[^']*'|"[^"]*"/y
const COMPARISON = /===|==|~=|!=|<=|>=|<|>/y
const NOT_IN = new RegExp(`not[ \\t]+in${WORD_END}`, 'y')
const IN = new RegExp(`in${WORD_END}`, 'y')
const AND = new RegExp(`and${WORD_END}`, 'y')
const OR = new RegExp(`or${WORD_END}`, 'y')

/** Deeper ones are nobody's requirement, and reading is recursive. */
const MAX_DEPTH = 50

/** Read a marker up to where it ends; one blank between its words, one kind of quotes where the text allows it. */
export function parseMarker(reader: TextReader): string {
  return readOr(reader, 0)
}

function readOr(reader: TextReader, depth: number): string {
  return readChain(reader, OR, 'or', () => readChain(reader, AND, 'and', () => readTerm(reader, depth)))
}

function readChain(reader: TextReader, joiner: RegExp, word: string, readNext: () => string): string {
  const parts: string[] = []
  do {
    parts.push(readNext())
    reader.skipBlanks()
  } while (reader.tryTake(joiner) !== undefined)
  return parts.join(` ${word} `)
}

function readTerm(reader: TextReader, depth: number): string {
  reader.skipBlanks()
  if (reader.tryText('(')) {
    if (depth === MAX_DEPTH) reader.fail(`at most ${MAX_DEPTH} parentheses within one another`)
    const inner = readOr(reader, depth + 1)
    reader.skipBlanks()
    reader.expectText(')')
    return `(${inner})`
  }
  const left = readOperand(reader)
  reader.skipBlanks()
  const operator = readOperator(reader)
  reader.skipBlanks()
  return `${left} ${operator} ${readOperand(reader)}`
}

function readOperand(reader: TextReader): string {
  const quoted = reader.tryTake(QUOTED)
  if (quoted === undefined) return reader.take(VARIABLE, 'a marker variable or a quoted string')
  const content = quoted.slice(1, -1)
  return content.includes('"') ? quoted : `"${content}"`
}

function readOperator(reader: TextReader): string {
  if (reader.tryTake(NOT_IN) !== undefined) return 'not in'
  return reader.tryTake(IN) ?? reader.take(COMPARISON, 'an operator such as ==, in or not in')
}
