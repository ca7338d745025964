import fc from 'fast-check'
import { expect, it } from 'vitest'
import { textOfInteger, tryReadInteger } from '../src/integers.js'

it('D-1: what is written is read', () => {
  const long = fc.tuple(fc.bigInt({ min: 1n, max: 2n ** 64n }), fc.nat(40_000)).map(([n, bits]) => n << BigInt(bits))
  fc.assert(
    fc.property(fc.oneof(fc.bigInt(), long), fc.boolean(), (value, isNegative) => {
      fc.pre(value !== 0n)
      const signed = isNegative ? -value : value
      expect(tryReadInteger(textOfInteger(signed))).toBe(signed)
    }),
  )
})

it('W-4: the longest that a frame holds are read and written in no time to speak of', () => {
  // As decimal digits it would take 18 s, and the host stands still meanwhile: a hang is what shows it, not a clock.
  const text = `-0x${'f'.repeat(64 * 1024 * 1024 - 100)}`
  expect(textOfInteger(tryReadInteger(text)!)).toBe(text)
  expect(tryReadInteger('9'.repeat(64 * 1024 * 1024))).toBeUndefined()
})
