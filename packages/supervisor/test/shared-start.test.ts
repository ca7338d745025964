import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { SharedStart } from '../src/shared-start.js'

/** A start that ends when the test says so, or when it is aborted. */
function controlledStart() {
  let finish!: () => void
  let fail!: (error: Error) => void
  const begun: AbortSignal[] = []
  const begin = (signal: AbortSignal) => {
    begun.push(signal)
    return new Promise<void>((resolve, reject) => {
      finish = resolve
      fail = reject
      signal.addEventListener('abort', () => reject(new Error('aborted inside')), { once: true })
    })
  }
  return { begin, begun, finish: () => finish(), fail: (error: Error) => fail(error) }
}

describe('shared start (V-3)', () => {
  it('V-3: calls at the same time share one start', async () => {
    const start = controlledStart()
    const shared = new SharedStart()
    const both = [shared.join(start.begin), shared.join(start.begin)]
    start.finish()
    await Promise.all(both)
    expect(start.begun).toHaveLength(1)
  })

  it('V-3: a failed start can be tried again', async () => {
    const start = controlledStart()
    const shared = new SharedStart()
    const first = shared.join(start.begin)
    start.fail(new Error('no'))
    await expect(first).rejects.toThrow('no')
    const second = shared.join(start.begin)
    start.finish()
    await second
    expect(start.begun).toHaveLength(2)
  })

  it('one of two may leave: the start goes on for the other', async () => {
    const start = controlledStart()
    const shared = new SharedStart()
    const controller = new AbortController()
    const leaving = shared.join(start.begin, controller.signal)
    const staying = shared.join(start.begin)
    const reason = new Error('not needed any more')
    controller.abort(reason)
    await expect(leaving).rejects.toBe(reason)
    expect(start.begun[0]?.aborted).toBe(false)
    start.finish()
    await staying
  })

  it('X: when all have left it is aborted, and they are rejected with their reason once it has ended', async () => {
    const start = controlledStart()
    const shared = new SharedStart()
    const controller = new AbortController()
    const leaving = shared.join(start.begin, controller.signal)
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(leaving).rejects.toBe(reason)
    expect(start.begun[0]?.reason).toBe(reason)
  })

  it('a start that everybody left ends before the next one begins', async () => {
    const order: string[] = []
    const shared = new SharedStart()
    const controller = new AbortController()
    const first = shared.join(
      (signal) =>
        new Promise((_, reject) =>
          signal.addEventListener('abort', () =>
            setImmediate(() => {
              order.push('first ended')
              reject(new Error('x'))
            }),
          ),
        ),
      controller.signal,
    )
    controller.abort(new Error('left'))
    const second = shared.join(async () => void order.push('second began'))
    await expect(first).rejects.toThrow('left')
    await second
    expect(order).toEqual(['first ended', 'second began'])
  })

  it('begins nothing for a signal that is aborted already', async () => {
    const start = controlledStart()
    await expect(new SharedStart().join(start.begin, AbortSignal.abort(new Error('before')))).rejects.toThrow('before')
    expect(start.begun).toHaveLength(0)
  })

  it('one signal serves many starts without a warning of a leak', async () => {
    const warnings: Error[] = []
    const onWarning = (warning: Error) => warnings.push(warning)
    process.on('warning', onWarning)
    const controller = new AbortController()
    const starts = Array.from({ length: 20 }, () => {
      const start = controlledStart()
      return { start, joined: new SharedStart().join(start.begin, controller.signal) }
    })
    for (const { start } of starts) start.finish()
    await Promise.all(starts.map(({ joined }) => joined))
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', onWarning)
    expect(warnings).toEqual([])
  })

  it('leaves no listener on the signal', async () => {
    const start = controlledStart()
    const controller = new AbortController()
    const joined = new SharedStart().join(start.begin, controller.signal)
    start.finish()
    await joined
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
  })
})
