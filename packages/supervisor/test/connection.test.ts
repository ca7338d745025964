import { PassThrough, Writable } from 'node:stream'
import { FrameReader, type HostMessage, type Message } from '@pyferry/codec'
import { expect, it } from 'vitest'
import { Connection } from '../src/connection.js'

const call = (callID: number, args: unknown): HostMessage => ({ type: 'call', callID, func: 'f', args })

/** A connection in version 1 whose other end takes a write only when it is told to. */
function connect({ keepsOrder }: { keepsOrder: boolean }) {
  const reader = new FrameReader()
  const received: Message[] = []
  const waiting: (() => void)[] = []
  const output = new Writable({
    highWaterMark: 1,
    write(chunk: Uint8Array, _encoding, done) {
      waiting.push(() => {
        reader.push(chunk)
        for (let message = reader.tryNext(); message !== undefined; message = reader.tryNext()) {
          received.push(message)
          if (message.type === 'accept') reader.useNegotiated('host')
        }
        done()
      })
    },
  })
  const connection = new Connection({
    input: new PassThrough(),
    output,
    maxFrameBytes: 2 ** 26,
    keepsOrder,
    onMessage: () => {},
    onEnd: () => {},
    onWriteError: (error) => {
      throw error
    },
  })
  connection.negotiate()
  /** Take `count` writes, or all. */
  const take = async (count = Number.POSITIVE_INFINITY) => {
    for (let taken = 0; taken < count; taken += 1) {
      await new Promise(setImmediate)
      const next = waiting.shift()
      if (next === undefined) return
      next()
    }
  }
  const ids = () => received.flatMap((message) => ('callID' in message ? [message.callID] : []))
  return { connection, output, take, ids }
}

it.each([
  { keepsOrder: false, expected: [0, 2, 1, 3] },
  { keepsOrder: true, expected: [0, 1, 2, 3] },
])('D-4: a small call goes between the pieces of a large one, unless order is kept: %o', async (expectation) => {
  const { connection, take, ids } = connect(expectation)
  connection.send(call(0, 'before'))
  connection.send(call(1, new Uint8Array(10_000_000)))
  await take(5)
  expect(ids()).toEqual([0])
  connection.send(call(2, 'meanwhile'))
  await take(10)
  expect(ids()).toEqual(expectation.keepsOrder ? [0] : [0, 2])
  await take()
  connection.send(call(3, 'after'))
  await take()
  expect(ids()).toEqual(expectation.expected)
})

it('D-4: what is large is held once, and written piece by piece', async () => {
  const { connection, output, take, ids } = connect({ keepsOrder: true })
  connection.send(call(0, new Uint8Array(50_000_000)))
  for (let turn = 0; turn < 20; turn += 1) {
    await take(2)
    expect(output.writableLength).toBeLessThan(600_000)
  }
  await take()
  expect(ids()).toEqual([0])
})

it('D-4: closing waits for what was sent, pieces among it', async () => {
  const { connection, output, take, ids } = connect({ keepsOrder: true })
  connection.send(call(0, new Uint8Array(3_000_000)))
  connection.send(call(1, 'last'))
  connection.close()
  connection.send(call(2, 'too late'))
  await take(3)
  expect(output.writableEnded).toBe(false)
  await take()
  expect(ids()).toEqual([0, 1])
  expect(output.writableFinished).toBe(true)
})

it('D-4: a worker that is gone leaves nothing behind', async () => {
  const { connection, output, take, ids } = connect({ keepsOrder: true })
  connection.send(call(0, new Uint8Array(3_000_000)))
  connection.send(call(1, new Uint8Array(3_000_000)))
  await take(2)
  output.destroy()
  await take()
  connection.send(call(2, 'nobody hears it'))
  connection.close()
  expect(ids()).toEqual([])
})
