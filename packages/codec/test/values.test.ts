import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { decodeValue, encodeValue, FrameTooLargeError, type JsonValue, UnserializableError } from '../src/index.js'
import { thrownBy } from './support/frames.js'

class Point {
  x = 1
  #secret = 2
  get sum(): number {
    return this.x + this.#secret
  }
}

class Celsius {
  degrees = 20
  toJSON(): string {
    return `${this.degrees} °C`
  }
}

function nested(depth: number): unknown {
  let value: unknown = 'core'
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { in: value }
  return value
}

describe('encodeValue', () => {
  it.each<[string, unknown, JsonValue]>([
    ['null', null, null],
    ['undefined alone', undefined, null],
    ['undefined in an array', [1, undefined], [1, null]],
    // biome-ignore lint/suspicious/noSparseArray: the hole is the case
    ['a hole', [1, , 2], [1, null, 2]],
    ['an undefined property', { a: 1, b: undefined, c: { d: undefined } }, { a: 1, c: {} }],
    ['booleans', [true, false], [true, false]],
    ['the outermost safe integers', [2 ** 53 - 1, -(2 ** 53) + 1], [9007199254740991, -9007199254740991]],
    ['fractions', [0.5, -1e-300], [0.5, -1e-300]],
    ['floats of 1e21 and beyond', [1e21, -1.5e300], [1e21, -1.5e300]],
    ['a safe BigInt', [12n, -(2n ** 53n) + 1n], [12, -9007199254740991]],
    ['text outside the BMP', 'ü 😀 \u0000', 'ü 😀 \u0000'],
    ['an empty array and object', [[], {}], [[], {}]],
    ['a Uint8Array', new Uint8Array([0, 1, 2]), { __bytes__: true, b64: 'AAEC' }],
    ['a part of a Uint8Array', new Uint8Array([9, 0, 1, 2, 9]).subarray(1, 4), { __bytes__: true, b64: 'AAEC' }],
    ['a Buffer', [Buffer.from('hi')], [{ __bytes__: true, b64: 'aGk=' }]],
    ['an ArrayBuffer', { a: new ArrayBuffer(1) }, { a: { __bytes__: true, b64: 'AA==' } }],
    ['a DataView', new DataView(new Uint8Array([9, 0xff, 9]).buffer, 1, 1), { __bytes__: true, b64: '/w==' }],
    ['a view of shared memory', new Uint8Array(new SharedArrayBuffer(1)), { __bytes__: true, b64: 'AA==' }],
    ['no bytes', new Uint8Array(), { __bytes__: true, b64: '' }],
    ['an instance', { at: new Point() }, { at: { x: 1 } as never }],
    ['an object without prototype', Object.assign(Object.create(null), { a: 1n }), { a: 1 }],
    ['an object of another realm', runInNewContext('({ a: [1n, undefined] })'), { a: [1, null] }],
    ['bytes of another realm', runInNewContext('new Uint8Array([0, 1, 2])'), { __bytes__: true, b64: 'AAEC' }],
    [
      'a getter',
      {
        get now() {
          return 1n
        },
      },
      { now: 1 },
    ],
    ['a data property named toJSON', { toJSON: 'data' }, { toJSON: 'data' }],
    ['keys that are not enumerable', Object.defineProperty({ a: 1 }, 'b', { value: 2 }), { a: 1 }],
  ])('D-1: carries %s', (_, value, expected) => {
    expect(JSON.parse(JSON.stringify(encodeValue(value)))).toEqual(expected)
  })

  it('W-1: lets only -0 arrive as 0', () => {
    expect(JSON.stringify(encodeValue([-0, { a: -0 }, undefined]))).toBe('[0,{"a":0},null]')
  })

  it('hands back the same value when nothing had to be replaced', () => {
    const value = { a: [1, 'x', null, { b: [true] }], c: 1.5 }
    expect(encodeValue(value)).toBe(value)
  })

  it('copies only what it replaces and leaves the given value alone', () => {
    const kept = { deep: [1, 2] }
    const bytes = new Uint8Array([1])
    const value = { kept, list: [kept, bytes, 2n], gone: undefined }
    const encoded = encodeValue(value) as { kept: unknown; list: unknown[] }
    expect(value).toEqual({ kept, list: [kept, bytes, 2n], gone: undefined })
    expect(encoded.kept).toBe(kept)
    expect(encoded.list[0]).toBe(kept)
  })

  it('D-1: keeps __proto__ a key like any other, copied or not', () => {
    const given = JSON.parse('{"__proto__": {"polluted": true}, "a": 1}') as object
    const copied = encodeValue({ ...given, big: 1n }) as object
    for (const encoded of [encodeValue(given) as object, copied]) {
      expect(Object.hasOwn(encoded, '__proto__')).toBe(true)
      expect(Object.getPrototypeOf(encoded)).toBe(Object.prototype)
    }
    expect(JSON.stringify(copied)).toBe('{"__proto__":{"polluted":true},"a":1,"big":1}')
    const inside = encodeValue(JSON.parse('{"__proto__": {"x": null}}', (_, each) => (each === null ? 1n : each)))
    expect(JSON.stringify(inside)).toBe('{"__proto__":{"x":1}}')
  })

  it('takes the same object met twice for what it is: no cycle', () => {
    const shared = { a: [1] }
    expect(JSON.stringify(encodeValue({ one: shared, two: [shared, shared] }))).toBe(
      '{"one":{"a":[1]},"two":[{"a":[1]},{"a":[1]}]}',
    )
  })

  const detached = new Uint8Array(4)
  structuredClone(detached, { transfer: [detached.buffer] })
  const detachedBuffer = new ArrayBuffer(4)
  structuredClone(detachedBuffer, { transfer: [detachedBuffer] })
  const cycle: Record<string, unknown> = { a: { b: [0] } }
  ;(cycle.a as { b: unknown[] }).b.push(cycle.a)

  it.each<[string, unknown, string, RegExp]>([
    ['NaN', { a: [Number.NaN] }, 'args.a[0]', /NaN/],
    ['Infinity', [1, Number.POSITIVE_INFINITY], 'args[1]', /Infinity/],
    ['-Infinity', Number.NEGATIVE_INFINITY, 'args', /-Infinity/],
    ['an unsafe integer', { id: 2 ** 53 }, 'args.id', /9007199254740992/],
    ['a negative unsafe integer', [-(2 ** 60)], 'args[0]', /beyond/],
    ['the largest integer JSON writes as one', [999999999999999900000], 'args[0]', /beyond/],
    ['an unsafe BigInt', { n: 2n ** 53n }, 'args.n', /BigInt/],
    ['a huge BigInt', { n: 10n ** 400n }, 'args.n', /BigInt/],
    ['a function', { run: () => 1 }, 'args.run', /function run/],
    ['a symbol', [Symbol('s')], 'args[0]', /Symbol\(s\)/],
    ['a symbol key', { a: { [Symbol('s')]: 1 } }, 'args.a', /key Symbol\(s\)/],
    ['a lone high surrogate', { s: 'x\ud800' }, 'args.s', /surrogate/],
    ['a lone low surrogate', ['\udc00\ud800'], 'args[0]', /surrogate/],
    ['a lone surrogate in a key', { a: { '\ud800': 1 } }, 'args.a', /key "\\ud800"/],
    ['a cycle', cycle, 'args.a.b[1]', /refers back to args\.a$/],
    ['a Map', { 'not an identifier': new Map() }, 'args["not an identifier"]', /a Map/],
    ['a Set', { a: { 'quote"': new Set() } }, 'args.a["quote\\""]', /a Set/],
    ['a subclass of Map', [new (class Bag extends Map {})()], 'args[0]', /a Map/],
    ['a Date', { when: new Date(0) }, 'args.when', /a Date/],
    ['an invalid Date', { when: new Date(Number.NaN) }, 'args.when', /an invalid Date/],
    ['a RegExp', [/x/], 'args[0]', /a RegExp/],
    ['an Error', [new Error('x')], 'args[0]', /an Error/],
    ['a Promise', [Promise.resolve()], 'args[0]', /a Promise/],
    ['a WeakMap', [new WeakMap()], 'args[0]', /a WeakMap/],
    ['a boxed number', [Object(1)], 'args[0]', /a Number/],
    ['a boxed string', [Object('x')], 'args[0]', /a String/],
    ['a boxed BigInt', [Object(1n)], 'args[0]', /a BigInt/],
    ['a generator', [(function* () {})()], 'args[0]', /a Generator/],
    ['a Float64Array', { weights: new Float64Array(2) }, 'args.weights', /a Float64Array/],
    ['a Uint8ClampedArray', [new Uint8ClampedArray(2)], 'args[0]', /a Uint8ClampedArray/],
    ['a bare SharedArrayBuffer', [new SharedArrayBuffer(1)], 'args[0]', /a SharedArrayBuffer/],
    ['a detached Uint8Array', [detached], 'args[0]', /transferred/],
    ['a detached ArrayBuffer', [detachedBuffer], 'args[0]', /transferred/],
    ['a Map of another realm', [runInNewContext('new Map()')], 'args[0]', /a Map/],
    [
      'a class that calls itself something',
      [
        new (class {
          [Symbol.toStringTag] = 'Tensor'
        })(),
      ],
      'args[0]',
      /a Tensor/,
    ],
    [
      'a class that calls itself an ArrayBuffer',
      [
        new (class {
          get [Symbol.toStringTag]() {
            return 'ArrayBuffer'
          }
        })(),
      ],
      'args[0]',
      /an ArrayBuffer/,
    ],
    ['an instance with toJSON', { t: new Celsius() }, 'args.t', /Celsius with toJSON/],
    ['an object with toJSON', [{ toJSON: () => 1 }], 'args[0]', /toJSON/],
    ['an array with toJSON', [Object.assign([1], { toJSON: () => 1 })], 'args[0]', /toJSON/],
    ['a URL', { url: new URL('http://localhost/') }, 'args.url', /a URL/],
    ['an empty string key', { '': Number.NaN }, 'args[""]', /NaN/],
    [
      'a value under __proto__',
      JSON.parse('{"__proto__": {"x": null}}', (_, each) => each ?? Number.NaN),
      'args.__proto__.x',
      /NaN/,
    ],
  ])('W-1: refuses %s with its path', (_, value, path, message) => {
    const error = thrownBy(() => encodeValue(value)) as UnserializableError
    expect(error).toBeInstanceOf(UnserializableError)
    expect(error.path).toBe(path)
    expect(error.message).toMatch(message)
    expect(error.message.startsWith(path)).toBe(true)
  })

  it('says how to send what it refuses, where there is a way', () => {
    const hintFor = (value: unknown) => (thrownBy(() => encodeValue(value)) as UnserializableError).hint
    expect(hintFor(new Set())).toBe('send [...set]')
    expect(hintFor(new Date(0))).toContain('toISOString')
    expect(hintFor(new Int16Array(1))).toContain('Array.from')
    expect(hintFor(2n ** 64n)).toBe('send it as a string')
    expect(hintFor(new WeakMap())).toBeUndefined()
  })

  it('names the value as it is told to', () => {
    expect(thrownBy(() => encodeValue([Number.NaN], 'kwargs.list'))).toMatchObject({ path: 'kwargs.list[0]' })
  })

  it('D-1: carries nesting of 512 and refuses 513', () => {
    expect(encodeValue(nested(512))).toEqual(nested(512))
    const error = thrownBy(() => encodeValue(nested(513))) as UnserializableError
    expect(error).toBeInstanceOf(UnserializableError)
    expect(error.message).toContain('nesting deeper than 512')
    expect(error.path.startsWith('args[0].in[0].in')).toBe(true)
  })

  it('W-4: gives up on an array that no text can hold without walking it', () => {
    expect(thrownBy(() => encodeValue(new Array(2 ** 32 - 1)))).toBeInstanceOf(FrameTooLargeError)
  })

  it('lets an error of a getter through as it is', () => {
    const own = new RangeError('mine')
    const value = {
      get broken(): never {
        throw own
      },
    }
    expect(thrownBy(() => encodeValue(value))).toBe(own)
  })
})

