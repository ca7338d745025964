import { expect, test } from 'vitest'
import { type CanonicalValue, canonicalJson } from '../src/canonical-json.js'

test('E: keys are sorted by UTF-16 code unit at every depth and there is no white space', () => {
  expect(canonicalJson({ b: [1, { z: null, a: true }], a: 'x y', '\u{1F600}': 1, '\uFFFD': 2 })).toBe(
    '{"a":"x y","b":[1,{"a":true,"z":null}],"😀":1,"\uFFFD":2}',
  )
})

test.each([[1.5], [Number.NaN], [2 ** 53], [undefined], [() => 1], [{ a: undefined }], [[undefined]]])(
  'E: what JSON would leave out or round is refused (%s)',
  (value) => {
    expect(() => canonicalJson(value as CanonicalValue)).toThrow(TypeError)
  },
)
