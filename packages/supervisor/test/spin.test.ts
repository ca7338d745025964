import { expect, it } from 'vitest'
import { hasTwoCpus, parseQuota, resolveSpin, Spinner } from '../src/spin.js'
import { makeWorker, own, source } from './support.js'

/** A spinner whose turns and time are given by the test. */
function makeSpinner() {
  const turns: (() => void)[] = []
  const state = { nowMs: 0, inFlight: 1 }
  const spinner = new Spinner({
    countInFlight: () => state.inFlight,
    now: () => state.nowMs,
    nextTurn: (callback) => turns.push(callback),
  })
  const turn = (afterMs = 0) => {
    state.nowMs += afterMs
    for (const each of turns.splice(0)) each()
    return turns.length
  }
  return { spinner, state, turn }
}

it('W-5: looks again in every turn, for 50 µs after the last thing that was sent', () => {
  const { spinner, turn } = makeSpinner()
  spinner.touch()
  spinner.touch()
  expect(turn()).toBe(1)
  expect(turn(0.04)).toBe(1)
  spinner.touch()
  expect(turn(0.04)).toBe(1)
  expect(turn(0.04)).toBe(1)
  expect(turn(0.02)).toBe(0)
})

it.each([0, 33])('W-5: stops when %s calls are in flight, and begins anew with the next call', (count) => {
  const { spinner, state, turn } = makeSpinner()
  spinner.touch()
  state.inFlight = count
  expect(turn()).toBe(0)
  state.inFlight = 32
  spinner.touch()
  expect(turn()).toBe(1)
})

/** A call that is answered, or not, in its moment; whether the spinner looked. */
function makeCall({ spinner, turn }: ReturnType<typeof makeSpinner>) {
  return (isAnswered: boolean) => {
    spinner.touch()
    const hasLooked = turn() > 0
    if (isAnswered) spinner.onAnswer()
    turn(0.06)
    return hasLooked
  }
}

it('W-5: looks after every call while answers come in time, with one missed now and then', () => {
  const call = makeCall(makeSpinner())
  expect(Array.from({ length: 300 }, (_, index) => call(index % 10 !== 0))).not.toContain(false)
})

it('W-5: tries few calls while answers come late, and looks after each again when they come in time', () => {
  const call = makeCall(makeSpinner())
  for (let index = 0; index < 20; index += 1) call(false)

  const late = Array.from({ length: 640 }, () => call(false))
  expect(late.filter((hasLooked) => hasLooked)).toHaveLength(40)

  let callsUntilEach = 0
  for (let inRow = 0; inRow < 64; callsUntilEach += 1) inRow = call(true) ? inRow + 1 : 0
  expect(callsUntilEach).toBeLessThan(400)
})

it('W-5: a moment in which nothing is waited for says nothing about the next ones', () => {
  const made = makeSpinner()
  made.state.inFlight = 0
  for (let index = 0; index < 100; index += 1) {
    made.spinner.touch()
    made.turn()
  }
  made.state.inFlight = 1
  const call = makeCall(made)
  expect(Array.from({ length: 64 }, () => call(true))).not.toContain(false)
})

it('W-5: half of the answers in time are too few', () => {
  const call = makeCall(makeSpinner())
  for (let index = 0; index < 64; index += 1) call(index % 2 === 0)
  const looked = Array.from({ length: 640 }, (_, index) => call(index % 2 === 0))
  expect(looked.filter((hasLooked) => hasLooked).length).toBeLessThan(100)
})

it.each([
  ['200000 100000', 2],
  ['50000 100000', 0.5],
  ['max 100000', undefined],
  ['-1 100000', undefined],
  [' ', undefined],
])('W-5: the quota %j is %s', (text, cpus) => {
  expect(parseQuota(text)).toBe(cpus)
})

it.each([
  [2, undefined, true],
  [1, undefined, false],
  [8, 1.5, false],
  [8, 2, true],
])('W-5: %s CPUs with a quota of %s are two: %s', (count, quota, isEnough) => {
  expect(hasTwoCpus(() => quota, count)).toBe(isEnough)
})

it.each([
  { asked: undefined, withOne: 'off', withTwo: 'host' },
  { asked: 'off', withOne: 'off', withTwo: 'off' },
  { asked: 'host', withOne: 'host', withTwo: 'host' },
  { asked: 'both', withOne: 'off', withTwo: 'both' },
] as const)('W-5: $asked is $withOne with one CPU of quota and $withTwo with two', ({ asked, withOne, withTwo }) => {
  expect(resolveSpin(asked, false)).toBe(withOne)
  expect(resolveSpin(asked, true)).toBe(withTwo)
})

it.each(['off', 'host', 'both'] as const)('W-5: with %s the worker spins only where both are to', async (spin) => {
  const { worker, end } = makeWorker({
    spin,
    definition: source("import sys\ndef is_spinning(_): return 'pyferry.spin' in sys.modules"),
  })
  await worker.start(() => own())
  expect(await end('is_spinning')).toMatchObject({ value: spin === 'both' && hasTwoCpus() })
})
