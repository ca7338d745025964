import { describe, expect, test } from 'vitest'
import { isInRange, tryParsePythonRange } from '../src/version.js'

describe('V-2: python as a range of versions', () => {
  test.each([
    ['>=3.11', '3.11.0', true],
    ['>=3.11', '3.10.13', false],
    ['>= 3.10, <3.13', '3.12.1', true],
    ['>= 3.10, <3.13', '3.13.0', false],
    ['3.11', '3.11.7', true],
    ['3.11', '3.12.0', false],
    ['3.11.7', '3.11.7', true],
    ['3.11.7', '3.11.8', false],
    ['3', '3.9.0', true],
    ['~=3.10', '3.13.0', true],
    ['~=3.10.2', '3.10.13', true],
    ['~=3.10.2', '3.11.0', false],
    ['==3.12.*', '3.12.9', true],
    ['!=3.12.*', '3.12.9', false],
    ['>3.9', '3.9.1', true],
    ['<=3.9', '3.9.0', true],
    ['===3.9.0', '3.9.0', true],
  ])('%s and %s: %s', (range, release, isWanted) => {
    expect(isInRange(release, tryParsePythonRange(range) ?? [])).toBe(isWanted)
  })

  test.each(['', 'python3', '/usr/bin/python3', '>=', '>=three', '>=3.11,', '>=3.11rc1', '3.11.7.1'])(
    '%j is not a range',
    (text) => {
      expect(tryParsePythonRange(text)).toBeUndefined()
    },
  )
})