describe('decodeValue', () => {
  it('D-5: gives bytes back, wherever they are', () => {
    const value = { a: [{ __bytes__: true, b64: 'AAEC' }], b64: { b64: '', __bytes__: true } }
    expect(decodeValue(value)).toStrictEqual({ a: [new Uint8Array([0, 1, 2])], b64: new Uint8Array() })
    expect(value.a).toEqual([{ __bytes__: true, b64: 'AAEC' }])
  })

  it('D-5: gives bytes as a Uint8Array in memory of its own', () => {
    const bytes = decodeValue({ __bytes__: true, b64: 'AAEC' }) as Uint8Array
    expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype)
    expect(bytes.buffer.byteLength).toBe(3)
  })

  it.each<[JsonValue]>([
    [{ __bytes__: true }],
    [{ b64: 'AA==' }],
    [{ __bytes__: 1, b64: 'AA==' }],
    [{ __bytes__: false, b64: 'AA==' }],
    [{ __bytes__: true, b64: null }],
    [{ __bytes__: true, b64: 'AA==', c: 1 }],
  ])('D-5: leaves %j alone: nothing else is special', (value) => {
    expect(decodeValue(value)).toBe(value)
  })

  it('hands back the same value when it holds no bytes', () => {
    const value = { a: [1, { b: null }], c: 'x' }
    expect(decodeValue(value)).toBe(value)
  })

  it('keeps __proto__ a key like any other', () => {
    const decoded = decodeValue(JSON.parse('{"__proto__": {"__bytes__": true, "b64": "AA=="}, "a": 1}')) as object
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype)
    expect(Object.getOwnPropertyDescriptor(decoded, '__proto__')?.value).toEqual(new Uint8Array(1))
  })

  it('D-6: refuses bytes that are not base64 with their path', () => {
    const error = thrownBy(() => decodeValue({ a: [0, { __bytes__: true, b64: 'A' }] }))
    expect(error).toBeInstanceOf(UnserializableError)
    expect(error).toMatchObject({ path: 'result.a[1]' })
  })

  it('D-6: refuses nesting beyond 512', () => {
    expect(decodeValue(nested(512) as JsonValue)).toEqual(nested(512))
    expect(thrownBy(() => decodeValue(nested(513) as JsonValue, 'args'))).toBeInstanceOf(UnserializableError)
  })
})
