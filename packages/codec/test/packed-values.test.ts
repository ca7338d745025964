/** Large values in MessagePack: what arrives, and what is refused, is what it is in JSON. */
import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type LargeMessage,
  type LateMessage,
  type Message,
  MessageBatch,
  UnserializableError,
  ValueCodecs,
  ValueTooLargeError,
} from '../src/index.js'
import { isPacked } from '../src/msgpack-reader.js'
import { PackedEncoder } from '../src/packed-encoder.js'
import { key, kwargs, value } from './support/arbitrary.js'
import { thrownBy } from './support/frames.js'
import { readNegotiated } from './support/negotiated.js'

/** Makes whatever it stands beside large, in either encoding. */
const many = Array.from({ length: 20_000 }, (_, index) => index)

const results = (result: unknown): Message => ({ type: 'call_done', callID: 7, ok: true, result })
const calls = (args: unknown[], named: Record<string, unknown> = {}): Message => ({
  type: 'call',
  callID: 7,
  func: 'f',
  args: null,
  spread: { args, kwargs: named },
})

/** The frames of a message, where MessagePack is read or not. */
function framesOf(message: Message, packs: boolean): Uint8Array[] {
  const batch = new MessageBatch({ packs: () => packs })
  const large = batch.add(message as never) as LargeMessage | undefined
  return large ? [...large.frames()].map((parts) => Buffer.concat(parts)) : batch.takeFrames()
}

/** Whether the messages of these frames, in a frame or in a parcel, are MessagePack. */
function arePacked([first]: Uint8Array[]): boolean {
  const body = first!.subarray(4)
  if (body[0] === 2) return isPacked(body[13])
  return body[0] === 1 ? isPacked(body[8 + 4 * ((body[2]! << 8) | body[3]!)]) : isPacked(body[0])
}

describe('W-2, D-1: a large value', () => {
  it('is the same in MessagePack, whatever is in it', () => {
    fc.assert(
      fc.property(value, fc.boolean(), (each, isFirst) => {
        const message = results(isFirst ? [each, many] : { many, each })
        const frames = framesOf(message, true)
        expect(arePacked(frames)).toBe(true)
        deepStrictEqual(readNegotiated(frames, 'worker'), { messages: [message], error: undefined })
      }),
      { numRuns: 300 },
    )
  })

  it('is so as arguments and keywords', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 3 }), kwargs, (args, named) => {
        const message = calls([...args, many], named)
        deepStrictEqual(readNegotiated(framesOf(message, true), 'host'), { messages: [message], error: undefined })
      }),
      { numRuns: 200 },
    )
  })

  it('is so by itself, where the one argument is the call’s', () => {
    const message: Message = { type: 'call', callID: 1, func: 'f', args: new Set([many]) }
    const { messages } = readNegotiated(framesOf(message, true), 'host')
    deepStrictEqual(messages, [{ ...message, args: null, spread: { args: [message.args], kwargs: {} } }])
  })

  it.each(['faithful', 'json'] as const)('asks for its result as %s', (form) => {
    for (const named of [{}, { k: new Set([1]) }]) {
      const message = { ...calls([many], named), values: form } as Message
      deepStrictEqual(readNegotiated(framesOf(message, true), 'host').messages, [message])
    }
  })

  it('is JSON where that is all that is read, and so is a small one', () => {
    expect(arePacked(framesOf(results([many]), false))).toBe(false)
    expect(arePacked(framesOf(results([1, 2]), true))).toBe(false)
  })

  it('D-1: properties that are undefined are left out, and elements are null', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(key, fc.constantFrom(undefined, 1)), { maxLength: 40 }), (entries) => {
        const object = Object.fromEntries(entries)
        const packed = readNegotiated(framesOf(results([many, object, [undefined]]), true), 'worker')
        deepStrictEqual(packed, readNegotiated(framesOf(results([many, object, [undefined]]), false), 'worker'))
        expect(packed.error).toBeUndefined()
      }),
    )
  })

  it('D-2: attachments and a Blob go beside it', async () => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => index)
    const large = results([many, bytes, Uint8Array.of(1), new Float64Array([0.5])])
    deepStrictEqual(readNegotiated(framesOf(large, true), 'worker').messages, [large])

    const batch = new MessageBatch({ packs: () => true })
    const late = batch.add(results([many, new Blob(['abc'])]) as never) as LateMessage
    const added = batch.addLate(late, [Uint8Array.of(97, 98, 99)])
    const frames = added
      ? [...(added as LargeMessage).frames()].map((parts) => Buffer.concat(parts))
      : batch.takeFrames()
    expect(arePacked(frames)).toBe(true)
    deepStrictEqual(readNegotiated(frames, 'worker').messages, [results([many, Uint8Array.of(97, 98, 99)])])
  })

  it('D-4: what is over a limit so, and not as JSON, goes as JSON', () => {
    const halves = results(new Array(100_000).fill(0.5))
    const framesWithin = (maxValueBytes: number) => {
      const batch = new MessageBatch({ packs: () => true, maxValueBytes })
      return [...(batch.add(halves as never) as LargeMessage).frames()].map((parts) => Buffer.concat(parts))
    }
    expect(arePacked(framesWithin(1_000_000))).toBe(true)
    const frames = framesWithin(500_000)
    expect(arePacked(frames)).toBe(false)
    deepStrictEqual(readNegotiated(frames, 'worker').messages, [halves])
    expect(() => framesWithin(300_000)).toThrow(ValueTooLargeError)
  })

  it('D-3: codecs are asked in the same way', () => {
    class Money {
      constructor(readonly cents: number) {}
    }
    const codecs = new ValueCodecs([{ type: Money, name: 'money', encode: (money: Money) => money.cents }])
    const batch = new MessageBatch({ packs: () => true, conversions: { codecs } })
    batch.add(results([many, new Money(5)]) as never)
    const reading = new ValueCodecs([{ name: 'money', decode: (cents) => new Money(cents as number) }])
    const { messages } = readNegotiated(batch.takeFrames(), 'worker', undefined, { codecs: reading })
    expect(messages).toStrictEqual([results([many, new Money(5)])])
  })

  it('D-1: nests as deep as any', () => {
    let deep: unknown = 1
    for (let depth = 0; depth < 255; depth += 1) deep = new Map([[1, deep]])
    const message = calls([[many, deep]])
    const frames = framesOf(message, true)
    expect(arePacked(frames)).toBe(true)
    deepStrictEqual(readNegotiated(frames, 'host').messages, [message])
  })
})

