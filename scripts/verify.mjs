// Runs every check in turn and prints one total: `N passed, N failed`, alone on the last line.
//
//     pnpm verify [<words of the titles of the steps to run> …]
import { command, pytest, pythonCommand, vitest } from './lib/runners.mjs'
import { runSteps } from './lib/steps.mjs'
import { testsInWay, ways } from './lib/ways.mjs'

/** A new check is one line here. @type {import('./lib/steps.mjs').TitledStep[]} */
const steps = [
  ['generate', command('node', 'scripts/turbo.mjs', 'run', 'generate', '--output-logs=errors-only')],
  ['build', command('node', 'scripts/turbo.mjs', 'run', 'build', '--output-logs=errors-only')],
  ['types', command('tsc', '-b')],
  ['lint', command('biome', 'check', '--error-on-warnings', '.')],
  ['python lint', pythonCommand('-m', 'ruff', 'check', '.')],
  ['python format', pythonCommand('-m', 'ruff', 'format', '--check', '.')],
  ['python types', pythonCommand('-m', 'mypy', '--strict', 'src')],
  ['tests', vitest()],
  ...ways.slice(1).map(callsInWay),
  ['python tests', pytest()],
]

/** @returns {import('./lib/steps.mjs').TitledStep} */
function callsInWay(way) {
  return [`calls, ${way}`, testsInWay(way, ['call.test', 'worker-code'])]
}

const words = process.argv.slice(2)
const chosen = steps.filter(([title]) => words.length === 0 || words.some((word) => title.includes(word)))
process.exitCode = await runSteps(chosen)
