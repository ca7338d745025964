import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import {
  FrameTooLargeError,
  type HostMessage,
  type LargeMessage,
  type LateMessage,
  MessageBatch,
  NDArray,
  OptionError,
  StreamedMessage,
  UnserializableError,
  ValueTooLargeError,
} from '../src/index.js'
import { frameOf, thrownBy } from './support/frames.js'
import { readNegotiated } from './support/negotiated.js'

const call = (args: unknown, callID: number | string = 1): HostMessage => ({ type: 'call', callID, func: 'f', args })
const largeOf = (batch: MessageBatch, args: unknown) => batch.add(call(args)) as LargeMessage

function read(batch: MessageBatch) {
  const { messages, error } = readNegotiated(batch.takeFrames(), 'host')
  expect(error).toBeUndefined()
  return messages
}

it('W-2: what waits is one frame', () => {
  const batch = new MessageBatch()
  expect(batch.isEmpty).toBe(true)
  for (let id = 0; id < 500; id += 1) batch.add(call({ a: 3, b: 'ü' }, id))
  expect(batch.isEmpty).toBe(false)
  const frames = batch.takeFrames()
  expect(frames).toHaveLength(1)
  expect(readNegotiated(frames, 'host').messages).toHaveLength(500)
  expect(batch.takeFrames()).toEqual([])
})

it('W-4: the frames that messages are joined to stay below the limit', () => {
  const batch = new MessageBatch({ maxFrameBytes: 40 })
  for (let id = 0; id < 10; id += 1) batch.add(call('12345678', id))
  const frames = batch.takeFrames()
  for (const frame of frames) expect(frame.length).toBeLessThanOrEqual(44)
  expect(readNegotiated(frames, 'host', { maxFrameBytes: 40 }).messages).toHaveLength(10)
  const error = thrownBy(() => batch.add({ type: 'define', opID: '1', code: 'ü'.repeat(20) }))
  expect(error).toBeInstanceOf(FrameTooLargeError)
  expect(error).toMatchObject({ size: 68, limit: 40 })
})

describe('D-4: what is too large for a frame among others is not added but comes back, in pieces', () => {
  const bytes = (length: number) => Uint8Array.from({ length }, (_, index) => index)

  it.each([
    ['text', 'ü'.repeat(40)],
    ['bytes', bytes(100)],
    ['bytes and text', { a: bytes(100), b: 'x'.repeat(100) }],
    ['some that would fit and one that does not', [bytes(1), bytes(90), bytes(0)]],
  ])('%s', (_, value) => {
    const batch = new MessageBatch({ maxFrameBytes: 40 })
    const frames = [...largeOf(batch, value).frames()].map((parts) => Buffer.concat(parts))
    expect(batch.isEmpty).toBe(true)
    for (const frame of frames) expect(frame.length).toBeLessThanOrEqual(44)
    const { messages, error } = readNegotiated(frames, 'host', { maxFrameBytes: 40 })
    expect(error).toBeUndefined()
    expect(messages).toMatchObject([{ type: 'call', spread: { args: [value] } }])
  })

  it('pieces are views of what is sent', () => {
    const value = bytes(300_000)
    const [head, first, second] = [...largeOf(new MessageBatch(), value).frames()]
    expect(first![1]!.buffer).toBe(value.buffer)
    expect(second![0]!.length).toBeLessThan(100)
    expect(head![1]!.length).toBe(256 * 1024)
    expect(head![1]!.length + first![1]!.length).toBe(300_000)
  })

  it('a table that is itself over the limit is refused', () => {
    const batch = new MessageBatch({ maxFrameBytes: 40 })
    const many = Array.from({ length: 9 }, () => bytes(10))
    expect(thrownBy(() => batch.add(call(many)))).toMatchObject({ name: 'FrameTooLargeError', size: 44, limit: 40 })
  })
})

it('D-4: values over their limit are refused, text and attachments together', () => {
  const batch = new MessageBatch({ maxValueBytes: 1000 })
  for (const value of [
    'x'.repeat(1000),
    new Uint8Array(1001),
    [new Float64Array(100), 'x'.repeat(200)],
    'ü'.repeat(500),
  ]) {
    const error = thrownBy(() => batch.add(call(value))) as ValueTooLargeError
    expect(error).toBeInstanceOf(ValueTooLargeError)
    expect(error).toMatchObject({ limit: 1000, message: expect.stringContaining('arguments of ') })
    expect(error.size).toBeGreaterThan(990)
  }
  expect(batch.add(call('ü'.repeat(480)))).toBeUndefined()
  expect(read(batch)).toHaveLength(1)
  expect(
    thrownBy(() => batch.add({ type: 'call_done', callID: 1, ok: true, result: new Uint8Array(1001) })),
  ).toMatchObject({ message: expect.stringContaining('a result of ') })
})

