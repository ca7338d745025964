import { join } from 'node:path'
import { expect, test } from 'vitest'
import { canPixi, pixiTool } from '../../src/tools/pixi.js'

test.each([
  ['pixi 0.15.2\n', '0.15.2'],
  ['warning: something\npixi 1.0.0-rc.1\n', '1.0.0-rc.1'],
  ['uv 0.9.17', undefined],
  ['', undefined],
])('E: %j is version %s', (output, expected) => {
  expect(pixiTool.parseVersion(output)).toBe(expected)
})

test.each([
  ['0.73.9', false],
  ['0.74.0', true],
  ['0.100.0', true],
  ['1.0.0', true],
])('E: pixi %s works offline: %s', (version, expected) => {
  expect(canPixi('offline', version)).toBe(expected)
})

test("E: after PATH, the folder of pixi's own installer comes first", () => {
  expect(pixiTool.folders('/home/me')[0]).toBe(join('/home/me', '.pixi', 'bin'))
})
