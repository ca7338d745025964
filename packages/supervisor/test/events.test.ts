import { describe, expect, it, vi } from 'vitest'
import { LivenessFeed, reportFailure } from '../src/events.js'

const quiet = () => ({ error: vi.fn() })

describe('liveness (V-13)', () => {
  it('V-13: tells in order and never re-entrantly', () => {
    const feed = new LivenessFeed(undefined)
    const told: string[] = []
    feed.add(undefined, (state) => {
      told.push(`first ${state}`)
      if (state === 'ready') feed.tell('died', new Error('at once'))
      told.push(`first ${state} returned`)
    })
    feed.add(undefined, (state) => told.push(`second ${state}`))
    feed.tell('ready')
    expect(told).toEqual([
      'first ready',
      'first ready returned',
      'second ready',
      'first died',
      'first died returned',
      'second died',
    ])
  })

  it('V-13: reports a callback that throws, and tells the others', () => {
    const logger = quiet()
    const feed = new LivenessFeed(logger)
    const other = vi.fn()
    feed.add('ready', () => {
      throw new Error('broken callback')
    })
    feed.add('ready', other)
    feed.tell('ready')
    expect(logger.error).toHaveBeenCalledWith(
      expect.objectContaining({ message: 'broken callback' }),
      "a liveness callback failed on 'ready'",
    )
    expect(other).toHaveBeenCalledOnce()
  })

  it('V-13: reports a callback that rejects', async () => {
    const reported = new Promise<unknown[]>((resolve) => {
      const feed = new LivenessFeed({ error: (...args) => resolve(args) })
      feed.add('died', async () => {
        throw new Error('later')
      })
      feed.tell('died', new Error('why'))
    })
    expect((await reported)[0]).toMatchObject({ message: 'later' })
  })

  it('V-13: without a logger, and with one that throws, a process warning tells it', async () => {
    for (const logger of [
      undefined,
      {
        error: () => {
          throw new Error('logger')
        },
      },
    ]) {
      const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
      reportFailure(logger, 'something failed', new Error('the reason'))
      expect(await warned).toMatchObject({ name: 'PyferryWarning', message: expect.stringContaining('the reason') })
    }
  })

  it('V-13: a callback that throws something unprintable is reported too, and later events are told', async () => {
    const feed = new LivenessFeed(undefined)
    const told: string[] = []
    feed.add(undefined, (state) => {
      told.push(state)
      throw Object.create(null)
    })
    const warned = new Promise((resolve) => process.once('warning', resolve))
    feed.tell('ready')
    feed.tell('died', new Error('x'))
    await warned
    expect(told).toEqual(['ready', 'died'])
  })

  it('tells nobody who has stopped listening', () => {
    const feed = new LivenessFeed(undefined)
    const callback = vi.fn()
    feed.add('ready', callback)()
    feed.tell('ready')
    expect(callback).not.toHaveBeenCalled()
  })
})
