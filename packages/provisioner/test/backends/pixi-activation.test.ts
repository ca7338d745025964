import { delimiter } from 'node:path'
import { expect, test } from 'vitest'
import { activationOf } from '../../src/backends/pixi-activation.js'

const path = (...folders: string[]) => folders.join(delimiter)

test('E: what is new or changed is kept, what was given or is the shell’s own is not', () => {
  const given = { HOME: '/home', LANG: 'C', PATH: '/bin', SECRET: 's3cret' }
  const seen = {
    ...given,
    LANG: 'C.UTF-8',
    CONDA_PREFIX: '/p',
    PATH: path('/p/bin', '/p/more', '/bin'),
    PWD: '/p',
    SHLVL: '1',
    BYTES: 'a\udcff',
  }
  expect(activationOf(given, seen)).toEqual({
    LANG: 'C.UTF-8',
    CONDA_PREFIX: '/p',
    PATH: path('/p/bin', '/p/more'),
  })
})

test.each([
  ['of which nothing is left', '/p/bin'],
  ['in another order', path('/p/bin', '/usr/bin', '/bin')],
])('E: a PATH %s is taken whole', (_, seen) => {
  expect(activationOf({ PATH: path('/bin', '/usr/bin') }, { PATH: seen })).toEqual({ PATH: seen })
})
