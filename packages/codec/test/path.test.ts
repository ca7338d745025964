import { describe, expect, it } from 'vitest'
import { UnserializableError } from '../src/index.js'
import { formatPath, shortenPath } from '../src/path.js'

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

describe('shortenPath', () => {
  const steps = (count: number) => '.step'.repeat(count)

  it.each<[string, string, string]>([
    ['a short one', 'args.items[3].when', 'args.items[3].when'],
    ['one of 120 characters', `result${'[0]'.repeat(38)}`, `result${'[0]'.repeat(38)}`],
    ['a long one', `result${'[0]'.repeat(512)}`, `result${'[0]'.repeat(17)}…${'[0]'.repeat(20)}`],
    ['names, of which none is cut', `args.first${steps(99)}.last`, `args.first${steps(9)}…${steps(11)}.last`],
    ['a long key', `args["${'k'.repeat(500)}"].x`, 'args….x'],
    ['a long key at the end', `args["${'k'.repeat(500)}"]`, `args…${'k'.repeat(58)}"]`],
  ])('D-6: shows %s by its first steps and its last', (_, path, expected) => {
    expect(shortenPath(path)).toBe(expected)
  })

  it('D-6: an error keeps its path whole, and says it once', () => {
    const path = `result${'[0]'.repeat(512)}`
    const error = new UnserializableError(path, 'nested deeper than 512')
    expect(error.path).toBe(path)
    expect(error.message).toBe(`${shortenPath(path)}: nested deeper than 512`)
    expect(new UnserializableError(path, error.message).message).toBe(error.message)
  })
})
