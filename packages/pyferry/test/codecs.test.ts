import { describe, expect, it } from 'vitest'
import {
  OptionError,
  StartError,
  UnserializableError,
  UnsupportedByWorkerError,
  type ValueCodec,
} from '../src/index.js'
import { failureOf, makeVenv, python, startVenv } from './support.js'

class Money {
  constructor(
    readonly cents: bigint,
    readonly currency: string,
  ) {}
}

const money: ValueCodec<Money, [bigint, string]> = {
  type: Money,
  name: 'money',
  encode: ({ cents, currency }) => [cents, currency],
  decode: ([cents, currency]) => new Money(BigInt(cents), currency),
}

const code = `
import pyferry
class Money:
    def __init__(self, cents, currency):
        self.cents, self.currency = cents, currency
class Broken: pass
def fails(_): raise KeyError("no rate")
pyferry.register_codec(
    Money, lambda money: (money.cents, money.currency), name="money", decode=lambda sent: Money(*sent)
)
pyferry.register_codec(Broken, fails, name="broken", decode=fails)
def double(order): return {"total": [Money(order["price"].cents * 2, order["price"].currency)]}
def same(x): return x
def kind(x): return type(x).__name__
def broken(): return [Broken()]
def make(): return {"price": Money(1, "EUR"), "bytes": b"1"}
`

describe('D-3: codecs of both sides', () => {
  it('carry instances of a class there and back', async () => {
    const py = await startVenv(code, { codecs: [money] })
    const result = await py.callAndAwait('double', { price: new Money(2n ** 60n, 'EUR') })
    expect(result).toStrictEqual({ total: [new Money(2n ** 61n, 'EUR')] })
    expect(await py.invoke('kind', new Money(1n, 'EUR'))).toBe('Money')
  })

  it('D-4: carry more instances, and larger ones, than fit in a piece', async () => {
    const py = await startVenv(code, { codecs: [money] })
    const many = Array.from({ length: 3000 }, (_, index) => new Money(BigInt(index), 'x'.repeat(500)))
    expect(await py.invoke('same', many)).toStrictEqual(many)
    const large = new Money(1n, 'ü'.repeat(1_000_000))
    expect(await py.callAndAwait('double', { price: large })).toStrictEqual({ total: [new Money(2n, large.currency)] })
  })

  it('leave what was sent where the other side does not know the name', async () => {
    const py = await startVenv(code, { codecs: [{ type: Money, encode: ({ cents }: Money) => cents }] })
    expect(await py.callAndAwait('kind', new Money(1n, 'EUR'))).toBe('int')
    const other = await startVenv(code)
    expect(
      await other.callAndAwait('double', { price: { cents: 1, currency: 'EUR' } }).catch((error) => error.name),
    ).toBe('PythonError')
  })

  it('D-6: fail that call alone, with the path, whichever of them raises', async () => {
    const codecs: ValueCodec[] = [
      {
        name: 'money',
        decode: () => {
          throw new RangeError('no rate')
        },
      },
      { type: RegExp, encode: ({ source }: RegExp) => source, name: 'broken' },
    ]
    const py = await startVenv(code, { codecs })
    expect(await failureOf(py.invoke('broken'))).toMatchObject({
      path: 'result[0]',
      message: expect.stringContaining('codec of Broken has failed'),
    })
    expect(await failureOf(py.invoke('make'))).toMatchObject({
      code: 'ERR_PYFERRY_UNSERIALIZABLE',
      path: 'result.price',
      message: 'result.price: the codec "money" failed: no rate',
      cause: expect.any(RangeError),
      function: 'make',
    })
    const onArrival = await failureOf(py.callAndAwait('kind', { deep: [/x/] }))
    expect(onArrival).toBeInstanceOf(UnserializableError)
    expect(onArrival).toMatchObject({ path: 'args[0].deep[0]', message: expect.stringContaining("codec 'broken'") })
    expect(await py.callAndAwait('kind', 1)).toBe('int')
  })

  it('V-6: are refused where only the base protocol is spoken', async () => {
    expect(() => makeVenv({ protocol: 'base', codecs: [money] })).toThrow(OptionError)
    const foreign = `
import json, struct, sys
body = json.dumps({"type": "ready"}).encode()
sys.stdout.buffer.write(struct.pack(">I", len(body)) + body)
sys.stdout.buffer.flush()
sys.stdin.buffer.read()
`
    const py = makeVenv({ launcher: [python, '-c', foreign], codecs: [money] })
    const error = await failureOf(py.start())
    expect(error).not.toBeInstanceOf(StartError)
    expect(error).toBeInstanceOf(UnsupportedByWorkerError)
  })
})
