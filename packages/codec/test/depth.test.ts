import { describe, expect, it } from 'vitest'
import { isNestedDeeper } from '../src/depth.js'
import type { JsonValue } from '../src/index.js'
import { LargeMessage } from '../src/parcels.js'
import { frameOf, readStream } from './support/frames.js'
import { readNegotiated } from './support/negotiated.js'

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)

it.each<[string, string]>([
  ['arrays', nested(20)],
  ['objects', `${'{"a":'.repeat(20)}0${'}'.repeat(20)}`],
  ['a deep one beside flat ones', `[1,{"a":[2,null]},${nested(19)},"[[["]`],
])('tells how deep %s are', (_, text) => {
  const value = JSON.parse(text) as JsonValue
  expect(isNestedDeeper(value, 20, text)).toBe(false)
  expect(isNestedDeeper(value, 19, text)).toBe(true)
})

it('takes no bracket in a text for nesting', () => {
  const text = JSON.stringify(['['.repeat(100), '{'.repeat(100)])
  expect(isNestedDeeper(JSON.parse(text), 5, text)).toBe(false)
})

describe('D-6: nesting of 100,000 levels on the wire', () => {
  const deep = nested(100_000)

  it('fails the call it is the result of, and no other', () => {
    const message = (result: string) => frameOf(`{"type":"call_done","callID":"a","ok":true,"result":${result}}`)
    const { messages, error } = readStream([message(deep), message('[[1]]')])
    expect(error).toBeUndefined()
    expect(messages).toMatchObject([
      { callID: 'a', valueError: { code: 'ERR_PYFERRY_UNSERIALIZABLE', message: expect.stringMatching(/512$/) } },
      { callID: 'a', result: [[1]] },
    ])
  })

  it.each([
    ['args', `"args":${deep}`],
    ['spread.args', `"args":null,"spread":{"args":[${deep}],"kwargs":{}}`],
    ['spread.kwargs', `"args":null,"spread":{"args":[],"kwargs":{"k":${deep}}}`],
  ])('fails the call whose %s it is', (_, fields) => {
    const { messages, error } = readStream([frameOf(`{"type":"call","callID":"a","func":"f",${fields}}`)])
    expect(error).toBeUndefined()
    expect(messages).toMatchObject([{ callID: 'a', valueError: { code: 'ERR_PYFERRY_UNSERIALIZABLE' } }])
  })

  it('fails its call in version 1 too', () => {
    const fromWorker = readNegotiated([frameOf(`[[0,5],[1,${deep}],[2,[6]]]`)], 'worker')
    expect(fromWorker.error).toBeUndefined()
    expect(fromWorker.messages).toMatchObject([
      { callID: 0, result: 5 },
      { callID: 1, valueError: { path: 'result', message: 'result: holds nesting deeper than 512' } },
      { callID: 2, result: [6] },
    ])
    const fromHost = readNegotiated([frameOf(`[[0,"f",[5]],[1,"f",[${deep}]]]`)], 'host')
    expect(fromHost.messages).toMatchObject([{ callID: 0 }, { callID: 1, valueError: { path: 'args' } }])
  })

  it.each([true, false])('fails its call with whatever is attached, in the frame or in parcels (%s)', (isInline) => {
    const text = `[[0,[${deep},0],[[[1],"bytes"]]],[1,2]]`
    const message = new LargeMessage(Buffer.from(text), [Uint8Array.of(1)], () => isInline, 1000)
    const { messages, error } = readNegotiated([...message.frames()].flat(), 'worker')
    expect(error).toBeUndefined()
    expect(messages).toMatchObject([
      { callID: 0, valueError: { path: 'result' } },
      { callID: 1, result: 2 },
    ])
  })

  it('of maps is counted as their writer does', () => {
    const maps = (depth: number) => {
      const path = (length: number) => Array.from({ length }, () => [0, 1]).flat()
      const marks = Array.from({ length: depth }, (_, at) => [path(depth - 1 - at), 'map'])
      return frameOf(`[[0,${'[[1,'.repeat(depth)}0${']]'.repeat(depth)},${JSON.stringify(marks)}]]`)
    }
    expect(readNegotiated([maps(512)], 'worker').messages).toMatchObject([{ result: expect.any(Map) }])
    expect(readNegotiated([maps(513)], 'worker').messages).toMatchObject([{ valueError: { path: 'result' } }])
  })

  it('is of no concern in what is not known, and malformed in what is', () => {
    expect(readNegotiated([frameOf(`[["hello",{"new":${nested(1000)}}]]`)], 'worker').messages).toHaveLength(1)
    expect(readNegotiated([frameOf(`[["hello",{"new":${deep}}]]`)], 'worker').error).toMatchObject({
      code: 'ERR_PYFERRY_MALFORMED_FRAME',
    })
    expect(readStream([frameOf(`{"type":"pong","new":${deep}}`)]).messages).toEqual([{ type: 'pong' }])
  })
})
