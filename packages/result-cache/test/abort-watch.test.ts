import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { unwatchAbort, watchAbort } from '../src/abort-watch.js'

const listenerCount = (signal: AbortSignal) => getEventListeners(signal, 'abort').length

test('a signal carries one listener for all callbacks, and none after the last', () => {
  const { signal } = new AbortController()
  const callbacks = [() => {}, () => {}, () => {}]
  for (const callback of callbacks) watchAbort(signal, callback)
  expect(listenerCount(signal)).toBe(1)
  unwatchAbort(signal, callbacks[1]!)
  unwatchAbort(signal, callbacks[0]!)
  expect(listenerCount(signal)).toBe(1)
  unwatchAbort(signal, callbacks[2]!)
  expect(listenerCount(signal)).toBe(0)
})

test('an abort calls every callback once, in order, except those taken off meanwhile', () => {
  const controller = new AbortController()
  const called: string[] = []
  const third = () => called.push('third')
  watchAbort(controller.signal, () => {
    called.push('first')
    unwatchAbort(controller.signal, third)
  })
  watchAbort(controller.signal, () => called.push('second'))
  watchAbort(controller.signal, third)
  controller.abort()
  controller.abort()
  expect(called).toEqual(['first', 'second'])
  expect(listenerCount(controller.signal)).toBe(0)
})

test('taking off what was never put on changes nothing', () => {
  const { signal } = new AbortController()
  unwatchAbort(signal, () => {})
  watchAbort(signal, () => {})
  unwatchAbort(signal, () => {})
  expect(listenerCount(signal)).toBe(1)
})
