import { getEventListeners } from 'node:events'
import { expect, test, vi } from 'vitest'
import { maxTimerMs } from '../src/clock.js'
import { Waiter } from '../src/waiter.js'
import { FakeClock } from './fake-clock.js'

function park(options: { signal?: AbortSignal; timeoutMs?: number }) {
  const clock = new FakeClock()
  const onLeave = vi.fn()
  const { signal, timeoutMs = Number.POSITIVE_INFINITY } = options
  const waiter = new Waiter<string>(clock, onLeave, { signal, timeoutMs })
  return { clock, onLeave, waiter }
}

test('V-7: an outcome ends the wait and leaves neither timer nor listener', async () => {
  const { signal } = new AbortController()
  const { clock, onLeave, waiter } = park({ signal, timeoutMs: 100 })
  waiter.end({ by: 'outcome', outcome: 'it' })
  expect(clock.timers.size).toBe(0)
  expect(getEventListeners(signal, 'abort')).toEqual([])
  expect(await waiter.ended).toEqual({ by: 'outcome', outcome: 'it' })
  expect(onLeave).not.toHaveBeenCalled()
})

test('V-7: an abort ends the wait with its reason and leaves neither timer nor listener', async () => {
  const controller = new AbortController()
  const { clock, onLeave, waiter } = park({ signal: controller.signal, timeoutMs: 100 })
  controller.abort('enough')
  expect(clock.timers.size).toBe(0)
  expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  expect(onLeave).toHaveBeenCalledExactlyOnceWith(waiter)
  expect(await waiter.ended).toEqual({ by: 'abort', reason: 'enough' })
})

test('V-7: the time ends the wait at its moment and leaves neither timer nor listener', async () => {
  const { signal } = new AbortController()
  const { clock, onLeave, waiter } = park({ signal, timeoutMs: 100 })
  clock.advance(99)
  expect(onLeave).not.toHaveBeenCalled()
  clock.advance(1)
  expect(onLeave).toHaveBeenCalledExactlyOnceWith(waiter)
  expect(clock.timers.size).toBe(0)
  expect(getEventListeners(signal, 'abort')).toEqual([])
  expect(await waiter.ended).toEqual({ by: 'timeout' })
})

test('V-15: the timer of a wait keeps the process alive', () => {
  const { clock } = park({ timeoutMs: 100 })
  expect([...clock.timers]).toMatchObject([{ keepsAlive: true }])
})

test('a wait longer than a timer can be runs its full time', () => {
  const timeoutMs = 2 * maxTimerMs + 1_000
  const { clock, onLeave } = park({ timeoutMs })
  expect([...clock.timers]).toMatchObject([{ dueAt: maxTimerMs }])
  clock.advance(timeoutMs - 1)
  expect(onLeave).not.toHaveBeenCalled()
  clock.advance(1)
  expect(onLeave).toHaveBeenCalledOnce()
})
