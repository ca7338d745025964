import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeFrame, encodeFrameParts, type Message, ProtocolError } from '../src/index.js'
import { frameOf, readStream } from './support/frames.js'

const text = fc.string({ unit: 'grapheme' })
const safeNumber = fc.oneof(
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => !Number.isInteger(number)),
  fc.constantFrom(0, 1e21, -1e300, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
)
const key = fc.oneof(text, fc.constantFrom('__proto__', 'constructor', '__bytes__', 'b64', 'length', ''))

/** Every value that arrives as it was sent: what JSON holds, and bytes. */
const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, true, false),
    safeNumber,
    text,
    fc.uint8Array(),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map((entries) => Object.fromEntries(entries)),
  ),
}))

/** Not of the one reserved form, which arrives as bytes. */
const value = anyValue.filter((each) => !JSON.stringify(each).includes('"__bytes__":true'))

const ordinary = { noNullPrototype: true }
const kwargs = fc.dictionary(key, value, ordinary)

const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ type: fc.constant('call' as const), callID: text, func: text, args: value }, ordinary),
  fc.record(
    {
      type: fc.constant('call' as const),
      callID: text,
      func: text,
      args: fc.constant(null),
      spread: fc.record({ args: fc.array(value), kwargs }, ordinary),
    },
    ordinary,
  ),
  fc.record(
    { type: fc.constant('call_done' as const), callID: text, ok: fc.constant(true as const), result: value },
    ordinary,
  ),
  fc.record({ type: fc.constant('error' as const), errorType: text, errorMessage: text }, ordinary),
  fc.constantFrom({ type: 'ping' as const }, { type: 'pong' as const }, { type: 'ready' as const }),
)

/** Cut `bytes` into pieces, lengths taken in turn. */
function* cut(bytes: Uint8Array, lengths: number[]): Generator<Uint8Array> {
  let start = 0
  for (let turn = 0; start < bytes.length; turn += 1) {
    const end = start + lengths[turn % lengths.length]!
    yield bytes.subarray(start, end)
    start = end
  }
}

const pieceLengths = fc.array(fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 3000 })), {
  minLength: 1,
})

describe('for every message', () => {
  it('D-1, D-5: what is written is read, however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 6 }), pieceLengths, (messages, lengths) => {
        const stream = Buffer.concat(messages.map((each) => encodeFrame(each)))
        const read = readStream(cut(stream, lengths))
        expect(read.error).toBeUndefined()
        // Not `toStrictEqual`, which compares types by a property that may be data here: `constructor`.
        deepStrictEqual(read.messages, messages)
      }),
      { numRuns: 500 },
    )
  })

  it('W-6: the parts of a frame are the frame', () => {
    fc.assert(
      fc.property(message, (each) => {
        expect(Buffer.concat(encodeFrameParts(each)).equals(encodeFrame(each))).toBe(true)
      }),
    )
  })
})

describe('for every stream of bytes', () => {
  /** Nothing but our own errors, and an end. */
  function assertContained(pieces: Iterable<Uint8Array>): void {
    const { error } = readStream(pieces, { maxFrameBytes: 100_000 })
    if (error !== undefined) expect(error).toBeInstanceOf(ProtocolError)
  }

  it('W-4: garbage is contained', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), pieceLengths, (bytes, lengths) => {
        assertContained(cut(bytes, lengths))
      }),
      { numRuns: 500 },
    )
  })

  it('W-4: garbage in frames is contained', () => {
    const body = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.json(), text)
    fc.assert(
      fc.property(fc.array(body, { maxLength: 5 }), pieceLengths, (bodies, lengths) => {
        assertContained(cut(Buffer.concat(bodies.map(frameOf)), lengths))
      }),
      { numRuns: 500 },
    )
  })

  it('W-4: good frames with bytes changed, added and dropped are contained', () => {
    const change = fc.record({ at: fc.nat(), byte: fc.nat(255), kind: fc.constantFrom('set', 'insert', 'drop') })
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 3 }),
        fc.array(change, { maxLength: 4 }),
        (messages, changes) => {
          const bytes = [...Buffer.concat(messages.map((each) => encodeFrame(each)))]
          for (const { at, byte, kind } of changes) {
            const position = at % (bytes.length + 1)
            if (kind === 'set') bytes[Math.min(position, bytes.length - 1)] = byte
            else if (kind === 'insert') bytes.splice(position, 0, byte)
            else bytes.splice(position, 1)
          }
          assertContained([Uint8Array.from(bytes)])
        },
      ),
      { numRuns: 500 },
    )
  })

  it('W-4: objects with the fields of messages but any values are contained', () => {
    const type = fc.constantFrom('define', 'call', 'ping', 'ready', 'op_done', 'call_done', 'pong', 'error', 'other')
    const field = fc.constantFrom(
      'opID',
      'code',
      'parts',
      'callID',
      'func',
      'args',
      'spread',
      'ok',
      'result',
      'errorCause',
      'features',
    )
    const body = fc
      .tuple(type, fc.dictionary(field, fc.jsonValue()))
      .map(([kind, fields]) => JSON.stringify({ ...fields, type: kind }))
    fc.assert(
      fc.property(body, (each) => {
        assertContained([frameOf(each)])
      }),
      { numRuns: 1000 },
    )
  })
})
