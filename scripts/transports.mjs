// Runs the tests of the contract's section V over each transport and in the base protocol, and prints a table and one total. Over the transports
// those of values come along; what the base protocol makes of values stands on a page of its own, which a test makes.
//
//     pnpm transports [--way tcp …]
//
// Other tests of ours know all transports anyway: those of the supervisor, and those of the host's end.
import { parseArgs } from 'node:util'
import { runSteps } from './lib/steps.mjs'
import { testsInWay, ways } from './lib/ways.mjs'

const calls = ['call.test', 'worker-code', 'host.test', 'environment.test', 'shared-home']
const values = ['values.test', 'large-values', 'round-trip', 'plain-forms', 'codecs.test', 'arrow.test']

const { values: options } = parseArgs({ options: { way: { type: 'string', multiple: true, default: ways } } })
const unknown = options.way.find((way) => !ways.includes(way))
if (unknown !== undefined) {
  console.error(`--way ${unknown}: expected one of ${ways.join(', ')}`)
  process.exit(2)
}

process.exitCode = await runSteps(options.way.map(inWay))

/** @returns {import('./lib/steps.mjs').TitledStep} */
function inWay(way) {
  return [way, testsInWay(way, way === 'base' ? calls : [...calls, ...values])]
}
