import { describe, expect, it } from 'vitest'
import { nextState, transitions, type WorkerEvent, type WorkerState } from '../src/lifecycle.js'

const events: WorkerEvent[] = ['start', 'started', 'failed', 'exited', 'close', 'ended']

describe('lifecycle', () => {
  it('has exactly these transitions', () => {
    const rows = Object.entries(transitions).flatMap(([state, row]) =>
      Object.entries(row).map(([event, next]) => `${state} + ${event} = ${next}`),
    )
    expect(rows).toEqual([
      'idle + start = starting',
      'idle + close = closing',
      'starting + started = ready',
      'starting + failed = idle',
      'starting + close = closing',
      'ready + exited = died',
      'ready + close = closing',
      'died + start = starting',
      'died + close = closing',
      'closing + started = closing',
      'closing + failed = closing',
      'closing + exited = closing',
      'closing + ended = closed',
    ])
  })

  it('V-13: dies only from ready, and can start again from there', () => {
    const before = (Object.keys(transitions) as WorkerState[]).filter((state) => transitions[state].exited === 'died')
    expect(before).toEqual(['ready'])
    expect(nextState('died', 'start')).toBe('starting')
  })

  it('V-15: nothing leads out of closed', () => {
    for (const event of events)
      expect(() => nextState('closed', event)).toThrow(`illegal event ${event} in state closed`)
  })
})
