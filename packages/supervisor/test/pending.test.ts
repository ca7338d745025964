import { describe, expect, it } from 'vitest'
import { PendingCalls } from '../src/pending.js'

const calls = (...ids: string[]) => {
  const pending = new PendingCalls()
  for (const id of ids) pending.add(id, { id, func: 'f' })
  return pending
}

describe('pending calls', () => {
  it('V-9: the oldest calls count as running, as many as there are threads', () => {
    const pending = calls('a', 'b', 'c')
    expect(['a', 'b', 'c', 'd'].map((id) => pending.stateOf(id, 2))).toEqual([
      'running',
      'running',
      'queued',
      undefined,
    ])
    pending.take('a')
    expect(pending.stateOf('c', 2)).toBe('running')
  })

  it('gives each call out once', () => {
    const pending = calls('a')
    expect(pending.take('a')?.id).toBe('a')
    expect(pending.take('a')).toBeUndefined()
    expect(pending.takeAll()).toEqual([])
  })

  it('V-14: gives all calls out, oldest first, and keeps none', () => {
    const pending = calls('a', 'b')
    expect(pending.takeAll().map(({ id }) => id)).toEqual(['a', 'b'])
    expect(pending.size).toBe(0)
  })
})
