import { describe, expect, test } from 'vitest'
import { SpecError } from '../../src/errors.js'
import { parseToml } from '../../src/sources/toml.js'

describe('E: what is not TOML is refused with its place and with what was expected', () => {
  test.each([
    ['a = 1\nb = yes\n', 2, 5, /a value was expected/],
    ['[project\nname = "x"\n', 1, 9, /a key of letters/],
    ['a = "x\n', 1, 7, /closed on its line/],
    ['a = [1, 2\n', 2, 1, /a comma or the end/],
    ['a = 1 b = 2\n', 1, 7, /end of the line/],
    ['a = 1\na = 2\n', 2, 1, /for the first time/],
    ['a = 1\r\n\r\n= 2\r\n', 3, 1, /a key was expected/],
    ['a = "\0"\n', 1, 6, /without control characters/],
    ['# \0\n', 1, 3, /control characters/],
    ['[a]\nb = 1\n[a.b]\n', 3, 2, /for the first time/],
  ])('%j', (text, line, column, reason) => {
    const error = errorOf(() => parseToml(text, '/p/pyproject.toml'))
    expect(error).toMatchObject({
      code: 'ERR_PYFERRY_SPEC_INVALID',
      facts: { path: '/p/pyproject.toml', line, column },
    })
    expect(error.message).toMatch(reason)
    expect(error.message.startsWith(`/p/pyproject.toml:${line}:${column} must be TOML: `)).toBe(true)
  })
})

test('I5: nothing of the file is repeated, where a login may stand', () => {
  const text = '[[index]]\nurl = https://user:s3cret@index.example/simple\n'
  const error = errorOf(() => parseToml(text, 'uv.toml'))
  expect(`${error.message} ${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain('s3cret')
})

test('E: a text that begins within another file has the places of that file', () => {
  const error = errorOf(() => parseToml('a = 1\nb = ?\n', 'x.py', { firstLine: 11, indent: 2 }))
  expect(error.message).toMatch(/^x\.py:12:7 /)
})

describe('E: hostile TOML does no harm', () => {
  test('a key that is special in JavaScript is a key', () => {
    const root = parseToml('[__proto__]\npolluted = 1\n[constructor.prototype]\npolluted = 1\n', 'x.toml')
    expect(root.names()).toEqual(['__proto__', 'constructor'])
    expect(root.table('__proto__')?.value('polluted')).toBe(1)
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
    expect(root.has('toString')).toBe(false)
    expect(root.value('hasOwnProperty')).toBeUndefined()
  })

  test.each([
    ['lists', `a = ${'['.repeat(100_000)}`],
    ['inline tables', `a = ${'{a='.repeat(100_000)}`],
  ])('%s nested without end are refused', (_, text) => {
    expect(() => parseToml(text, 'x.toml')).toThrow(/at most 64/)
  })

  test('dotted keys of any length are read', () => {
    const keys = 'a.'.repeat(50_000)
    expect(parseToml(`[${keys}b]\nx = 1\n${keys}c = 1\n`, 'x.toml').names()).toEqual(['a'])
  })

  test('numbers of any size are read', () => {
    expect(parseToml('a = 9223372036854775807', 'x.toml').value('a')).toBe(9223372036854775807n)
  })
})

describe('E: a field of the wrong type is refused by its name', () => {
  const root = () =>
    parseToml('[tool.uv]\nsources = 3\nlist = ["a", 1]\nday = 2026-01-31\nflag = "yes"\ntables = [1]\n', 'p.toml')
  const uv = () => root().table('tool')?.table('uv')

  test.each([
    [() => uv()?.table('sources'), 'p.toml: tool.uv.sources must be a table, not 3'],
    [() => uv()?.texts('list'), 'p.toml: tool.uv.list[1] must be a string, not 1'],
    [() => uv()?.text('day'), 'p.toml: tool.uv.day must be a string, not a date'],
    [() => uv()?.flag('flag'), 'p.toml: tool.uv.flag must be true or false, not "yes"'],
    [() => uv()?.tables('tables'), 'p.toml: tool.uv.tables[0] must be a table, not 1'],
    [() => root().list('tool'), 'p.toml: tool must be a list, not a table'],
  ])('%#', (read, message) => {
    expect(errorOf(read)).toMatchObject({ code: 'ERR_PYFERRY_SPEC_INVALID', message })
  })

  test('I5: also when its text is longer than what is shown of it', () => {
    const text = `a = "https://user:${'s3cret'.repeat(30)}@index.example/"`
    expect(errorOf(() => parseToml(text, 'p.toml').list('a')).message).not.toContain('s3cret')
  })
})

function errorOf(run: () => unknown): SpecError {
  try {
    run()
  } catch (error) {
    if (error instanceof SpecError) return error
    throw error
  }
  throw new Error('not refused')
}
