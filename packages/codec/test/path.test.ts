import { describe, expect, it } from 'vitest'
import { formatPath } from '../src/path.js'

describe('formatPath', () => {
  it.each<[string, (string | number)[], string]>([
    ['args', [], 'args'],
    ['args', ['items', 3, 'when'], 'args.items[3].when'],
    ['kwargs', ['name'], 'kwargs.name'],
    ['args', ['$a_1'], 'args.$a_1'],
    ['result', ['like this', '1a', '', 'ü', 'say "x"'], 'result["like this"]["1a"][""]["ü"]["say \\"x\\""]'],
    ['result', ['a\n', '0'], 'result["a\\n"]["0"]'],
  ])('writes %s and %j as %s', (root, keys, expected) => {
    expect(formatPath(root, keys)).toBe(expected)
  })
})
