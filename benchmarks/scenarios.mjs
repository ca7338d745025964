import { ascending, median, quantile } from './statistics.mjs'

/** What is measured: how many calls are outstanding at once, and how many are made in a round. */
export const scenarios = [
  { name: 'alone', inFlight: 1, calls: 1_000 },
  { name: '64 in flight', inFlight: 64, calls: 6_400 },
  { name: '512 in flight', inFlight: 512, calls: 10_240 },
]

/**
 * Make one round of calls to one peer.
 * @returns microseconds per call from `call()` to its answer (`p50`, `p99`), and calls per second
 */
export async function measureRound(peer, { inFlight, calls }) {
  await keepBusy(peer, inFlight, Math.ceil(calls / 10), () => {})
  const latencies = new Float64Array(calls)
  let count = 0
  const startedAt = performance.now()
  await keepBusy(peer, inFlight, calls, (ms) => {
    latencies[count] = ms * 1_000
    count += 1
  })
  const elapsedMs = performance.now() - startedAt
  const sorted = latencies.sort()
  return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), callsPerSecond: (calls / elapsedMs) * 1_000 }
}

/** The median over the rounds of each figure. */
export function summarise(rounds) {
  const of = (figure) => median(rounds.map((round) => round[figure]))
  const p50s = ascending(rounds.map(({ p50 }) => p50))
  return {
    p50: of('p50'),
    p99: of('p99'),
    callsPerSecond: of('callsPerSecond'),
    /** How far apart the rounds were: the middle half of their p50, as a share of the median. */
    spread: (quantile(p50s, 0.75) - quantile(p50s, 0.25)) / of('p50'),
  }
}

async function keepBusy(peer, inFlight, calls, onLatency) {
  let remaining = calls
  const one = async () => {
    while (remaining > 0) {
      remaining -= 1
      const startedAt = performance.now()
      await peer.call(1, 2)
      onLatency(performance.now() - startedAt)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, one))
}
