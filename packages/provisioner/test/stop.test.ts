import { expect, test, vi } from 'vitest'
import { makeStop } from '../src/stop.js'

test('V-3: the first cause wins: abort, then limit', () => {
  vi.useFakeTimers()
  const controller = new AbortController()
  const stop = makeStop(controller.signal, { limitMs: 50, what: 'it', option: 'limitMs' })
  controller.abort('reason')
  vi.advanceTimersByTime(100)
  expect(stop.signal.reason).toMatchObject({ code: 'ERR_PYFERRY_ABORTED', cause: 'reason' })
  stop.dispose()
  vi.useRealTimers()
})

test('V-3: a limit is TIMEOUT, and one that was let go does not come', () => {
  vi.useFakeTimers()
  const passed = makeStop(undefined, { limitMs: 50, what: 'it', option: 'limitMs' })
  const disposed = makeStop(undefined, { limitMs: 50, what: 'it' })
  disposed.dispose()
  vi.advanceTimersByTime(50)
  expect(passed.signal.reason).toMatchObject({
    code: 'ERR_PYFERRY_TIMEOUT',
    message: 'it was not done within 50 ms (limitMs)',
    facts: { limitMs: 50, option: 'limitMs' },
  })
  expect(disposed.signal.aborted).toBe(false)
  vi.useRealTimers()
})
