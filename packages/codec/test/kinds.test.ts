import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { describeForeign, hasOnlyProperties, tryBytesOf } from '../src/kinds.js'

class Plain {}

describe('hasOnlyProperties', () => {
  it.each<[string, object, boolean]>([
    ['a plain object', {}, true],
    ['an object without prototype', Object.create(null), true],
    ['an instance', new Plain(), true],
    ['an object of another realm', runInNewContext('({})'), true],
    ['a Map', new Map(), false],
    ['a Date', new Date(), false],
    ['bytes', new Uint8Array(), false],
    ['arguments of a function', runInNewContext('(function () { return arguments })()'), false],
  ])('judges %s', (_, value, expected) => {
    expect(hasOnlyProperties(value)).toBe(expected)
  })
})

describe('tryBytesOf', () => {
  it('views the bytes and copies none', () => {
    const { buffer } = new Uint8Array([1, 2, 3, 4])
    expect(tryBytesOf(buffer)!.buffer).toBe(buffer)
    const view = tryBytesOf(new DataView(buffer, 1, 2))!
    expect(view.buffer).toBe(buffer)
    expect([...view]).toEqual([2, 3])
    const bytes = new Uint8Array(buffer)
    expect(tryBytesOf(bytes)).toBe(bytes)
  })

  it.each([[new Int8Array(1)], [new Uint8ClampedArray(1)], [new BigUint64Array(1)], [{ byteLength: 0 }], [new Map()]])(
    'finds none in %o',
    (value) => {
      expect(tryBytesOf(value)).toBeUndefined()
    },
  )

  it('tells an empty buffer from one that was transferred', () => {
    const buffer = new ArrayBuffer(8)
    const view = new DataView(buffer)
    structuredClone(buffer, { transfer: [buffer] })
    expect(tryBytesOf(buffer)).toBeUndefined()
    expect(tryBytesOf(view)).toBeUndefined()
    expect(tryBytesOf(new ArrayBuffer(0))).toEqual(new Uint8Array())
  })
})

describe('describeForeign', () => {
  it.each<[object, string]>([
    [new Map(), 'a Map'],
    [new Error('x'), 'an Error'],
    [new Uint16Array(), 'a Uint16Array'],
    [new Int8Array(), 'an Int8Array'],
    [new Date(Number.NaN), 'an invalid Date'],
  ])('names %o', (value, description) => {
    expect(describeForeign(value).description).toBe(description)
  })
})