it('D-6: a message that is refused leaves the others, and the order, as they were', () => {
  const batch = new MessageBatch()
  batch.add(call(1n, 1))
  batch.add(call(Uint8Array.of(7), 2))
  expect(thrownBy(() => batch.add(call({ a: [new Map([[1, () => {}]])] })))).toMatchObject({
    path: 'args.a[0][0][1]',
    message: 'args.a[0][0][1]: a call cannot carry a function',
  })
  batch.add(call(3, 3))
  expect(read(batch).map((message) => 'callID' in message && message.callID)).toEqual([1, 2, 3])
})

it('D-1: values are what they were when the message was added', () => {
  const batch = new MessageBatch()
  const bytes = Uint8Array.of(1)
  const object = { bytes, list: [1] }
  batch.add(call(object))
  bytes[0] = 2
  object.list.push(2)
  expect(read(batch)[0]).toMatchObject({ spread: { args: [{ bytes: Uint8Array.of(1), list: [1] }] } })
})

it('D-1: a getter that sends something itself gets no values of the one that it is read for', () => {
  const batch = new MessageBatch()
  batch.add(
    call({
      first: Number.NaN,
      get second() {
        batch.add(call(-0, 2))
        return Number.POSITIVE_INFINITY
      },
    }),
  )
  expect(read(batch)).toMatchObject([
    { callID: 2, spread: { args: [-0] } },
    { callID: 1, spread: { args: [{ first: Number.NaN, second: Number.POSITIVE_INFINITY }] } },
  ])
})

it.each([
  [
    'a cycle',
    () => {
      const map = new Map()
      map.set('self', map)
      return map
    },
    'args.self: a call cannot carry a cycle; this one refers back to args',
  ],
  [
    'a cycle through a set',
    () => {
      const set = new Set()
      set.add([set])
      return set
    },
    'args[0][0]: a call cannot carry a cycle; this one refers back to args',
  ],
  ['an invalid date', () => [new Date(Number.NaN)], 'args[0]: a call cannot carry an invalid Date'],
  ['a function', () => ({ f: Math.max }), 'args.f: a call cannot carry function max'],
  ['a symbol', () => Symbol('s'), 'args: a call cannot carry Symbol(s)'],
  [
    'half a character',
    () => new Map([['\ud800', 1]]),
    /^args: a call cannot carry the key "\\ud800", which holds a lone surrogate/,
  ],
  ['a regular expression', () => /x/, 'args: a call cannot carry a RegExp'],
  [
    'an array that was changed',
    () => Object.assign(new NDArray('int8', [1], new Int8Array(1)), { shape: [2] }),
    /^args: a call cannot carry an NDArray/,
  ],
])('D-1: %s is refused', (_, make, message) => {
  const error = thrownBy(() => new MessageBatch().add(call(make()))) as Error
  expect(error).toBeInstanceOf(UnserializableError)
  expect(error.message).toMatch(message)
})

it.each([-1, 0.5, 2 ** 53, 'c1'])('W-2: %s is no id', (callID) => {
  expect(() => new MessageBatch().add(call(1, callID))).toThrow(OptionError)
})

it('W-2: messages that are not of version 1 are refused', () => {
  const batch = new MessageBatch()
  expect(() => batch.add({ type: 'ready' })).toThrow(OptionError)
  expect(() => batch.add({ type: 'accept', protocol: 1 })).toThrow(OptionError)
  expect(() => batch.add({ type: 'other' } as never)).toThrow(OptionError)
})

it('W-4: a table of nothing but empty attachments is malformed before anything is made of it', () => {
  const count = 2 ** 24 - 100
  const body = Buffer.alloc(8 + 4 * count + 2)
  body.writeUInt32BE(count)
  body[0] = 1
  body.writeUInt32BE(2, 4 + 4 * count)
  body.write('[]', 8 + 4 * count)
  const before = process.memoryUsage().heapUsed
  const { error } = readNegotiated([frameOf(body)], 'worker')
  expect(error).toMatchObject({ reason: 'has more attachments than its marks can name' })
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024)
})

it('D-2: a Blob waits for its bytes, and what stands beside it is what it was', async () => {
  const batch = new MessageBatch()
  const bytes = Uint8Array.of(1)
  const late = batch.add(
    call([bytes, { blob: new Blob(['ab']) }, new File(['c'], 'c.txt'), Number.NaN], 7),
  ) as LateMessage
  expect(late.sources.map(({ path }) => path)).toEqual(['args[1].blob', 'args[2]'])
  expect(batch.isEmpty).toBe(true)
  bytes[0] = 9
  batch.add(call('overtakes', 8))
  const contents = late.sources.map(async ({ source }) => new Uint8Array(await (source as Blob).arrayBuffer()))
  batch.addLate(late, await Promise.all(contents))
  const args = [Uint8Array.of(1), { blob: Uint8Array.of(97, 98) }, Uint8Array.of(99), Number.NaN]
  expect(read(batch)).toStrictEqual([
    { type: 'call', callID: 8, func: 'f', args: null, spread: { args: ['overtakes'], kwargs: {} } },
    { type: 'call', callID: 7, func: 'f', args: null, spread: { args: [args], kwargs: {} } },
  ])
})

