import { describe, expect, it } from 'vitest'
import {
  type CallMessage,
  DEFAULT_MAX_FRAME_BYTES,
  encodeFrame,
  encodeFrameParts,
  FrameTooLargeError,
  MAX_FRAME_BYTES_LIMIT,
  type Message,
  OptionError,
  UnserializableError,
} from '../src/index.js'
import { textOf, thrownBy } from './support/frames.js'

const call = (args: unknown): CallMessage => ({ type: 'call', callID: 'c1', func: 'f', args })
const spread = (args: unknown[], kwargs: Record<string, unknown> = {}): CallMessage => ({
  ...call(null),
  spread: { args, kwargs },
})
const bodyOf = (message: Message) => textOf(encodeFrame(message).subarray(4))

/** The length of the body of `call(text)`, beside the text. */
const CALL_BYTES = bodyOf(call('')).length

describe.each([
  ['encodeFrame', encodeFrame],
  [
    'encodeFrameParts',
    (...given: Parameters<typeof encodeFrameParts>) => {
      const [header, body] = encodeFrameParts(...given)
      return new Uint8Array([...header, ...body])
    },
  ],
])('%s', (_, encode) => {
  it('W-1: writes four bytes of length, big-endian, and one JSON object', () => {
    expect([...encode({ type: 'ping' })]).toEqual([0, 0, 0, 15, ...new TextEncoder().encode('{"type":"ping"}')])
  })

  it.each([
    ['short', 10],
    ['as long as the shared block takes', 2048 - CALL_BYTES],
    ['one longer', 2048 - CALL_BYTES + 1],
    ['long', 70_000],
  ])('W-1: writes text of three-byte letters whole when it is %s', (_kind, length) => {
    const text = '€'.repeat(length)
    const frame = encode(call(text))
    expect(new DataView(frame.buffer, frame.byteOffset).getUint32(0)).toBe(frame.length - 4)
    expect(JSON.parse(textOf(frame.subarray(4)))).toEqual(call(text))
  })

  it.each([10, 3000])('W-4: lets a body of exactly the limit pass and refuses one byte more (%i letters)', (length) => {
    const size = CALL_BYTES + 2 * length
    const message = call('ü'.repeat(length))
    expect(encode(message, { maxFrameBytes: size })).toHaveLength(4 + size)
    const error = thrownBy(() => encode(message, { maxFrameBytes: size - 1 }))
    expect(error).toBeInstanceOf(FrameTooLargeError)
    expect(error).toMatchObject({ size, limit: size - 1 })
  })

  it.each(['x', 'ü', '€', '😀', '\u0000'])('W-4: says the exact size of a body of %j over the limit', (letter) => {
    for (const length of [10, 3000]) {
      const message = call(letter.repeat(length))
      const size = encode(message).length - 4
      const error = thrownBy(() => encode(message, { maxFrameBytes: size - 1 })) as Error
      expect(error).toMatchObject({ size, limit: size - 1 })
      expect(error.message).toContain(`a frame of ${size} bytes`)
    }
  })

  it.each([0, -1, 1.5, Number.NaN, 2 ** 32, '64', null])('refuses %j as maxFrameBytes', (maxFrameBytes) => {
    const error = thrownBy(() => encode({ type: 'ping' }, { maxFrameBytes: maxFrameBytes as number }))
    expect(error).toBeInstanceOf(OptionError)
    expect(error).toMatchObject({ option: 'maxFrameBytes' })
  })
})

