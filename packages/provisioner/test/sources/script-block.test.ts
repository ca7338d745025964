import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseScriptBlocks } from '../../src/sources/script-block.js'

/**
 * The specification's own, as it works in Python: `^` and `$` know only `\n`, `.` is everything else, and `\s` after `$` is the end
 * of the line.
 */
const REFERENCE = /(?<![^\n])# \/\/\/ ([a-zA-Z0-9-]+)\n((?:#(?:| [^\n]*)\n)+)# \/\/\/(?![^\n])/g

function parseByReference(text: string) {
  const normalised = text.replace(/\r\n?/g, '\n')
  return [...normalised.matchAll(REFERENCE)].map(([whole, type, content = '']) => ({
    type,
    text: whole,
    content: content.replace(/^#(?: |(?=\n))/gm, ''),
  }))
}

test('E: a block is told by the rules of PEP 723', () => {
  const text = '#!/usr/bin/env python3\n\n# /// script\n# requires-python = ">=3.11"\n#\n# a = 1\n# ///\nimport six\n'
  expect(parseScriptBlocks(text)).toEqual([
    {
      type: 'script',
      text: '# /// script\n# requires-python = ">=3.11"\n#\n# a = 1\n# ///',
      content: 'requires-python = ">=3.11"\n\na = 1\n',
      line: 4,
    },
  ])
})

describe('E: what is no block', () => {
  test.each([
    ['# /// script\n# a = 1\n', 'not closed'],
    ['# /// script\n# ///\n', 'without content'],
    ['# /// script\n#a = 1\n# ///\n', 'a comment without a blank ends it'],
    ['# /// script\n\n# a = 1\n# ///\n', 'an empty line ends it'],
    ['# /// script \n# a = 1\n# ///\n', 'a blank after the type'],
    [' # /// script\n # a = 1\n # ///\n', 'indented'],
    ['# ///script\n# a = 1\n# ///\n', 'no blank before the type'],
    ['# /// scr_ipt\n# a = 1\n# ///\n', 'a type with another letter'],
    ['# /// script\n# a = 1\n# /// \n', 'a blank after the end'],
    ['x = """# /// script\n# a = 1\n# ///"""\n', 'neither end on a line of its own'],
  ])('%j: %s', (text) => {
    expect(parseScriptBlocks(text)).toEqual([])
    expect(parseByReference(text)).toEqual([])
  })
})

test('E: the last closing line of a run of comments counts, so that content may hold one', () => {
  const text = '# /// script\n# a = """\n# ///\n# """\n# ///\n# more\n'
  expect(parseScriptBlocks(text)[0]?.content).toBe('a = """\n///\n"""\n')
})

const line = fc.oneof(
  fc.constantFrom(
    '# /// script',
    '# ///',
    '#',
    '# ',
    '# a = 1',
    '#x',
    '',
    '# /// other',
    '# /// script ',
    'x',
    '\u2028',
  ),
  fc.string(),
)

test('E: any text has the blocks that the expression of the specification finds', () => {
  fc.assert(
    fc.property(fc.array(line), fc.constantFrom('\n', '\r\n', '\r'), (lines, end) => {
      const text = lines.join(end)
      expect(parseScriptBlocks(text).map(({ line, ...block }) => block)).toEqual(parseByReference(text))
    }),
  )
})

const toml = fc
  .array(
    fc.string({ unit: 'grapheme' }).filter((each) => !/[\r\n]/.test(each)),
    { minLength: 1 },
  )
  .filter((lines) => lines.every((each) => each !== '///'))

test('E: what is written into a block is read from it, whatever stands around', () => {
  fc.assert(
    fc.property(
      toml,
      fc.constantFrom('\n', '\r\n', '\r'),
      fc.constantFrom('', '#!/bin/sh', 'x = 1'),
      (lines, end, before) => {
        const block = ['# /// script', ...lines.map((each) => (each === '' ? '#' : `# ${each}`)), '# ///']
        const text = [before, '', ...block, '', 'print()'].join(end)
        expect(parseScriptBlocks(text)).toEqual([
          { type: 'script', text: block.join('\n'), content: `${lines.join('\n')}\n`, line: 4 },
        ])
      },
    ),
  )
})

test('E: a large file of lines that look like beginnings is read once over', () => {
  const many = 300_000
  expect(parseScriptBlocks('# /// script\n'.repeat(many))).toEqual([])
  expect(parseScriptBlocks('#\nx\n'.repeat(many))).toEqual([])
  expect(parseScriptBlocks(`${'# /// script\n'.repeat(many)}# ///\n`)).toHaveLength(1)
})
