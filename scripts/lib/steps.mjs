import { performance } from 'node:perf_hooks'
import { count, sum, totalLine } from './count.mjs'

/** @typedef {readonly [title: string, step: import('./runners.mjs').Step]} TitledStep */

/**
 * Runs steps one after another, tells what each counted, and prints the total alone on the last line.
 *
 * @param {readonly TitledStep[]} steps
 * @returns {Promise<number>} the exit code: 0 when everything passed and something was checked
 */
export async function runSteps(steps) {
  const results = []
  for (const [title, step] of steps) {
    console.log(`\n── ${title}`)
    const startedAt = performance.now()
    const result = await runStep(step)
    const seconds = (performance.now() - startedAt) / 1000
    results.push({ title, seconds, ...result })
    console.log(`── ${title}: ${describe(result)} (${seconds.toFixed(1)} s)`)
  }
  const total = sum(results)
  printTable(results)
  console.log(totalLine(total))
  return total.failed === 0 && total.passed > 0 ? 0 : 1
}

/** A step that throws is a runner that broke before it could report. */
async function runStep(step) {
  try {
    return await step()
  } catch (error) {
    console.error(error)
    return count({ failed: 1 })
  }
}

const describe = (result) => totalLine(result) + (result.skipped > 0 ? `, ${result.skipped} skipped` : '')

function printTable(results) {
  const width = Math.max(...results.map(({ title }) => title.length))
  console.log()
  for (const result of results) {
    const mark = result.failed === 0 ? 'ok  ' : 'FAIL'
    console.log(`${mark} ${result.title.padEnd(width)}  ${describe(result)}  (${result.seconds.toFixed(1)} s)`)
  }
  console.log()
}
