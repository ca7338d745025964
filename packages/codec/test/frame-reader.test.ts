import { describe, expect, it } from 'vitest'
import {
  encodeFrame,
  FrameReader,
  FrameTooLargeError,
  MalformedFrameError,
  OptionError,
  ProtocolError,
  TruncatedFrameError,
} from '../src/index.js'
import { drain, frameOf, readStream, thrownBy } from './support/frames.js'

const ping = encodeFrame({ type: 'ping' })
const pong = encodeFrame({ type: 'pong' })
const call = encodeFrame({ type: 'call', callID: 'c1', func: 'f', args: { a: new Uint8Array(3000) } })

describe('FrameReader', () => {
  it('W-6: gives undefined until a message has fully arrived', () => {
    const reader = new FrameReader()
    expect(reader.tryNext()).toBeUndefined()
    reader.push(ping.subarray(0, 10))
    expect(reader.tryNext()).toBeUndefined()
    reader.push(ping.subarray(10))
    expect(reader.tryNext()).toEqual({ type: 'ping' })
    expect(reader.tryNext()).toBeUndefined()
    reader.end()
    expect(reader.tryNext()).toBeUndefined()
  })

  it('W-6: gives several messages that arrived as one', () => {
    const reader = new FrameReader()
    reader.push(new Uint8Array([...ping, ...pong, ...ping]))
    expect(drain(reader)).toEqual([{ type: 'ping' }, { type: 'pong' }, { type: 'ping' }])
  })

  it('takes a chunk of no bytes for nothing', () => {
    expect(readStream([new Uint8Array(), ping, new Uint8Array()])).toEqual({
      messages: [{ type: 'ping' }],
      error: undefined,
    })
  })

  it('lets whoever pushed change a chunk once its messages are read', () => {
    const reader = new FrameReader()
    const chunk = call.slice()
    reader.push(chunk)
    const message = reader.tryNext()
    chunk.fill(0)
    expect(message).toEqual({ type: 'call', callID: 'c1', func: 'f', args: { a: new Uint8Array(3000) } })
  })

  it('gives a message of a type it does not know without its fields', () => {
    const reader = new FrameReader()
    reader.push(frameOf('{"type":"progress","callID":"c1","done":1}'))
    expect(reader.tryNext()).toEqual({ type: 'progress' })
  })

  it('W-4: takes a body of exactly the limit and refuses one byte more', () => {
    expect(readStream([ping], { maxFrameBytes: 15 })).toEqual({ messages: [{ type: 'ping' }], error: undefined })
    const { error } = readStream([ping], { maxFrameBytes: 14 })
    expect(error).toBeInstanceOf(FrameTooLargeError)
    expect(error).toMatchObject({ size: 15, limit: 14 })
  })

  it('D-4: a result over maxResultBytes fails its call alone', () => {
    const answer = (callID: string, length: number) =>
      encodeFrame({ type: 'call_done', callID, ok: true, result: 'x'.repeat(length) })
    const most = answer('a', 20).length - 4
    const { messages, error } = readStream([answer('a', 20), answer('b', 21), ping], { maxResultBytes: most })
    expect(error).toBeUndefined()
    expect(messages).toMatchObject([
      { callID: 'a', result: 'x'.repeat(20) },
      {
        callID: 'b',
        result: undefined,
        valueError: { code: 'ERR_PYFERRY_VALUE_TOO_LARGE', size: most + 1, limit: most },
      },
      { type: 'ping' },
    ])
  })

  it('W-4: refuses a length over the limit before any of the body has come', () => {
    const reader = new FrameReader()
    reader.push(new Uint8Array([0x04, 0x00, 0x00]))
    expect(reader.tryNext()).toBeUndefined()
    reader.push(new Uint8Array([0x01]))
    expect(thrownBy(() => reader.tryNext())).toMatchObject({ size: 2 ** 26 + 1, limit: 2 ** 26 })
  })

  it('W-4: takes no memory for a length within the limit either, before its bytes come', () => {
    const before = process.memoryUsage().arrayBuffers
    const readers = Array.from({ length: 50 }, () => new FrameReader())
    for (const reader of readers) {
      reader.push(Uint8Array.of(3, 0, 0, 0, 0x7b))
      expect(reader.tryNext()).toBeUndefined()
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2_000_000)
  })

  it('W-4: takes no memory for a length of 4 GiB that nothing follows', () => {
    const before = process.memoryUsage()
    const readers = Array.from({ length: 50 }, () => {
      const reader = new FrameReader({ maxFrameBytes: 2 ** 32 - 1 })
      reader.push(new Uint8Array([0xff, 0xff, 0xff, 0xff, 0x7b]))
      expect(reader.tryNext()).toBeUndefined()
      return reader
    })
    const after = process.memoryUsage()
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(1_000_000)
    for (const reader of readers) {
      expect(thrownBy(() => reader.end())).toMatchObject({ expectedBytes: 2 ** 32 - 1, receivedBytes: 1 })
    }
  })

  it.each([
    ['in the length', ping.subarray(0, 3), 4, 3],
    ['right behind the length', ping.subarray(0, 4), 15, 0],
    ['in the body', ping.subarray(0, 18), 15, 14],
  ])('W-4: tells a stream that ends %s from one that ends', (_, bytes, expectedBytes, receivedBytes) => {
    const { messages, error } = readStream([pong, bytes])
    expect(messages).toEqual([{ type: 'pong' }])
    expect(error).toBeInstanceOf(TruncatedFrameError)
    expect(error).toMatchObject({ expectedBytes, receivedBytes })
  })

  it('W-6: still gives the whole frames that wait when the end comes, then tells of a cut one', () => {
    const reader = new FrameReader()
    reader.push(new Uint8Array([...ping, ...pong, 0, 0]))
    reader.end()
    expect([reader.tryNext(), reader.tryNext()]).toEqual([{ type: 'ping' }, { type: 'pong' }])
    expect(thrownBy(() => reader.tryNext())).toBeInstanceOf(TruncatedFrameError)
  })

  it('refuses bytes after the end', () => {
    const reader = new FrameReader()
    reader.end()
    expect(thrownBy(() => reader.push(ping))).toBeInstanceOf(ProtocolError)
  })

  it.each<[string, string | Uint8Array, string]>([
    ['no bytes', '', 'not JSON'],
    ['text', 'hello', 'not JSON'],
    ['an array', '[]', 'not a JSON object'],
    ['bytes that are not UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 'not UTF-8'],
    ['a byte order mark', '\ufeff{"type":"ping"}', 'not JSON'],
    ['no type', '{}', 'type is missing'],
    ['a wrong field', '{"type":"ready","pid":"1"}', 'pid must be a number, not "1"'],
  ])('W-4: refuses a body of %s and says why', (_, body, reason) => {
    const { error } = readStream([frameOf(body)])
    expect(error).toBeInstanceOf(MalformedFrameError)
    expect(error).toMatchObject({ reason })
  })

  it('keeps what the parser said as the cause', () => {
    const { error } = readStream([frameOf('{"type":')])
    expect((error as Error).cause).toBeInstanceOf(SyntaxError)
  })

  it.each([
    ['a malformed frame', frameOf('nonsense')],
    ['a frame over the limit', new Uint8Array([0xff, 0xff, 0xff, 0xff])],
  ])('W-6: stays failed after %s, with that same error', (_, bytes) => {
    const reader = new FrameReader()
    reader.push(new Uint8Array([...bytes, ...ping]))
    const error = thrownBy(() => reader.tryNext())
    expect(thrownBy(() => reader.tryNext())).toBe(error)
    expect(thrownBy(() => reader.push(ping))).toBe(error)
    expect(thrownBy(() => reader.end())).toBe(error)
  })

  it('W-6: stays failed after a stream that was cut', () => {
    const reader = new FrameReader()
    reader.push(ping.subarray(0, 5))
    const error = thrownBy(() => reader.end())
    expect(thrownBy(() => reader.tryNext())).toBe(error)
    expect(thrownBy(() => reader.push(ping))).toBe(error)
    expect(thrownBy(() => reader.end())).toBe(error)
  })

  it('refuses what is not bytes and stays usable', () => {
    const reader = new FrameReader()
    for (const chunk of ['text', undefined, [1, 2], new Uint16Array(1)]) {
      expect(thrownBy(() => reader.push(chunk as unknown as Uint8Array))).toBeInstanceOf(OptionError)
    }
    reader.push(ping)
    expect(reader.tryNext()).toEqual({ type: 'ping' })
  })

  it('refuses options it cannot use', () => {
    expect(thrownBy(() => new FrameReader({ maxFrameBytes: 0 }))).toBeInstanceOf(OptionError)
    expect(thrownBy(() => new FrameReader({ maxBytes: 1 } as never))).toBeInstanceOf(OptionError)
  })

  it('W-4: survives nesting that no recursion would', () => {
    const depth = 1_000_000
    const body = `{"type":"call_done","callID":"c1","ok":true,"result":${'['.repeat(depth)}${']'.repeat(depth)}}`
    const { messages, error } = readStream([frameOf(body)])
    if (error === undefined) expect(messages).toHaveLength(1)
    else expect(error).toBeInstanceOf(MalformedFrameError)
  })
})
