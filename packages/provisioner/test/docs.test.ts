/** What the pages say of options, of warnings and of command lines, compared with the sources. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { exclusions, resolveSpec, specOptions } from '../src/spec.js'
import { commandTable } from './fixtures/command-table.js'

const folder = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const page = (path: string) => readFileSync(folder(path), 'utf8')
const sources = (below: string) =>
  readdirSync(folder(below), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(folder(below), name), 'utf8'))

const readme = page('../README.md')
const design = page('../../../docs/environments-design.md')
const everySource = sources('../src').join('\n')

/** The rows of the first table after `title`, without its head, each as cells. */
function tableAfter(text: string, title: string): string[][] {
  const lines = text.slice(text.indexOf(title) + title.length).split('\n')
  const start = lines.findIndex((line) => line.startsWith('|'))
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'))
  return lines.slice(start + 2, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

const namesIn = (rows: readonly string[][]) => rows.map(([first = '']) => first.replaceAll('`', ''))

test('E: the README has a row for every option of a spec, in their order, with its default', () => {
  const resolved = resolveSpec({}) as unknown as Record<string, unknown>
  const written = (option: string): string => {
    const value = resolved[option === 'requirementsFile' ? 'requirementsFiles' : option]
    // Left out, a variable says.
    if (option === 'downloads') return "`'never'`"
    if (value === undefined) return 'none'
    if (typeof value === 'number') return `\`${value.toLocaleString('en').replaceAll(',', '_')}\``
    if (typeof value === 'string') return `\`'${value}'\``
    return `\`${JSON.stringify(value)
      .replaceAll('"', '')
      .replaceAll(':', ': ')
      .replaceAll(',', ', ')
      .replace(/^\{(.+)\}$/, '{ $1 }')}\``
  }
  const rows = tableAfter(readme, '## What can be asked for')
  expect(rows.map((cells) => [cells[0], cells[2]])).toEqual(specOptions.map((each) => [`\`${each}\``, written(each)]))
})

test('E: the README has a row for every option of a provisioner and of ensure', () => {
  const known = [...everySource.matchAll(/assertKnownOptions\(options, \[([^\]]*)\]\)/g)].map(([, names = '']) =>
    names.replaceAll("'", '').split(', ').sort(),
  )
  const [, own = ''] = /const optionNames = \[([^\]]*)\]/.exec(everySource) ?? []
  const provisionerOptions = own.replaceAll("'", '').split(', ').sort()
  expect(namesIn(tableAfter(readme, '## Options of a provisioner')).sort()).toEqual(provisionerOptions)
  expect(known).toContainEqual(namesIn(tableAfter(readme, '## Options of `ensure`')).sort())
})

test('E: the README tells which options exclude each other, as they do', () => {
  const names = (options: readonly string[]) => options.map((each) => `\`${each}\``).join(', ')
  expect(tableAfter(readme, 'These cannot stand together')).toEqual(
    exclusions.map(([option, others, why]) => [`\`${option}\``, names(others), why]),
  )
})

test('E: the README has a row for every code of a warning', () => {
  const codes = [...everySource.matchAll(/\bwarning\(\s*'([a-z-]+)'/g)].map(([, code]) => code)
  expect(namesIn(tableAfter(readme, '### Warnings')).sort()).toEqual([...new Set(codes)].sort())
})

test('E: the page on the design has the command lines that the functions make', () => {
  expect(tableAfter(design, '## Every command line').map((cells) => `| ${cells.join(' | ')} |`)).toEqual(commandTable())
})

test('E: every function that makes a command line is in that table', () => {
  const functions = sources('../src/backends').flatMap((text) =>
    [...text.matchAll(/^export function ((?:venv|pip|uv|pixi)[A-Z]\w*)\([\s\S]*?\): string\[\] \{/gm)].map(
      ([, name]) => name,
    ),
  )
  expect(functions.length).toBeGreaterThan(9)
  const table = page('./fixtures/command-table.ts')
  expect(functions.filter((name) => !table.includes(`args: ${name}(`))).toEqual([])
})
