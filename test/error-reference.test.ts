import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { filesBelow, packages, root } from './support/workspace.js'

interface Row {
  code: string
  class: string
  remedy: string
  isRetryable: boolean
}

const rows = readRows(readFileSync(join(root, 'docs/error-reference.md'), 'utf8'))
const sources = packages().flatMap(({ folder }) => filesBelow(join(folder, 'src'), '.ts').map(read))

/** Those of the provisioner, by code without prefix. */
const { hints, retryableCodes } = (await import(join(root, 'packages/provisioner/src/hints.ts'))) as {
  hints: Record<string, string>
  retryableCodes: ReadonlySet<string>
}

test('X: the reference has a row for every code in the sources, and for no other', () => {
  const literals = sources.flatMap((text) => text.match(/\bERR_PYFERRY_[A-Z_]+[A-Z]\b/g) ?? [])
  const hinted = Object.keys(hints).map((name) => `ERR_PYFERRY_${name}`)
  expect(rows.map(({ code }) => code).sort()).toEqual([...new Set([...literals, ...hinted])].sort())
})

test('X: the reference gives every code its class', () => {
  expect(Object.fromEntries(rows.map((row) => [row.code, row.class]))).toEqual(
    Object.fromEntries(sources.flatMap(classesByCode)),
  )
})

test('E: the reference says what the hints say, and what is retryable', () => {
  const documented = rows.filter(({ code }) => code.slice('ERR_PYFERRY_'.length) in hints)
  for (const { code, remedy, isRetryable } of documented) {
    const name = code.slice('ERR_PYFERRY_'.length)
    expect(remedy, code).toBe(hints[name])
    expect(isRetryable, code).toBe(retryableCodes.has(name))
  }
})

test('X: every row says what to do', () => {
  expect(rows.filter(({ remedy }) => remedy === '')).toEqual([])
})

/** Code, class, when, what to do, again. */
function readRows(page: string): Row[] {
  return page.split('\n').flatMap((line) => {
    const cells = line.split(/ *\| */)
    const code = /^`(ERR_PYFERRY_\w+)`$/.exec(cells[1] ?? '')?.[1]
    const type = /^`(\w+)`$/.exec(cells[2] ?? '')?.[1]
    if (code === undefined || type === undefined) return []
    return [{ code, class: type, remedy: cells[4] ?? '', isRetryable: cells[5]?.startsWith('yes') === true }]
  })
}

/**
 * In a file of errors: a class with a literal code, or a union of codes `SpecCode` whose class is `SpecError`. A class with a code of
 * its own comes after the one it extends, and wins.
 */
function classesByCode(text: string): [code: string, type: string][] {
  const unions = [...text.matchAll(/^export type (\w+)Code =((?:\s+\|)?[^\n]*(?:\n {2}\|[^\n]*)*)/gm)].flatMap(
    ([, name, union = '']) =>
      [...union.matchAll(/'([A-Z_]+)'/g)].map(([, code]): [string, string] => [`ERR_PYFERRY_${code}`, `${name}Error`]),
  )
  const classes = text.split(/^export (?:abstract )?class /m).slice(1)
  const literals = classes.flatMap((body): [string, string][] => {
    const code = /^ {2}(?:declare |override |readonly )+code(?:: ErrorCode)?(?: =|:) '(ERR_PYFERRY_\w+)'/m.exec(
      body,
    )?.[1]
    return code === undefined ? [] : [[code, /^\w+/.exec(body)?.[0] ?? '']]
  })
  return [...unions, ...literals]
}

function read(path: string): string {
  return readFileSync(path, 'utf8')
}
