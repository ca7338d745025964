import { describe, expect, it } from 'vitest'
import type { CallMessage, CallSucceededMessage } from '../src/index.js'
import { UnserializableError } from '../src/index.js'
import { readValues } from '../src/received-values.js'

/** Read the values of a message from its text. */
function read(text: string): CallMessage | CallSucceededMessage {
  const message = JSON.parse(text) as CallMessage | CallSucceededMessage
  readValues(message, text)
  return message
}

const done = (result: string) => `{"type":"call_done","callID":"c","ok":true,"result":${result}}`
const bytes = '{"__bytes__":true,"b64":"AAEC"}'

describe('readValues', () => {
  it('D-5: revives the bytes of a result, of args, and of spread arguments', () => {
    const three = new Uint8Array([0, 1, 2])
    expect(read(done(`[${bytes}]`))).toMatchObject({ result: [three] })
    expect(read(`{"type":"call","callID":"c","func":"f","args":{"a":${bytes}}}`)).toMatchObject({ args: { a: three } })
    expect(
      read(
        `{"type":"call","callID":"c","func":"f","args":null,"spread":{"args":[${bytes}],"kwargs":{"__proto__":${bytes}}}}`,
      ),
    ).toMatchObject({
      spread: {
        args: [three],
        kwargs: JSON.parse('{"__proto__":[0]}', (_, each) => (Array.isArray(each) ? three : each)),
      },
    })
  })

  it('D-5: revives bytes whose key is written with escapes', () => {
    expect(read(done('{"\\u005f_bytes__":true,"b64":"AA=="}'))).toMatchObject({ result: new Uint8Array(1) })
  })

  it.each([
    [done('{"a":[9007199254740993]}'), 'result.a[0]'],
    [`{"type":"call","callID":"c","func":"f","args":{"n":9007199254740993}}`, 'args.n'],
    [
      '{"type":"call","callID":"c","func":"f","args":null,"spread":{"args":[1,9007199254740993],"kwargs":{}}}',
      'args[1]',
    ],
    [
      '{"type":"call","callID":"c","func":"f","args":null,"spread":{"args":[],"kwargs":{"a b":[9007199254740993]}}}',
      'kwargs["a b"][0]',
    ],
  ])('D-6: names the integer in %s that a number cannot hold', (text, path) => {
    const message = read(text)
    expect(message.valueError).toBeInstanceOf(UnserializableError)
    expect(message.valueError).toMatchObject({ path, hint: 'return it as str, or as float' })
    expect(message.type === 'call' ? message.args : message.result).toBeUndefined()
    expect(message).not.toHaveProperty('spread')
  })

  it.each([
    ['in a field that is no value', `{"x":9007199254740993,"type":"call_done","callID":"c","ok":true,"result":1}`, 1],
    ['in a key that came twice, before the last', done('{"a":9007199254740993,"a":2}'), { a: 2 }],
    ['in the text of a string', done('"[9007199254740993]"'), '[9007199254740993]'],
  ])('looks past an integer %s', (_, text, result) => {
    const message = read(text)
    expect(message.valueError).toBeUndefined()
    expect(message).toMatchObject({ result })
  })

  it('looks past args when spread arguments take their place', () => {
    const message = read(
      '{"type":"call","callID":"c","func":"f","args":9007199254740993,"spread":{"args":[1],"kwargs":{}}}',
    )
    expect(message.valueError).toBeUndefined()
  })

  it('D-6: refuses bytes below nesting of 512', () => {
    const message = read(done(`${'['.repeat(600)}${bytes}${']'.repeat(600)}`))
    expect(message.valueError?.message).toContain('nesting deeper than 512')
  })
})

it('W-4: any number of unsafe integers far down in what is not known is gone through in linear time', () => {
  const levels = 200_000
  const hidden = `${'[12345678901234567890,'.repeat(levels)}0${']'.repeat(levels)}`
  const message = read(`{"type":"call_done","callID":"c","ok":true,"new":${hidden},"result":1}`)
  expect(message).toMatchObject({ valueError: { path: 'result', message: expect.stringContaining('too many') } })
})
