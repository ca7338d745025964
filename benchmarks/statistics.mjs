/** The value below which the share `q` of `sorted`, in ascending order and not empty, lies. */
export const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]

export const ascending = (numbers) => Float64Array.from(numbers).sort()

export const median = (numbers) => quantile(ascending(numbers), 0.5)

/** The same items in random order. */
export function shuffled(items) {
  const result = [...items]
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = Math.floor(Math.random() * (last + 1))
    ;[result[last], result[other]] = [result[other], result[last]]
  }
  return result
}

/** What each way answers in each round, in turns of random order. */
export async function interleave(ways, rounds) {
  const answers = Object.fromEntries(Object.keys(ways).map((name) => [name, []]))
  for (let round = 0; round < rounds; round += 1) {
    for (const name of shuffled(Object.keys(ways))) answers[name].push(await ways[name](round))
  }
  return answers
}
