import { isPyferryError } from '@pyferry/errors'
import { describe, expect, it } from 'vitest'
import {
  CodecError,
  FrameTooLargeError,
  MalformedFrameError,
  ProtocolError,
  TruncatedFrameError,
  UnserializableError,
} from '../src/index.js'

const none = new Uint8Array()
const samples: [string, Error, string][] = [
  ['ProtocolError', new ProtocolError('a second ready frame'), 'ERR_PYFERRY_PROTOCOL'],
  ['FrameTooLargeError', new FrameTooLargeError(10, 5), 'ERR_PYFERRY_FRAME_TOO_LARGE'],
  ['TruncatedFrameError', new TruncatedFrameError('body', 10, 5), 'ERR_PYFERRY_TRUNCATED_FRAME'],
  ['MalformedFrameError', new MalformedFrameError('not JSON', none), 'ERR_PYFERRY_MALFORMED_FRAME'],
  ['UnserializableError', new UnserializableError('args', 'NaN'), 'ERR_PYFERRY_UNSERIALIZABLE'],
]

describe('errors of the codec', () => {
  it.each(samples)('X: %s is branded and has its name and code', (name, error, code) => {
    expect(isPyferryError(error, code as `ERR_PYFERRY_${string}`)).toBe(true)
    expect(error.name).toBe(name)
    expect(Object.keys(error)).not.toContain('name')
  })

  it('X: form the tree that the file draws', () => {
    for (const [name, error] of samples) {
      const isProtocol = name !== 'UnserializableError'
      expect([name, error instanceof CodecError]).toEqual([name, isProtocol])
      expect([name, error instanceof ProtocolError]).toEqual([name, isProtocol])
      expect([name, error instanceof TypeError]).toEqual([name, !isProtocol])
      expect([name, error instanceof FrameTooLargeError]).toEqual([name, name === 'FrameTooLargeError'])
      expect([name, error instanceof TruncatedFrameError]).toEqual([name, name === 'TruncatedFrameError'])
      expect([name, error instanceof MalformedFrameError]).toEqual([name, name === 'MalformedFrameError'])
      expect([name, error instanceof UnserializableError]).toEqual([name, name === 'UnserializableError'])
    }
  })

  it('X: instanceof holds for errors of another copy of the package', async () => {
    const copy = (await import('../src/errors.js?copy' as '../src/errors.js')) as typeof import('../src/errors.js')
    expect(copy.ProtocolError).not.toBe(ProtocolError)
    const foreign = [
      new copy.ProtocolError('x'),
      new copy.FrameTooLargeError(1, 0),
      new copy.TruncatedFrameError('length', 4, 1),
      new copy.MalformedFrameError('x', none),
    ]
    for (const error of foreign) expect(error).toBeInstanceOf(ProtocolError)
    expect(foreign[0]).not.toBeInstanceOf(FrameTooLargeError)
    expect(foreign[1]).toBeInstanceOf(FrameTooLargeError)
    expect(foreign[2]).toBeInstanceOf(TruncatedFrameError)
    expect(foreign[3]).toBeInstanceOf(MalformedFrameError)
    const unserializable = new copy.UnserializableError('args', 'x')
    expect(unserializable).toBeInstanceOf(UnserializableError)
    expect(unserializable).not.toBeInstanceOf(ProtocolError)
  })

  it('X: instanceof keeps its ordinary meaning for subclasses and for values that are no errors', () => {
    class Own extends ProtocolError {}
    expect(new Own('x')).toBeInstanceOf(Own)
    expect(new Own('x')).toBeInstanceOf(ProtocolError)
    expect(new Own('x').name).toBe('ProtocolError')
    expect(new ProtocolError('x')).not.toBeInstanceOf(Own)
    for (const value of [undefined, null, 1, 'x', {}, new Error('x'), { code: 'ERR_PYFERRY_PROTOCOL' }]) {
      expect(value instanceof ProtocolError || value instanceof UnserializableError).toBe(false)
    }
  })

  it('W-4: FrameTooLargeError says size, limit and the option that raises it', () => {
    const error = new FrameTooLargeError(70, 64)
    expect(error).toMatchObject({ size: 70, limit: 64, message: 'a frame of 70 bytes is over the limit of 64 bytes' })
    expect(error.hint).toContain('maxFrameBytes')
  })

  it('W-4: TruncatedFrameError says what was expected and what came', () => {
    const error = new TruncatedFrameError('length', 4, 2)
    expect(error).toMatchObject({ expectedBytes: 4, receivedBytes: 2 })
    expect(error.message).toBe('the stream ended inside a frame: 2 of the 4 bytes of its length came')
  })

  it('MalformedFrameError shows at most 64 bytes of the body, printable', () => {
    const cause = new Error('why')
    const error = new MalformedFrameError(
      'not JSON',
      Uint8Array.from({ length: 100 }, (_, index) => index),
      { cause },
    )
    expect(error.excerpt).toMatch(/^\\x00\\x01.*\\x1f !"#.*=>\?$/)
    expect(error.message).toBe(`malformed frame: not JSON; its body is «${error.excerpt}», of 100 bytes`)
    expect(error.cause).toBe(cause)
    expect(new MalformedFrameError('x', new TextEncoder().encode('a\\ü')).excerpt).toBe('a\\x5c\\xc3\\xbc')
  })

  it('UnserializableError has the path in front of its message, once', () => {
    expect(new UnserializableError('args[0]', 'a set').message).toBe('args[0]: a set')
    expect(new UnserializableError('result.x', 'result.x: a set').message).toBe('result.x: a set')
    expect(new UnserializableError('args', 'x', { hint: 'y' })).toMatchObject({ path: 'args', hint: 'y' })
  })
})
