import { PyferryError } from '@pyferry/errors'
import { describe, expect, test } from 'vitest'
import { AwaitTimeoutError, DuplicateIdError, ResultCacheError, UnknownCallError } from '../src/index.js'

const cases = [
  { error: new UnknownCallError('a1'), type: UnknownCallError, code: 'ERR_PYFERRY_UNKNOWN_CALL' },
  { error: new AwaitTimeoutError('a1', 250), type: AwaitTimeoutError, code: 'ERR_PYFERRY_AWAIT_TIMEOUT' },
  { error: new DuplicateIdError('a1'), type: DuplicateIdError, code: 'ERR_PYFERRY_DUPLICATE_ID' },
] as const

describe.each(cases)('$code', ({ error, type, code }) => {
  test('X: is branded, has its code, its name, the id as a fact and a hint', () => {
    expect(error).toBeInstanceOf(ResultCacheError)
    expect(error).toBeInstanceOf(PyferryError)
    expect(error).toMatchObject({ code, name: type.name, id: 'a1', hint: expect.stringMatching(/./) })
    expect(Symbol.for('pyferry.error') in error).toBe(true)
  })

  test('X: instanceof holds for an error made by another copy of the package, and only for this code', () => {
    const other = (otherCode: string) =>
      Object.assign(new Error(), { code: otherCode, [Symbol.for('pyferry.error')]: true })
    expect(other(code)).toBeInstanceOf(type)
    expect(other('ERR_PYFERRY_DIED')).not.toBeInstanceOf(type)
    expect(Object.assign(new Error(), { code })).not.toBeInstanceOf(type)
  })
})

test('V-8: the message of UnknownCallError names every way an id becomes unknown', () => {
  const { message } = new UnknownCallError('a1')
  for (const way of ['"a1"', 'consumed', 'expired', 'evicted', 'never registered']) expect(message).toContain(way)
})

test('V-7: the message of AwaitTimeoutError names the limit, its value and its option', () => {
  const error = new AwaitTimeoutError('a1', 250)
  expect(error.timeoutMs).toBe(250)
  expect(error.message).toBe('call "a1" was not done within the 250 ms of this wait (timeoutMs)')
})