describe('encodeFrame', () => {
  it('has a limit of 64 MiB unless told, and takes up to 2^32−1', () => {
    expect(DEFAULT_MAX_FRAME_BYTES).toBe(67108864)
    expect(MAX_FRAME_BYTES_LIMIT).toBe(4294967295)
    expect(encodeFrame({ type: 'ping' }, { maxFrameBytes: MAX_FRAME_BYTES_LIMIT })).toHaveLength(19)
    const huge = call('x'.repeat(DEFAULT_MAX_FRAME_BYTES))
    expect(thrownBy(() => encodeFrame(huge))).toMatchObject({ limit: DEFAULT_MAX_FRAME_BYTES })
  })

  it('refuses an option it does not know', () => {
    expect(() => encodeFrame({ type: 'ping' }, { maxFramBytes: 1 } as never)).toThrow('maxFramBytes')
  })

  it.each([
    [{ type: 'pingg' }, 'message.type'],
    [{}, 'message.type'],
    [{ type: 'call', callID: 1, func: 'f', args: 1 }, 'message.callID'],
    [{ type: 'define', opID: 'o' }, 'message.code'],
  ])('refuses %j, which is no message, at the door', (message, option) => {
    const error = thrownBy(() => encodeFrame(message as unknown as Message))
    expect(error).toBeInstanceOf(OptionError)
    expect(error).toMatchObject({ option })
  })

  it.each<[Message, string]>([
    [call({ a: [Number.NaN] }), 'args.a[0]'],
    [spread([1, [new Date(0)]]), 'args[1][0]'],
    [spread([], { when: new Date(0) }), 'kwargs.when'],
    [spread([], { 'a b': { c: 2n ** 60n } }), 'kwargs["a b"].c'],
    [{ type: 'call_done', callID: 'c1', ok: true, result: { x: Number.NaN } }, 'result.x'],
  ])('W-1: refuses %o with the path in the call', (message, path) => {
    const error = thrownBy(() => encodeFrame(message))
    expect(error).toBeInstanceOf(UnserializableError)
    expect(error).toMatchObject({ path })
  })

  it('D-1: sends undefined as null, but leaves out an undefined keyword', () => {
    expect(bodyOf(call(undefined))).toBe('{"type":"call","callID":"c1","func":"f","args":null}')
    expect(bodyOf(spread([undefined], { a: undefined, b: 1 }))).toContain('"spread":{"args":[null],"kwargs":{"b":1}}')
  })

  it('D-1: allows each spread argument the nesting of 512 that args has', () => {
    const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth))
    for (const message of [call(nested(512)), spread([nested(512)]), spread([], { a: nested(512) })]) {
      expect(bodyOf(message)).toContain('['.repeat(512))
    }
    for (const message of [call(nested(513)), spread([nested(513)]), spread([], { a: nested(513) })]) {
      expect(thrownBy(() => encodeFrame(message))).toBeInstanceOf(UnserializableError)
    }
  })

  it('leaves the message it was given alone', () => {
    const message = spread([new Uint8Array(1)], { n: 1n })
    encodeFrame(message)
    expect(message).toEqual(spread([new Uint8Array(1)], { n: 1n }))
  })

  it('never puts a local field on the wire', () => {
    const message = { ...call(1), valueError: new UnserializableError('args', 'x') }
    expect(bodyOf(message)).toBe('{"type":"call","callID":"c1","func":"f","args":1}')
  })

  it('gives frames that later ones do not overwrite', () => {
    const frames = Array.from({ length: 2000 }, (_, index) => encodeFrame(call(index)))
    frames.forEach((frame, index) => {
      expect(JSON.parse(textOf(frame.subarray(4)))).toEqual(call(index))
    })
  })

  it('goes on after a message that was refused', () => {
    expect(() => encodeFrame(call('x'.repeat(100)), { maxFrameBytes: 20 })).toThrow(FrameTooLargeError)
    expect(textOf(encodeFrame({ type: 'ping' }).subarray(4))).toBe('{"type":"ping"}')
  })

  it('W-4: gives up early on what cannot fit, be it an endless array or an object met 2^60 times', () => {
    let doubled: unknown = [0]
    for (let level = 0; level < 60; level += 1) doubled = [doubled, doubled]
    for (const args of [new Array(2 ** 32 - 1), doubled, { deep: { doubled } }]) {
      const error = thrownBy(() => encodeFrame(call(args), { maxFrameBytes: 1_000_000 })) as FrameTooLargeError
      expect(error).toBeInstanceOf(FrameTooLargeError)
      expect(error.size).toBeGreaterThan(error.limit)
      expect(error.message).toContain(`a frame of at least ${error.size} bytes`)
    }
  })

  it.each<[string, unknown]>([
    ['an array', Array(1000).fill(0)],
    ['an object', Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`${index}`, 0]))],
    [
      'an object of undefined properties',
      Object.fromEntries(Array.from({ length: 500 }, (_, index) => [index, undefined])),
    ],
    ['empty strings', Array(500).fill('')],
    ['bytes', new Uint8Array(1000)],
  ])('W-4: never gives up on %s that just fits', (_, args) => {
    const { length } = encodeFrame(call(args))
    expect(encodeFrame(call(args), { maxFrameBytes: length - 4 })).toHaveLength(length)
    expect(thrownBy(() => encodeFrame(call(args), { maxFrameBytes: length - 5 }))).toMatchObject({ limit: length - 5 })
  })
})
