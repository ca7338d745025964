import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type CallMessage,
  type Message,
  MessageBatch,
  OptionError,
  type ValueCodec,
  ValueCodecs,
} from '../src/index.js'
import { thrownBy } from './support/frames.js'
import { readNegotiated } from './support/negotiated.js'

class Money {
  constructor(
    readonly amount: unknown,
    readonly currency = 'EUR',
  ) {}
}
class Tip extends Money {}

const money: ValueCodec<Money, [unknown, string]> = {
  type: Money,
  name: 'money',
  encode: ({ amount, currency }) => [amount, currency],
  decode: ([amount, currency]) => new Money(amount, currency),
}

const call = (args: unknown): Message => ({ type: 'call', callID: 1, func: 'f', args })

/** Write one argument with some codecs, and read it with others. */
function through(value: unknown, writing: ValueCodec[], reading: ValueCodec[] = writing): CallMessage {
  const batch = new MessageBatch({ conversions: { codecs: new ValueCodecs(writing) } })
  batch.add(call(value) as never)
  const { messages, error } = readNegotiated(batch.takeFrames(), 'host', {}, { codecs: new ValueCodecs(reading) })
  expect(error).toBeUndefined()
  return messages[0] as CallMessage
}

const valueThrough = (...args: Parameters<typeof through>) => through(...args).spread?.args[0]

describe('D-3: a codec', () => {
  it('says what is sent in place of an instance, which is itself encoded', () => {
    const value = { tips: [new Tip(new Set([2n ** 60n])), new Money(new Date(5))] }
    expect(valueThrough(value, [money], [])).toStrictEqual({
      tips: [
        [new Set([2n ** 60n]), 'EUR'],
        [new Date(5), 'EUR'],
      ],
    })
  })

  it('makes of what came with its name what it was, in maps and sets as well', () => {
    const value = new Map<unknown, unknown>([[new Money(1), new Set([new Money([new Money(Uint8Array.of(2))])])]])
    expect(valueThrough(value, [money])).toStrictEqual(value)
  })

  it('of the nearest class is used; what another one makes is encoded by its own', () => {
    const tip: ValueCodec = {
      type: Tip,
      name: 'tip',
      encode: ({ amount }: Tip) => new Money(amount, 'tip'),
      decode: (sent: Money) => new Tip(sent.amount),
    }
    expect(valueThrough([new Tip(1), new Money(2)], [money, tip])).toStrictEqual([new Tip(1), new Money(2)])
    expect(valueThrough([new Tip(1)], [money, tip], [money])).toStrictEqual([new Money(1, 'tip')])
  })

  it('comes before what is known without one', () => {
    const codecs: ValueCodec[] = [
      { type: Date, encode: (date: Date) => date.toISOString() },
      { type: Array, encode: (array: unknown[]) => array.length },
      { type: RegExp, encode: ({ source }: RegExp) => source },
    ]
    expect(valueThrough({ date: new Date(0), array: [1, 2], pattern: /x/ }, codecs)).toStrictEqual({
      date: '1970-01-01T00:00:00.000Z',
      array: 2,
      pattern: 'x',
    })
  })

  it('has no say about plain objects', () => {
    expect(valueThrough({ a: { amount: 1 } }, [money])).toStrictEqual({ a: { amount: 1 } })
    expect(valueThrough(Object.create(null, { a: { value: 1, enumerable: true } }), [money])).toStrictEqual({ a: 1 })
  })

  it('makes values come back equal wherever they are', () => {
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.constantFrom(null, 2n ** 60n, Number.NaN),
        fc.uint8Array(),
        fc.string({ unit: 'grapheme' }),
        tie('value').map((amount) => new Money(amount)),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.array(tie('value'), { maxLength: 3 }).map((elements) => new Set(elements)),
      ),
    }))
    fc.assert(
      fc.property(value, (each) => {
        expect(valueThrough(each, [money])).toStrictEqual(each)
      }),
    )
  })
})

describe('D-6: a codec that fails', () => {
  it('on the way out refuses that call, with the path and its error', () => {
    const cause = new RangeError('no rate')
    const batch = new MessageBatch({
      conversions: {
        codecs: new ValueCodecs([
          {
            type: Money,
            encode: () => {
              throw cause
            },
          },
        ]),
      },
    })
    expect(thrownBy(() => batch.add(call({ items: [new Money(1)] }) as never))).toMatchObject({
      code: 'ERR_PYFERRY_UNSERIALIZABLE',
      path: 'args.items[0]',
      message: 'args.items[0]: the codec of Money failed: no rate',
      cause,
    })
    expect(batch.isEmpty).toBe(true)
  })

  it('on the way in fails that call alone, with the path and its error', () => {
    const decode = () => {
      throw new RangeError('no rate')
    }
    const { valueError, spread } = through(
      { items: [new Money(Uint8Array.of(1)), Uint8Array.of(2)] },
      [money],
      [{ name: 'money', decode }],
    )
    expect(spread).toBeUndefined()
    expect(valueError).toMatchObject({
      code: 'ERR_PYFERRY_UNSERIALIZABLE',
      path: 'args[0].items[0]',
      message: 'args[0].items[0]: the codec "money" failed: no rate',
      cause: { message: 'no rate' },
    })
  })

  it.each([
    ['leads nowhere', () => new Money(1), 'args: a call cannot carry what the codec of Money leads to: it never ends'],
    ['holds itself', (it: Money) => [it], /nesting deeper than 512/],
    ['gives a function', () => () => 1, /cannot carry a function/],
    ['gives a promise', async () => 1, /cannot carry a Promise/],
  ])('since it %s is told', (_, encode, message) => {
    expect(() => through(new Money(1), [{ type: Money, encode }])).toThrow(message)
  })
})

it.each<[ValueCodec[] | unknown, string]>([
  [{}, 'codecs'],
  [[null], 'codecs[0]'],
  [[{ type: Money, encode: () => 1, nmae: 'm' }], 'codecs[0].nmae'],
  [[{ type: Money }], 'codecs[0].encode'],
  [[{ type: Money, decode: () => 1, name: 'm' }], 'codecs[0].encode'],
  [[{ encode: () => 1 }], 'codecs[0].type'],
  [[{ type: () => 1, encode: () => 1 }], 'codecs[0].type'],
  [[{ type: Object, encode: () => 1 }], 'codecs[0].type'],
  [[{ type: Money, encode: 1 }], 'codecs[0].encode'],
  [[{ decode: () => 1 }], 'codecs[0].name'],
  [[{ decode: 1, name: 'm' }], 'codecs[0].decode'],
  [[{ decode: () => 1, name: '' }], 'codecs[0].name'],
  [[money, { ...money, name: 'other' }], 'codecs[1].type'],
  [[money, { type: Tip, encode: () => 1, name: 'money', decode: () => 1 }], 'codecs[1].name'],
])('V-1: %o is refused by name', (codecs, option) => {
  const error = thrownBy(() => new ValueCodecs(codecs as ValueCodec[]))
  expect(error).toBeInstanceOf(OptionError)
  expect(error).toMatchObject({ option })
})
