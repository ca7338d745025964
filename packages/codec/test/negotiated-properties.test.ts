import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Message, ProtocolError } from '../src/index.js'
import { id, kwargs, text, value } from './support/arbitrary.js'
import { frameOf } from './support/frames.js'
import { negotiatedVectors, readNegotiated, writeNegotiated } from './support/negotiated.js'

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
