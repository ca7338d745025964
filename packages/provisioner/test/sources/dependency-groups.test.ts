import { describe, expect, test } from 'vitest'
import { resolveGroups } from '../../src/sources/dependency-groups.js'
import { parseToml } from '../../src/sources/toml.js'

const resolve = (text: string) =>
  resolveGroups(parseToml(`[dependency-groups]\n${text}`, 'p.toml').table('dependency-groups'))

test('E: a group has what it includes, in its place and once, by normalised names', () => {
  const text =
    'Lint_All = ["ruff"]\ntest = ["pytest", "six"]\ndev = ["six", {include-group = "lint.all"}, {include-group = "test"}]'
  expect(resolve(text)).toEqual({ 'lint-all': ['ruff'], test: ['pytest', 'six'], dev: ['six', 'ruff', 'pytest'] })
})

test('E: there may be none', () => {
  expect(resolveGroups(undefined)).toEqual({})
  expect(resolve('a = []')).toEqual({ a: [] })
})

describe('E: what is no group is refused by its place', () => {
  test.each([
    ['a = [{include-group = "a"}]', /dependency-groups\.a must not include itself: a → a/],
    ['a = [{include-group = "b"}]\nb = [{include-group = "c"}]\nc = [{include-group = "b"}]', /itself: b → c → b/],
    ['a = [{include-group = "z"}]', /dependency-groups\.a\[0\]\.include-group must be one of a, not "z"/],
    ['a = [{include-group = 3}]', /include-group must be a string/],
    ['a = [{include-group = "a", more = 1}]', /dependency-groups\.a\[0\] must be a requirement or/],
    ['a = [{path = "x"}]', /dependency-groups\.a\[0\] must be a requirement or/],
    ['a = [1]', /dependency-groups\.a\[0\] must be a requirement or .*, not 1/],
    ['a = "six"', /dependency-groups\.a must be a list, not "six"/],
    ['a-b = []\nA_B = []', /dependency-groups\.A_B must be the only group of its name beside a-b/],
    ['"a b" = []', /must be a group whose name has only letters/],
    ['__proto__ = []', /must be a group whose name has only letters/],
  ])('%s', (text, message) => {
    expect(() => resolve(text)).toThrow(expect.objectContaining({ code: 'ERR_PYFERRY_SPEC_INVALID' }))
    expect(() => resolve(text)).toThrow(message)
  })

  test('also a chain without end, while one that doubles with each step is read', () => {
    const chain = (length: number) =>
      Array.from(
        { length },
        (_, index) => `g${index} = [{include-group = "g${index + 1}"}, {include-group = "g${index + 1}"}]`,
      )
    expect(() => resolve(`${chain(20_000).join('\n')}\ng20000 = []`)).toThrow(/at most 100 groups deep/)
    expect(resolve(`${chain(60).join('\n')}\ng60 = ["six"]`).g0).toEqual(['six'])
  })
})
