import { expect, test } from 'vitest'
import { matchesGlob } from '../../src/sources/glob.js'

test.each([
  ['packages/a', 'packages/*', true],
  ['packages/a', './packages/*/', true],
  ['packages/.a', 'packages/*', true],
  ['packages/a/b', 'packages/*', false],
  ['packages', 'packages/*', false],
  ['packages/a/b', 'packages/**', true],
  ['packages', 'packages/**', true],
  ['a/x/y/b', 'a/**/b', true],
  ['a/b', 'a/**/b', true],
  ['a/b/c', 'a/**/b', false],
  ['app-1', 'app-[0-9]', true],
  ['app-x', 'app-[0-9]', false],
  ['app-x', 'app-[!0-9]', true],
  ['app-]', 'app-[]x]', true],
  ['app-[', 'app-[', true],
  ['app.1', 'app?1', true],
  ['app.1', 'app.1', true],
  ['appx1', 'app.1', false],
  ['a', 'a(b|c)*', false],
  ['', '*', false],
  ['', '**', true],
])('E: %j against %j: %s', (path, pattern, expected) => {
  expect(matchesGlob(path, pattern)).toBe(expected)
})

test('E: no pattern makes it hang', () => {
  expect(matchesGlob('a'.repeat(1000), `${'*a'.repeat(300)}b`)).toBe(false)
  expect(matchesGlob('a/'.repeat(1000), `${'**/a/'.repeat(300)}b`)).toBe(false)
})
