import { delimiter } from 'node:path'
import { expect, it } from 'vitest'
import { activate } from '../src/activation.js'

it('E: the PATH of an environment goes in front of the worker’s own, everything else in its place', () => {
  expect(activate({ PATH: '/usr/bin', LANG: 'C', HOME: '/h' }, { PATH: '/env/bin', LANG: 'C.UTF-8', X: '1' })).toEqual({
    PATH: `/env/bin${delimiter}/usr/bin`,
    LANG: 'C.UTF-8',
    HOME: '/h',
    X: '1',
  })
  expect(activate({ HOME: '/h' }, { PATH: '/env/bin' })).toEqual({ HOME: '/h', PATH: '/env/bin' })
})