describe('D-6: what is refused in a large value', () => {
  const cycle: unknown[] = []
  cycle.push({ back: cycle })
  let deep: unknown = []
  for (let depth = 0; depth < 600; depth += 1) deep = [deep]

  it.each<[string, unknown]>([
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['a lone surrogate', '\ud800'],
    ['a long text with a lone surrogate', `${'x'.repeat(100)}\udfff`],
    ['a key with a lone surrogate', { '\ud800': 1 }],
    ['such a key of nothing', { '\ud800': undefined }],
    ['a cycle', cycle],
    ['nesting', deep],
    ['an invalid date', new Date(Number.NaN)],
    ['a promise', Promise.resolve()],
    ['a symbol as key', { [Symbol('s')]: 1 }],
    ['toJSON', { toJSON: () => 1 }],
    ['an array with toJSON', Object.assign([1], { toJSON: () => 1 })],
    ['something in a Map', new Map([[1, () => 1]])],
  ])('is refused as it is in JSON: %s', (_, bad) => {
    for (const message of [results([many, { bad }]), calls([many], { bad }), calls([[many, { bad }]])]) {
      const errors = [true, false].map((packs) => thrownBy(() => framesOf(message, packs)) as UnserializableError)
      expect(errors[0]).toBeInstanceOf(UnserializableError)
      expect({ ...errors[0], message: errors[0]!.message }).toEqual({ ...errors[1], message: errors[1]!.message })
    }
  })

  it('D-4: so is what is over the limit, text and attachments together', () => {
    for (const value of [many, [many, new Uint8Array(200_000)], Array(30).fill(Array(30).fill(many))]) {
      const batch = new MessageBatch({ packs: () => true, maxValueBytes: 50_000 })
      expect(thrownBy(() => batch.add(results(value) as never))).toBeInstanceOf(ValueTooLargeError)
      expect(batch.isEmpty).toBe(true)
    }
  })

  it('D-4: a value that is met along exponentially many ways ends at the limit', () => {
    let wide: unknown = [1, 2]
    for (let depth = 0; depth < 100; depth += 1) wide = [wide, wide]
    expect(thrownBy(() => new PackedEncoder('a result', 1e6).pack(wide, 'result'))).toBeInstanceOf(ValueTooLargeError)
  })
})
