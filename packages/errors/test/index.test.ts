import { describe, expect, it } from 'vitest'
import {
  assertKnownOptions,
  closestName,
  describeValue,
  isPyferryError,
  nameErrors,
  OptionError,
  PyferryError,
} from '../src/index.js'

class SampleError extends PyferryError {
  readonly code = 'ERR_PYFERRY_SAMPLE'
}

nameErrors({ SampleError })

describe('errors (contract X)', () => {
  it('carries brand, code, name, cause and hint', () => {
    const cause = new Error('why')
    const error = new SampleError('what', { cause, hint: 'do this' })
    expect(isPyferryError(error)).toBe(true)
    expect(isPyferryError(error, 'ERR_PYFERRY_SAMPLE')).toBe(true)
    expect(isPyferryError(error, 'ERR_PYFERRY_OTHER')).toBe(false)
    expect({ name: error.name, message: error.message, hint: error.hint }).toEqual({
      name: 'SampleError',
      message: 'what',
      hint: 'do this',
    })
    expect(error.cause).toBe(cause)
    expect(error.stack).toMatch(/^SampleError: what\n/)
  })

  it('does not take foreign values for ours', () => {
    for (const value of [undefined, null, 'x', new Error('x'), { code: 'ERR_PYFERRY_SAMPLE' }]) {
      expect(isPyferryError(value)).toBe(false)
    }
  })

  it('recognises an OptionError made by another copy of the package', async () => {
    const copy = (await import('../src/index.js?copy' as '../src/index.js')) as typeof import('../src/index.js')
    expect(copy.OptionError).not.toBe(OptionError)
    const error = new copy.OptionError('threads', -1, 'a positive integer')
    expect(error).toBeInstanceOf(OptionError)
    expect(error).toBeInstanceOf(TypeError)
    expect(new TypeError('x')).not.toBeInstanceOf(OptionError)
  })

  it('names option, value and what was expected', () => {
    const error = new OptionError('threads', '2', 'a positive integer')
    expect(error.message).toBe('option threads must be a positive integer, not "2"')
  })

  it('refuses an unknown option and names the closest known one', () => {
    const check = () => assertKnownOptions({ treads: 1 }, ['threads', 'cwd'])
    expect(check).toThrow(OptionError)
    expect(check).toThrow(expect.objectContaining({ option: 'treads', hint: 'did you mean threads?' }))
  })

  it.each([null, 'x', [], 1])('refuses %s as options', (options) => {
    expect(() => assertKnownOptions(options as never, ['threads'])).toThrow(OptionError)
    expect(() => assertKnownOptions(options as never, ['inherit'], 'env.')).toThrow('option env must be an object')
  })

  it.each([
    ['treads', 'threads'],
    ['soruces', 'sources'],
    ['zzz', undefined],
  ])('finds the name closest to %s', (name, expected) => {
    expect(closestName(name, ['threads', 'sources', 'cwd'])).toBe(expected)
  })

  it.each([
    ['a "quote"', '"a \\"quote\\""'],
    [3n, '3n'],
    [[1, 2], 'an array of 2'],
    [new Map(), 'an instance of Map'],
    [{}, 'an object'],
    [null, 'null'],
  ])('describes %s', (value, expected) => {
    expect(describeValue(value)).toBe(expected)
  })

  it('I5: repeats no login of an address that cannot be used, though it is cut short', () => {
    const error = new OptionError('index', `ftp://user:se cret${'x'.repeat(100)}@host/x`, 'an address')
    expect(error.message).toBe('option index must be an address, not "ftp://***@host/x"')
    expect(error.value).toBe('ftp://***@host/x')
  })
})
