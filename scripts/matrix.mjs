// Runs the tests on every Node and every Python that we promise (K-4), and prints a table and one total.
//
//     pnpm matrix [--node 20 …] [--python 3.9 …] [--python debian]
//
// Naming a version runs that part alone. Each Node is fetched once, into `.cache/`; each Python has to be installed.
import { parseArgs } from 'node:util'
import { findPython, hasDebianPython } from './lib/interpreters.mjs'
import { ensureNode } from './lib/node-versions.mjs'
import { pytest, vitest } from './lib/runners.mjs'
import { runSteps } from './lib/steps.mjs'

const nodeVersions = ['20', '22', '24', '26']
const pythonVersions = ['3.9', '3.10', '3.11', '3.12', '3.13', 'debian']
/** The packages whose tests start a Python. */
const pythonProjects = ['provisioner', 'supervisor', 'pyferry']

const { values } = parseArgs({
  options: { node: { type: 'string', multiple: true }, python: { type: 'string', multiple: true } },
})
const isWhole = values.node === undefined && values.python === undefined
const nodes = choose('--node', values.node, nodeVersions)
const pythons = choose('--python', values.python, pythonVersions)

process.exitCode = await runSteps([...nodes.map(onNode), ...pythons.flatMap(onPython)])

function choose(option, chosen, known) {
  const unknown = chosen?.find((version) => !known.includes(version))
  if (unknown !== undefined) {
    console.error(`${option} ${unknown}: expected one of ${known.join(', ')}`)
    process.exit(2)
  }
  return chosen ?? (isWhole ? known : [])
}

/** @returns {import('./lib/steps.mjs').TitledStep} */
function onNode(version) {
  // Vitest's own reporter uses Map.groupBy to print a failure, which Node 20 does not have (vitest 5.1.1).
  const reporter = version === '20' ? 'tap-flat' : 'default'
  return [`node ${version}`, async () => vitest([], { node: ensureNode(version), reporter })()]
}

/** @returns {import('./lib/steps.mjs').TitledStep[]} */
function onPython(version) {
  // Debian changes Python where it installs packages, which no other build shows; elsewhere there is nothing to run.
  if (version === 'debian' && isWhole && !hasDebianPython()) return []
  const projects = pythonProjects.map((name) => `--project=${name}`)
  return [
    [`python ${version}: worker`, async () => pytest({ python: findPython(version) })()],
    [
      `python ${version}: packages`,
      async () => vitest(projects, { env: { PYFERRY_TEST_PYTHON: findPython(version) } })(),
    ],
  ]
}