it('D-2, D-4: a Blob counts by its size before it is read, and by its bytes then', () => {
  const batch = new MessageBatch({ maxValueBytes: 100 })
  const blob = new Blob(['x'.repeat(60)])
  expect(() => batch.add(call([blob, blob]))).toThrow(ValueTooLargeError)
  const late = batch.add(call(blob)) as LateMessage
  expect(() => batch.addLate(late, [new Uint8Array(101)])).toThrow(ValueTooLargeError)
  expect(batch.isEmpty).toBe(true)
})

it('D-2, D-4: what a Blob gives goes in pieces where it is large', () => {
  const batch = new MessageBatch()
  const late = batch.add(call([new Blob(['x']), new Uint8Array(100_000)])) as LateMessage
  const large = new MessageBatch().addLate(late, [new Uint8Array(1_000_000)]) as LargeMessage
  const { messages } = readNegotiated([...large.frames()].flat(), 'host')
  expect(messages).toMatchObject([{ spread: { args: [[{ length: 1_000_000 }, { length: 100_000 }]] } }])
})

/** One that tells what was read of it, and fails at `until`. */
function sourceOf(bytes: Uint8Array, until = Number.POSITIVE_INFINITY) {
  const reads: [number, number][] = []
  const read = async (offset: number, length: number) => {
    if (offset + length > until) throw new Error('gone')
    reads.push([offset, length])
    return bytes.subarray(offset, offset + length)
  }
  return { source: { length: bytes.length, read }, reads }
}

it('D-4: what is read while it is sent is read piece by piece, none before it is asked for', async () => {
  const batch = new MessageBatch()
  const late = batch.add(call([new Blob(['x']), new Uint8Array(100_000), new Blob(['y'])])) as LateMessage
  const bytes = Uint8Array.from({ length: 700_000 }, (_, index) => (index * 31) >> 3)
  const { source, reads } = sourceOf(bytes)
  const streamed = batch.addLate(late, [source, Uint8Array.of(7)])
  expect(streamed).toBeInstanceOf(StreamedMessage)
  const frames: Uint8Array[] = []
  for await (const parts of (streamed as StreamedMessage).frames()) {
    frames.push(...parts)
    expect(reads.length).toBe(Math.min(frames.filter(({ length }) => length > 100).length, 3))
  }
  expect(reads).toEqual([
    [0, 262_144],
    [262_144, 262_144],
    [524_288, 175_712],
  ])
  const { messages } = readNegotiated(frames, 'host')
  expect(messages).toStrictEqual([
    {
      type: 'call',
      callID: 1,
      func: 'f',
      args: null,
      spread: { args: [[bytes, new Uint8Array(100_000), Uint8Array.of(7)]], kwargs: {} },
    },
  ])
})

it('D-6: what cannot be read on is given up, and so is what went before it: the ids are free for the next message', async () => {
  const batch = new MessageBatch()
  const late = () => batch.add(call([new Blob(['x']), new Blob(['y'])])) as LateMessage
  const broken = sourceOf(new Uint8Array(700_000), 500_000).source
  const streamed = batch.addLate(late(), [new Uint8Array(100_000), broken]) as StreamedMessage
  const frames: Uint8Array[] = []
  const sending = (async () => {
    for await (const parts of streamed.frames()) frames.push(...parts)
  })()
  await expect(sending).rejects.toThrow('gone')
  const whole = batch.addLate(late(), [new Uint8Array(100_000), sourceOf(new Uint8Array(300_000)).source])
  for await (const parts of (whole as StreamedMessage).frames()) frames.push(...parts)
  const { messages, error } = readNegotiated(frames, 'host')
  expect(error).toBeUndefined()
  expect(messages).toMatchObject([{ spread: { args: [[{ length: 100_000 }, { length: 300_000 }]] } }])
})

it('D-6: what cannot be read at all leaves nothing to give up', async () => {
  const batch = new MessageBatch()
  const late = batch.add(call(new Blob(['x']))) as LateMessage
  const streamed = batch.addLate(late, [sourceOf(new Uint8Array(700_000), 0).source]) as StreamedMessage
  await expect(streamed.frames().next()).rejects.toThrow('gone')
})

it.each<[string, object]>([
  ['a ReadableStream', new ReadableStream()],
  ['a Readable', Readable.from(['x'])],
  ['an AsyncGenerator', (async function* () {})()],
  [
    'a Source',
    new (class Source {
      async *[Symbol.asyncIterator]() {}
    })(),
  ],
])('T-1: %s is refused by name until there are streams', (name, stream) => {
  expect(thrownBy(() => new MessageBatch().add(call({ stream })))).toMatchObject({
    message: `args.stream: a call cannot carry ${name}, which is a stream`,
    hint: expect.stringContaining('not carried yet'),
  })
})
