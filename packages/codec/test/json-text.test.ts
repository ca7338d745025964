import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findUnsafeIntegers, mayHoldBytes, mayHoldUnsafeIntegers } from '../src/json-text.js'

const find = (text: string) => [...findUnsafeIntegers(text)]

describe('findUnsafeIntegers', () => {
  it.each<[string, (string | number)[][]]>([
    ['9007199254740992', [[]]],
    ['-9007199254740992', [[]]],
    ['9007199254740991', []],
    ['9007199254740992.0', []],
    ['9007199254740992e0', []],
    ['12345678901234567E-2', []],
    ['[1, 12345678901234567890]', [[1]]],
    ['{"a": {"b": [[], {}, 12345678901234567890]}}', [['a', 'b', 2]]],
    ['{"a": [1, {"x": 2}], "b": 12345678901234567890}', [['b']]],
    ['[[1, 2], 12345678901234567890, {"k": 12345678901234567890}]', [[1], [2, 'k']]],
    ['"12345678901234567890"', []],
    ['{"12345678901234567890": "a \\" 12345678901234567890 \\\\"}', []],
    ['["\\\\", 12345678901234567890, "\\\\\\""]', [[1]]],
    ['{"\\u0061\\"": 12345678901234567890}', [['a"']]],
    ['{"": 12345678901234567890}', [['']]],
    [' \n[ true , null,\t-12345678901234567890 ]', [[2]]],
  ])('finds in %s exactly %j', (text, expected) => {
    expect(find(text)).toEqual(expected)
  })

  it('finds one below a hundred thousand brackets', () => {
    const depth = 100_000
    const keys = find(`${'['.repeat(depth)}12345678901234567890${']'.repeat(depth)}`)
    expect(keys[0]).toHaveLength(depth)
  })
})

describe('mayHoldUnsafeIntegers', () => {
  it('never says no to a text that holds one', () => {
    const integer = fc.bigInt({ min: 2n ** 53n, max: 10n ** 40n }).chain((size) => fc.constantFrom(size, -size))
    const pad = fc.string({ unit: fc.constantFrom(' ', '"x",', '1,', '0.25,', '{},', '12345678901,'), maxLength: 40 })
    fc.assert(
      fc.property(integer, pad, (number, before) => {
        const text = `[${before}${number}]`
        expect(mayHoldUnsafeIntegers(text)).toBe(true)
        expect(find(text)).toHaveLength(1)
      }),
    )
  })

  it.each([
    '{"ids": ["12345678901234567890"]}',
    '[0.12345678901234567, 1.2345678901234567e-9]',
    '[123456789012345]',
    '[1700000000000000, -9007199254740991]',
  ])('spares %s the search', (text) => {
    for (let shift = 0; shift < 16; shift += 1) expect(mayHoldUnsafeIntegers(' '.repeat(shift) + text)).toBe(false)
  })
})

describe('mayHoldBytes', () => {
  it.each([
    ['{"__bytes__":true}', true],
    ['{"\\u005f_bytes__":true}', true],
    ['{"__b\\u0079tes__":true}', true],
    ['{"_\\u005Fbytes__":true}', true],
    ['"caf\\u00e9 \\u0000"', false],
    ['{"bytes":1}', false],
  ])('judges %s', (text, expected) => {
    expect(mayHoldBytes(text)).toBe(expected)
  })
})
