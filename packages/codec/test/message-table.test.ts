import { describe, expect, it } from 'vitest'
import { describeFault, type MessageFault, messageTypes, validateMessage } from '../src/message-table.js'

class Fault extends Error {
  constructor(readonly fault: MessageFault) {
    super(describeFault(fault))
  }
}

const validate = (body: Record<string, unknown>) =>
  validateMessage(body, (fault) => {
    throw new Fault(fault)
  })

/** `depth` causes, one in another. */
function causes(depth: number): Record<string, unknown> {
  let failure: Record<string, unknown> = { errorType: `E${depth}` }
  for (let level = depth - 1; level >= 1; level -= 1) failure = { errorType: `E${level}`, errorCause: failure }
  return failure
}

describe('validateMessage', () => {
  it('W-1: knows every type of the base protocol', () => {
    expect(messageTypes).toEqual(['define', 'call', 'ping', 'accept', 'ready', 'op_done', 'call_done', 'pong', 'error'])
  })

  it('writes fields in the order of the protocol, whatever order they came in', () => {
    const message = validate({ args: 1, func: 'f', callID: 'c', type: 'call' })
    expect(Object.keys(message)).toEqual(['type', 'callID', 'func', 'args'])
  })

  it('W-1: drops fields it does not know, and those of the other outcome', () => {
    expect(validate({ type: 'ping', x: 1 })).toEqual({ type: 'ping' })
    const ok = { type: 'call_done', callID: 'c', ok: true, result: 1 }
    expect(validate({ ...ok, errorType: 'E', valueError: new Error('x') })).toEqual(ok)
    expect(validate({ type: 'later', more: 1 })).toEqual({ type: 'later' })
    expect(validate({ type: 'toString' })).toEqual({ type: 'toString' })
  })

  it('takes null in an optional field for its absence', () => {
    expect(validate({ type: 'ready', features: null, pid: null })).toEqual({ type: 'ready' })
  })

  it('takes null and undefined for values, but not their absence', () => {
    expect(validate({ type: 'call', callID: 'c', func: 'f', args: undefined })).toMatchObject({ args: null })
    expect(validate({ type: 'call_done', callID: 'c', ok: true, result: null })).toMatchObject({ result: null })
    expect(() => validate({ type: 'call', callID: 'c', func: 'f' })).toThrow('args is missing')
    expect(() => validate({ type: 'call_done', callID: 'c', ok: true })).toThrow('result is missing')
  })

  it.each<[Record<string, unknown>, string]>([
    [{}, 'type is missing'],
    [{ type: 7 }, 'type must be a string, not 7'],
    [{ type: 'call', callID: 7, func: 'f', args: 1 }, 'callID must be a string, not 7'],
    [{ type: 'call', callID: null, func: 'f', args: 1 }, 'callID must be a string, not null'],
    [
      { type: 'call', callID: 'c', func: 'f', args: 1, spread: { args: [] } },
      'spread must be { args: array, kwargs: object }',
    ],
    [{ type: 'define', opID: 'o', code: '', parts: [{ name: 'a' }] }, 'parts must be an array of { name, code }'],
    [
      { type: 'define', opID: 'o', code: '', expose: 'some' },
      'expose must be "all", "own" or an array of strings, not "some"',
    ],
    [{ type: 'ready', features: 'spread' }, 'features must be an array of strings, not "spread"'],
    [{ type: 'op_done', opID: 'o', ok: 1 }, 'ok must be a boolean, not 1'],
    [{ type: 'call_done', callID: 'c', ok: false, errorSize: '1' }, 'errorSize must be a number, not "1"'],
    [{ type: 'call_done', callID: 'c', ok: false, errorCause: [] }, 'errorCause must be an object of failure fields'],
    [
      { type: 'call_done', callID: 'c', ok: false, errorCause: { errorCause: { errorType: 1 } } },
      'errorCause must be an object of failure fields',
    ],
  ])('refuses %j and says why', (body, words) => {
    expect(() => validate(body)).toThrow(words)
  })

  it('W-4: keeps 16 causes and drops deeper ones without looking at them', () => {
    const failed = (errorCause: unknown) => validate({ type: 'op_done', opID: 'o', ok: false, errorCause })
    expect(failed(causes(16))).toMatchObject({ errorCause: causes(16) })
    expect(failed(causes(100_000))).toEqual(failed(causes(16)))
  })
})
