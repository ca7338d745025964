import { expect, test } from 'vitest'
import { condaPlatform, countLocked } from '../../src/backends/pixi-lock.js'

const lock = `version: 6
environments:
  default:
    channels:
    - url: https://channel.example/
    indexes:
    - https://index.example/simple
    packages:
      linux-64:
      - conda: https://channel.example/linux-64/python-3.12.0-0.conda
      - conda: https://channel.example/noarch/tiny-1.0-0.tar.bz2
      - pypi: https://index.example/six.whl
      osx-arm64:
      - conda: https://channel.example/osx-arm64/python-3.12.0-0.conda
  more:
    channels:
    - url: https://channel.example/
    packages:
      linux-64:
      - conda: https://channel.example/linux-64/python-3.12.0-0.conda
packages:
- conda: https://channel.example/noarch/tiny-1.0-0.tar.bz2
  depends:
  - python
`

test.each([
  ['default', 'linux-64', 2],
  ['default', 'osx-arm64', 1],
  ['more', 'linux-64', 1],
  ['more', 'osx-arm64', undefined],
  ['absent', 'linux-64', undefined],
])('V-3: environment %s on %s has %s conda packages', (environment, platform, expected) => {
  expect(countLocked(lock, environment, platform)).toBe(expected)
  expect(countLocked(lock.replaceAll('\n', '\r\n'), environment, platform)).toBe(expected)
})

test.each(['', 'version: 1\npackages:\n- name: python\n  platform: linux-64\n', '[]'])(
  'V-3: a lock of another form has no number: %j',
  (text) => {
    expect(countLocked(text, 'default', 'linux-64')).toBeUndefined()
  },
)

test.each([
  ['linux', 'x64', 'linux-64'],
  ['darwin', 'arm64', 'osx-arm64'],
  ['win32', 'x64', 'win-64'],
  ['sunos', 'x64', undefined],
])('E: conda calls %s on %s %s', (platform, arch, expected) => {
  expect(condaPlatform({ platform, arch })).toBe(expected)
})
