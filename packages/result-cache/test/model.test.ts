import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AwaitTimeoutError, ResultCache, UnknownCallError } from '../src/index.js'
import { FakeClock } from './fake-clock.js'

const ttlMs = 10_000
const maxResults = 3
/** A step longer than the lateness that V-11 allows, so that the model need not know the ticks. */
const longMs = ttlMs + 1_000

const id = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('register' as const), id }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('settle' as const), id, broadcast: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), id, timed: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('take' as const), id }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('peek' as const), id }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('discard' as const), id }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('abort' as const), index: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('advance' as const) }) },
)

/** A wait as the model sees it: `expected` is written when the model knows how it ends. */
interface ModelWait {
  id: string
  timed: boolean
  controller: AbortController
  promise: Promise<unknown>
  expected: string | undefined
}

/** The contract in its plainest form: two maps and a list, no clock and no promise. */
class Model {
  readonly inFlight = new Map<string, ModelWait[]>()
  readonly finished = new Map<string, string>()
  readonly waits: ModelWait[] = []

  state(key: string): 'unknown' | 'pending' | 'done' {
    if (this.inFlight.has(key)) return 'pending'
    return this.finished.has(key) ? 'done' : 'unknown'
  }

  settle(key: string, value: string, broadcast: boolean): void {
    const waits = this.inFlight.get(key)!
    this.inFlight.delete(key)
    for (const [position, wait] of waits.entries()) wait.expected = position === 0 || broadcast ? value : 'lost'
    if (waits.length > 0) return
    this.finished.set(key, value)
    if (this.finished.size > maxResults) this.finished.delete([...this.finished.keys()][0]!)
  }

  leave(wait: ModelWait, how: string): void {
    const waits = this.inFlight.get(wait.id)!
    waits.splice(waits.indexOf(wait), 1)
    wait.expected = how
  }

  get parked(): ModelWait[] {
    return [...this.inFlight.values()].flat()
  }
}

const describeEnd = (promise: Promise<{ state: string }>): Promise<string> =>
  promise.then(
    (outcome) => ('value' in outcome ? String(outcome.value) : 'failed'),
    (error: unknown) => {
      if (error instanceof UnknownCallError) return 'lost'
      if (error instanceof AwaitTimeoutError) return 'timeout'
      return error === 'aborted' ? 'aborted' : `unexpected ${error}`
    },
  )

test('V-7, V-8, V-9, V-11: whatever happens in whatever order, the cache does what a plain model says', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const clock = new FakeClock()
      const cache = new ResultCache({ clock, ttlMs, maxResults })
      const model = new Model()

      for (const [number, each] of steps.entries()) {
        switch (each.do) {
          case 'register':
            if (model.state(each.id) !== 'unknown') {
              expect(() => cache.register(each.id)).toThrow('registered already')
              break
            }
            cache.register(each.id)
            model.inFlight.set(each.id, [])
            break
          case 'settle': {
            const isInFlight = model.state(each.id) === 'pending'
            const value = `value ${number}`
            expect(cache.settle(each.id, { state: 'done', value }, { broadcast: each.broadcast })).toBe(isInFlight)
            if (isInFlight) model.settle(each.id, value, each.broadcast)
            break
          }
          case 'wait': {
            const controller = new AbortController()
            const options = { signal: controller.signal, timeoutMs: each.timed ? longMs : Number.POSITIVE_INFINITY }
            const promise = describeEnd(cache.wait(each.id, options))
            const wait: ModelWait = { id: each.id, timed: each.timed, controller, promise, expected: undefined }
            model.waits.push(wait)
            if (model.state(each.id) === 'pending') {
              model.inFlight.get(each.id)!.push(wait)
              break
            }
            wait.expected = model.finished.get(each.id) ?? 'lost'
            model.finished.delete(each.id)
            break
          }
          case 'take':
            if (model.state(each.id) === 'unknown') {
              expect(() => cache.take(each.id)).toThrow(UnknownCallError)
              break
            }
            expect(cache.take(each.id)).toEqual(
              model.state(each.id) === 'pending'
                ? { state: 'pending' }
                : { state: 'done', value: model.finished.get(each.id) },
            )
            model.finished.delete(each.id)
            break
          case 'peek':
            if (model.state(each.id) === 'unknown') expect(() => cache.peek(each.id)).toThrow(UnknownCallError)
            else expect(cache.peek(each.id)).toBe(model.state(each.id))
            break
          case 'discard': {
            const isInFlight = model.state(each.id) === 'pending'
            expect(cache.discard(each.id)).toBe(isInFlight)
            for (const wait of model.inFlight.get(each.id) ?? []) wait.expected = 'lost'
            model.inFlight.delete(each.id)
            break
          }
          case 'abort': {
            const wait = model.waits[each.index]
            wait?.controller.abort('aborted')
            if (wait && wait.expected === undefined) model.leave(wait, 'aborted')
            break
          }
          case 'advance':
            clock.advance(longMs)
            model.finished.clear()
            for (const wait of model.parked) if (wait.timed) model.leave(wait, 'timeout')
            break
        }
        expect(cache.gauges()).toMatchObject({
          pending: model.inFlight.size,
          results: model.finished.size,
          waiters: model.parked.length,
        })
      }

      for (const wait of model.parked) {
        wait.controller.abort('aborted')
        model.leave(wait, 'aborted')
      }
      expect(await Promise.all(model.waits.map(({ promise }) => promise))).toEqual(
        model.waits.map(({ expected }) => expected),
      )
    }),
    { numRuns: 500 },
  )
})
