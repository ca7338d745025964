/**
 * A home cleans up after itself: at most once a day, after something was built, in the background of a program that goes on anyway. The
 * caller has its answer by then, and a program that ends does not wait: every step is followed by a rest that keeps nothing alive.
 * What was begun then is finished by the next.
 */
import { utimes } from 'node:fs/promises'
import { type CollectRequest, collect } from './collect.js'
import { DAY_MS } from './decide-collection.js'
import { Reporter } from './events.js'
import { timeOf } from './files.js'
import type { HomeLayout } from './layout.js'

const INTERVAL_MS = DAY_MS

/** One that was not finished is tried again sooner; not at once, or programs that start together would all do the same. */
const RETRY_MS = 60 * 60 * 1000

/** The program has something better to do just after its environment is ready. */
const DELAY_MS = 1_000

export type DailyRequest = Omit<CollectRequest, 'isDryRun' | 'signal' | 'pace'>

/** Collect later, when it is time. Tells what went wrong as a `warning`, and never throws. */
export function collectDaily(request: DailyRequest): void {
  setTimeout(() => void collectIfDue(request), DELAY_MS).unref()
}

/** @returns whether it was time */
export async function collectIfDue(request: DailyRequest): Promise<boolean> {
  const { place, reporter } = request
  try {
    if (!(await isDue(place.home, Date.now()))) return false
    await markCollected(place.home, Date.now() - INTERVAL_MS + RETRY_MS)
    const signal = new AbortController().signal
    const { skipped } = await collect({
      ...request,
      reporter: new Reporter(undefined),
      isDryRun: false,
      signal,
      pace: restUnnoticed,
    })
    await markCollected(place.home, Date.now())
    for (const { path, message } of skipped.filter(({ reason }) => reason === 'failed')) {
      reporter.warning('left-over', `${path} is not needed any more: ${message}`)
    }
  } catch (error) {
    reporter.warning('not-collected', `${place.path} could not be cleaned up: ${(error as Error).message}`)
  }
  return true
}

async function isDue({ collectMark }: HomeLayout, nowMs: number): Promise<boolean> {
  const lastMs = await timeOf(collectMark)
  // Absent: the home is gone, or somebody else's to clean up.
  return lastMs !== undefined && nowMs - lastMs >= INTERVAL_MS
}

async function markCollected({ collectMark }: HomeLayout, timeMs: number): Promise<void> {
  const time = new Date(timeMs)
  await utimes(collectMark, time, time)
}

/** A timer, because an immediate that keeps nothing alive does not run either while a program only waits. */
function restUnnoticed(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 1).unref()
  })
}
