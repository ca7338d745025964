import { expect, test } from 'vitest'
import { maxTimerMs, systemClock } from '../src/clock.js'

test('V-11, V-15: a timer of the system clock keeps the process alive only where it is asked to', () => {
  const alive = systemClock.setTimer(() => {}, maxTimerMs, true)
  const quiet = systemClock.setTimer(() => {}, maxTimerMs, false)
  expect([alive.hasRef(), quiet.hasRef()]).toEqual([true, false])
  systemClock.clearTimer(alive)
  systemClock.clearTimer(quiet)
})

test('the longest delay that a timer is given does not overflow', async () => {
  const warnings: string[] = []
  const onWarning = ({ name }: Error) => warnings.push(name)
  process.on('warning', onWarning)
  systemClock.clearTimer(systemClock.setTimer(() => {}, maxTimerMs, false))
  // Warnings are emitted on the next tick.
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', onWarning)
  expect(warnings).toEqual([])
})
