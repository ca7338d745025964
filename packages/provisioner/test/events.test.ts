import { expect, test, vi } from 'vitest'
import { type ProvisionEvent, Reporter } from '../src/events.js'

function listen(): { reporter: Reporter; events: ProvisionEvent[]; clock: { nowMs: number } } {
  const events: ProvisionEvent[] = []
  const clock = { nowMs: 0 }
  const reporter = new Reporter(
    (event) => events.push(event),
    () => clock.nowMs,
  )
  return { reporter, events, clock }
}

test('V-3: entering a phase ends the one before and tells how long it took', () => {
  const { reporter, events, clock } = listen()
  reporter.enter('resolve-source')
  clock.nowMs = 12.4
  reporter.id = 'abc'
  reporter.enter('key', 'why')
  reporter.skip('install', 'nothing to do')
  reporter.leave()
  expect(events).toEqual([
    { type: 'phase', id: '', phase: 'resolve-source', state: 'start' },
    { type: 'phase', id: 'abc', phase: 'resolve-source', state: 'end', elapsedMs: 12 },
    { type: 'phase', id: 'abc', phase: 'key', state: 'start', detail: 'why' },
    { type: 'phase', id: 'abc', phase: 'key', state: 'end', elapsedMs: 0 },
    { type: 'phase', id: 'abc', phase: 'install', state: 'skip', detail: 'nothing to do' },
  ])
  expect(reporter.phasesMs).toEqual({ 'resolve-source': 12, key: 0 })
})

test('V-3: at most ten progress events a second, and the last one of a phase is never lost', () => {
  const { reporter, events, clock } = listen()
  reporter.enter('download')
  for (let current = 0; current <= 1_000; current += 1) {
    clock.nowMs = current
    reporter.progress({ phase: 'download', current, total: 1_000, unit: 'bytes' })
  }
  reporter.leave()
  const told = events.filter((event) => event.type === 'progress')
  expect(told.length).toBeLessThanOrEqual(12)
  expect(told.length).toBeGreaterThanOrEqual(10)
  expect(told.at(-1)).toMatchObject({ current: 1_000, total: 1_000 })
})

test('V-3: a total never decreases, and is not forgotten once known', () => {
  const { reporter, events, clock } = listen()
  reporter.enter('install')
  for (const total of [null, 5, 3, null]) {
    clock.nowMs += 1_000
    reporter.progress({ phase: 'install', current: 1, total, unit: 'packages' })
  }
  const totals = events.flatMap((event) => (event.type === 'progress' ? [event.total] : []))
  expect(totals).toEqual([null, 5, 5, 5])
})

test('V-3: a listener that throws is reported as a warning and disturbs nothing', () => {
  const warn = vi.spyOn(process, 'emitWarning').mockReturnValue()
  const reporter = new Reporter(() => {
    throw new Error('listener broke')
  })
  reporter.enter('key')
  expect(warn).toHaveBeenCalledWith(expect.stringContaining('listener broke'))
  warn.mockRestore()
})
