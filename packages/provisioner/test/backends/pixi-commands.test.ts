import { expect, test } from 'vitest'
import { pixiInstall, pixiRun } from '../../src/backends/pixi-commands.js'

const target = { manifest: '/p/pixi.toml', environment: 'default' }

test.each([
  ['locked', 'default', false, '--locked'],
  ['frozen', 'default', false, '--frozen'],
  ['update', 'default', false, ''],
  ['locked', 'more', false, '--locked --environment more'],
  ['update', 'more', true, '--environment more --offline'],
] as const)('E: %s, environment %s, offline %s: pixi install … %s', (lockMode, environment, offline, options) => {
  const args = pixiInstall({ ...target, environment, lockMode, offline })
  expect(args.join(' ')).toBe(`install --manifest-path /p/pixi.toml ${options}`.trim())
})

test('E: what is run stands last, and nothing is solved for it', () => {
  expect(pixiRun({ ...target, environment: 'more' }, false, ['bin/python', '-I']).join(' ')).toBe(
    'run --manifest-path /p/pixi.toml --frozen --environment more bin/python -I',
  )
})
