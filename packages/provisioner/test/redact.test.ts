import { expect, test } from 'vitest'
import { blankLogins, makeRedactor, redactUrls } from '../src/redact.js'

test.each([
  ['see https://user:pw@host.example/x', 'see https://***@host.example/x'],
  ['https://token@host.example', 'https://***@host.example'],
  ['git+https://u:p@ss@host.example/r.git@v1', 'git+https://***@host.example/r.git@v1'],
  ['https://a:b@h.example https://c:d@i.example', 'https://***@h.example https://***@i.example'],
  ['https://host.example/a@b', 'https://host.example/a@b'],
  ['mail me@host.example', 'mail me@host.example'],
])('X: logins in URLs are blanked: %s', (given, redacted) => {
  expect(redactUrls(given)).toBe(redacted)
})

test('E: for the key a login is blanked to the same text whatever it was', () => {
  expect(blankLogins('https://a:1@host.example/')).toBe(blankLogins('https://b:2@host.example/'))
  expect(blankLogins('https://a:1@host.example/')).not.toBe('https://host.example/')
})

test('X: a long word is looked through once', () => {
  const word = 'a'.repeat(2_000_000)
  expect(redactUrls(`${word} ${word}://user:pw@host.example`)).toBe(`${word} ${word}://***@host.example`)
})

test('X: a password of the environment is blanked wherever it turns up, also decoded', () => {
  const redact = makeRedactor({
    PIP_INDEX_URL: 'https://user:p%40ssword@host.example/',
    PATH: '/bin',
    EMPTY: undefined,
  })
  expect(redact('a p%40ssword b p@ssword c user')).toBe('a *** b *** c user')
})

test('I5: the password of a named index of uv is blanked in any spelling', () => {
  const redact = makeRedactor({ UV_INDEX_PRIVATE_PASSWORD: 'p@ss/word' })
  expect(redact('a p@ss/word b p%40ss%2Fword c')).toBe('a *** b *** c')
})
