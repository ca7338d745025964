import { expect, it } from 'vitest'
import { type ArrowBridge, ArrowData, type CallMessage, MessageBatch, OptionError } from '../src/index.js'
import { readNegotiated } from './support/negotiated.js'

/** A table that is as good as any other here. */
class Table {
  constructor(readonly text: string) {}
  schema = {}
  batches = []
  numRows = 0
  numCols = 0
}

const bridge: ArrowBridge = {
  read: ({ bytes }) => {
    const text = new TextDecoder().decode(bytes)
    if (text === 'bad') throw new Error('no stream')
    return new Table(text)
  },
  tryWrite: (value) => (value instanceof Table ? new ArrowData(new TextEncoder().encode(value.text)) : undefined),
}

function through(value: unknown, writing?: ArrowBridge, reading?: ArrowBridge): CallMessage {
  const batch = new MessageBatch({ conversions: { ...(writing && { arrow: writing }) } })
  batch.add({ type: 'call', callID: 1, func: 'f', args: value })
  const { messages, error } = readNegotiated(batch.takeFrames(), 'host', {}, { ...(reading && { arrow: reading }) })
  expect(error).toBeUndefined()
  return messages[0] as CallMessage
}

it('D-3: tables are bytes to whoever brings nothing that makes tables of them', () => {
  const data = new ArrowData(Uint8Array.of(1, 2))
  expect(through({ a: [data, Uint8Array.of(3)] }).spread?.args[0]).toStrictEqual({ a: [data, Uint8Array.of(3)] })
})

it('D-3: tables are what is brought along makes of them', () => {
  const value = { a: new Set([new Table('one')]), b: new Table('two') }
  expect(through(value, bridge, bridge).spread?.args[0]).toStrictEqual(value)
  expect(through(value.b, bridge).spread?.args[0]).toStrictEqual(new ArrowData(new TextEncoder().encode('two')))
})

it('D-6: what is no stream fails that call alone, with its path', () => {
  const { valueError } = through([new Table('good'), new Table('bad')], bridge, bridge)
  expect(valueError).toMatchObject({ path: 'args[0][1]', message: 'args[0][1]: reading a table failed: no stream' })
})

it('D-6: a table that nothing can write is refused, and says how it can be sent', () => {
  expect(() => through({ a: new Table('one') })).toThrow(
    expect.objectContaining({ path: 'args.a', hint: expect.stringContaining('send new ArrowData(tableToIPC(table))') }),
  )
})

it.each(['text', [1], new Uint16Array(1), undefined])('V-1: %o holds no stream', (bytes) => {
  expect(() => new ArrowData(bytes as never)).toThrow(OptionError)
})
