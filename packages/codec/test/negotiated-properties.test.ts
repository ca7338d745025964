import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Message, NDArray, ProtocolError } from '../src/index.js'
import { frameOf } from './support/frames.js'
import { negotiatedVectors, readNegotiated, writeNegotiated } from './support/negotiated.js'

const text = fc.string({ unit: 'grapheme' })
const key = fc.oneof(text, fc.constantFrom('__proto__', 'constructor', 'length', ''))
const typedArrays = [
  ...[fc.int8Array(), fc.int16Array(), fc.uint16Array(), fc.int32Array(), fc.uint32Array(), fc.float32Array()],
  ...[fc.float64Array(), fc.bigInt64Array(), fc.bigUint64Array()],
]

/** Every value that arrives as it was sent. */
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<unknown>(null, true, false, Number.NaN, -0, 0, 2 ** 53, -(2 ** 70), Infinity, -Infinity),
    fc.maxSafeInteger(),
    fc.double(),
    // A small one arrives as the number that it is.
    fc.bigInt().filter((each) => !Number.isSafeInteger(Number(each))),
    text,
    fc.date({ noInvalidDate: true }),
    fc.uint8Array(),
    ...typedArrays,
    fc.uint8Array({ minLength: 6, maxLength: 6 }).map((data) => new NDArray('bool', [1, 2, 3], data)),
    fc.float64Array({ minLength: 4, maxLength: 4 }).map((data) => new NDArray('complex128', [2], data)),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.array(tie('value'), { maxLength: 5 }).map((elements) => new Set(elements)),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map((entries) => Object.fromEntries(entries)),
    // One whose keys are all texts arrives as an object.
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 5 }).map((entries) => new Map([...entries, [1, null]])),
  ),
}))

const id = fc.nat(Number.MAX_SAFE_INTEGER)
const kwargs = fc.dictionary(key, value, { noNullPrototype: true })

it('D-1, D-2: every result is read as it was written, however many wait', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(id, value), { maxLength: 6 }), (results) => {
      const messages = results.map(([callID, result]): Message => ({ type: 'call_done', callID, ok: true, result }))
      const read = readNegotiated([writeNegotiated(messages)], 'worker')
      expect(read.error).toBeUndefined()
      deepStrictEqual(read.messages, messages)
    }),
    { numRuns: 500 },
  )
})

it('D-1, D-2: so are all arguments', () => {
  fc.assert(
    fc.property(id, text, fc.array(value, { maxLength: 4 }), kwargs, (callID, func, args, named) => {
      const message: Message = { type: 'call', callID, func, args: null, spread: { args, kwargs: named } }
      deepStrictEqual(readNegotiated([writeNegotiated([message])], 'host'), { messages: [message], error: undefined })
    }),
    { numRuns: 500 },
  )
})

it('W-4: no bytes do more than be malformed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom('host', 'worker'), (bytes, direction) => {
      const { error } = readNegotiated([frameOf(Uint8Array.of(0x5b, ...bytes))], direction)
      if (error !== undefined) expect(error).toBeInstanceOf(ProtocolError)
    }),
  )
})

it('W-4: nor do golden frames that were damaged', () => {
  const damage = fc.record({ vector: fc.constantFrom(...negotiatedVectors), at: fc.nat(), by: fc.nat(255) })
  fc.assert(
    fc.property(damage, fc.constantFrom('flip', 'cut', 'insert'), ({ vector, at, by }, how) => {
      const place = at % (vector.bytes.length + 1)
      const bytes = [...vector.bytes]
      if (how === 'flip') bytes[place] = by
      else bytes.splice(place, how === 'cut' ? 1 : 0, ...(how === 'cut' ? [] : [by]))
      const { error } = readNegotiated([Uint8Array.from(bytes)], vector.direction)
      if (error !== undefined) expect(error).toBeInstanceOf(ProtocolError)
    }),
    { numRuns: 3000 },
  )
})
