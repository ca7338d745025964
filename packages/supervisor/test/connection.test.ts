import { PassThrough, Writable } from 'node:stream'
import { FrameReader, type HostMessage, type Message } from '@pyferry/codec'
import { expect, it } from 'vitest'
import { frameOf } from '../../codec/test/support/frames.js'
import { Connection } from '../src/connection.js'

const call = (callID: number, args: unknown): HostMessage => ({ type: 'call', callID, func: 'f', args })

/** A connection in version 1 whose other end takes a write only when it is told to. */
function connect({ keepsOrder }: { keepsOrder: boolean }) {
  const reader = new FrameReader()
  const received: Message[] = []
  const written: Uint8Array[] = []
  const input = new PassThrough()
  const waiting: (() => void)[] = []
  const unsent: [string, string][] = []
  const output = new Writable({
    highWaterMark: 1,
    write(chunk: Uint8Array, _encoding, done) {
      waiting.push(() => {
        written.push(chunk)
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
    input,
    output,
    maxFrameBytes: 2 ** 26,
    keepsOrder,
    onMessage: () => {},
    onEnd: () => {},
    onUnsent: ({ type }, error) => unsent.push([type, error.message]),
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
  return { connection, input, output, take, ids, unsent, received, written }
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

/** A Blob whose bytes come, or do not, when the test says so. */
function heldBlob() {
  let give!: (bytes: ArrayBuffer) => void
  let fail!: (error: Error) => void
  const bytes = new Promise<ArrayBuffer>((resolve, reject) => {
    give = resolve
    fail = reject
  })
  return { blob: Object.assign(new Blob(['held']), { arrayBuffer: () => bytes }), give, fail }
}

it.each([
  { keepsOrder: false, size: 4, before: [0, 2], after: [0, 2, 1] },
  { keepsOrder: true, size: 4, before: [0], after: [0, 1, 2] },
  { keepsOrder: false, size: 1_000_000, before: [0, 2], after: [0, 2, 1] },
  { keepsOrder: true, size: 1_000_000, before: [0], after: [0, 1, 2] },
])(
  'D-2: what is sent after a Blob waits for it where order is kept: %o',
  async ({ size, before, after, ...options }) => {
    const { connection, take, ids } = connect(options)
    const { blob, give } = heldBlob()
    connection.send(call(0, 'before'))
    connection.send(call(1, [blob]))
    connection.send(call(2, 'after'))
    await take()
    expect(ids()).toEqual(before)
    give(new ArrayBuffer(size))
    await take()
    expect(ids()).toEqual(after)
  },
)

it('D-6: a Blob that cannot be read fails its message, and what waits behind it goes', async () => {
  const { connection, take, ids, unsent } = connect({ keepsOrder: true })
  const { blob, fail } = heldBlob()
  connection.send(call(1, [blob]))
  connection.send(call(2, new Uint8Array(1_000_000)))
  connection.send(call(3, 'small'))
  fail(new Error('gone'))
  await take()
  expect(unsent).toEqual([['call', 'args[0]: the Blob could not be read: gone']])
  expect(ids()).toEqual([2, 3])
})

it('V-15: the end waits for no Blob', async () => {
  const { connection, output, take, ids } = connect({ keepsOrder: true })
  const { blob, give } = heldBlob()
  connection.send(call(1, [blob]))
  connection.send(call(2, 'after'))
  connection.close()
  give(new ArrayBuffer(4))
  await take()
  expect(ids()).toEqual([2])
  expect(output.writableFinished).toBe(true)
})

it('W-2: large messages are MessagePack once the worker has said that it reads it', async () => {
  const { connection, input, take, received, written } = connect({ keepsOrder: false })
  const numbers = Array.from({ length: 30_000 }, (_, index) => index)
  const isText = () => Buffer.concat(written.splice(0)).includes(JSON.stringify(numbers.slice(0, 100)).slice(0, -1))
  await take()
  expect(received[0]).toMatchObject({ type: 'accept', codecs: ['msgpack'] })
  connection.send(call(0, numbers))
  await take()
  expect(isText()).toBe(true)

  input.write(frameOf('[["hello",{}],["codecs",["another","msgpack"]]]'))
  await new Promise(setImmediate)
  connection.send(call(1, numbers))
  await take()
  expect(isText()).toBe(false)
  connection.send(call(2, numbers.slice(0, 200)))
  await take()
  expect(isText()).toBe(true)
  expect(received.slice(1)).toMatchObject(
    [numbers, numbers, numbers.slice(0, 200)].map((args, callID) => ({
      type: 'call',
      callID,
      spread: { args: [args] },
    })),
  )
})

it('W-2: a codec that is not known is none', async () => {
  const { connection, input, take, written } = connect({ keepsOrder: false })
  input.write(frameOf('[["codecs",["another"]]]'))
  await new Promise(setImmediate)
  connection.send(call(0, Array(30_000).fill('text')))
  await take()
  expect(Buffer.concat(written).includes('"text","text"')).toBe(true)
})
