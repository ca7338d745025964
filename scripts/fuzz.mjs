// Damages what one end says to the other, half of the time for TypeScript and half for Python, and prints one total. In both a reader hears it in
// this process, and a whole one does: a host from a worker that says nothing else, and a worker from a host. Then undamaged values go there and
// back, many more than among the quick checks.
//
//     pnpm fuzz [--minutes 10] [--seed 12345]
//
// The seed that it prints leads there again. The quick checks run the same tests for a moment.
import { parseArgs } from 'node:util'
import { count, sum } from './lib/count.mjs'
import { pytest, vitest } from './lib/runners.mjs'
import { runSteps } from './lib/steps.mjs'

/** Of the codec's `fuzz.test.ts`, which share its time; the supervisor's has fewer, and runs beside it. */
const TYPESCRIPT_TESTS = 4
/** Of a run of pytest, which knows no time: a minute or so. */
const PYTHON_EXAMPLES = 2000

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string', default: `${Date.now() % 2 ** 31}` } },
})
const minutes = Number(values.minutes)
const seed = Number(values.seed)
if (!(minutes > 0 && Number.isSafeInteger(seed) && seed >= 0)) {
  console.error('--minutes takes a number above 0, --seed an integer from 0')
  process.exit(2)
}
const halfMs = minutes * 30_000

console.log(`${minutes} minutes; again with --seed ${seed}`)
process.exitCode = await runSteps([
  [
    'typescript',
    vitest(['--project=codec', '--project=supervisor', 'test/fuzz'], {
      env: { PYFERRY_FUZZ_MS: `${halfMs / TYPESCRIPT_TESTS}`, PYFERRY_FUZZ_SEED: `${seed}` },
    }),
  ],
  ['python', fuzzPython],
  [
    'round trips',
    vitest(['--project=pyferry', 'round-trip'], {
      env: { PYFERRY_FUZZ_TIMES: `${Math.ceil(minutes / 2)}`, PYFERRY_FUZZ_SEED: `${seed}` },
    }),
  ],
  ['what is huge', vitest(['--root=packages/codec', '--config=vitest.long.config.ts'])],
])

/** With one seed after the other. */
async function fuzzPython() {
  const end = Date.now() + halfMs
  let total = count({})
  for (let next = seed; next === seed || (Date.now() < end && total.failed === 0); next += 1) {
    const args = ['-q', 'tests/test_fuzz.py', 'tests/test_fuzz_worker.py', `--hypothesis-seed=${next}`]
    total = sum([total, await pytest({ args, env: { PYFERRY_FUZZ_EXAMPLES: `${PYTHON_EXAMPLES}` } })()])
  }
  return total
}
