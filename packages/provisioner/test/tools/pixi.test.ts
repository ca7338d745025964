import { expect, test } from 'vitest'
import { canPixi } from '../../src/tools/pixi.js'

test.each([
  ['0.73.9', false],
  ['0.74.0', true],
  ['0.100.0', true],
  ['1.0.0', true],
])('E: pixi %s works offline: %s', (version, expected) => {
  expect(canPixi('offline', version)).toBe(expected)
})
