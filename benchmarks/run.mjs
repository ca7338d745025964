// Small calls to Python: pyferry beside its peers and the floor, in one run. See README.md.
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { hasPlacement, measureIn, placements, readNames, readRounds } from './command-line.mjs'
import { findPython, pythonVersion } from './python.mjs'
import { renderPlacement } from './report.mjs'

const allPeers = ['raw echo', 'pyferry', 'textbook', 'python-shell']
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    peers: { type: 'string', default: allPeers.join(',') },
    placement: { type: 'string', default: 'free,one CPU' },
    save: { type: 'string' },
  },
})
const rounds = readRounds(values.rounds)
const peerNames = readNames('peers', values.peers, allPeers)

const python = findPython()
const measuring = new URL('./measure.mjs', import.meta.url)
const lines = [
  `Node ${process.versions.node}, CPython ${pythonVersion(python)}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'CPU'}, ` +
    `${rounds} rounds, ${new Date().toISOString().slice(0, 10)}`,
  '',
]
console.log(lines.join('\n'))

for (const placement of readNames('placement', values.placement, placements)) {
  if (!hasPlacement(placement)) {
    console.log(`${placement}: left out, there is no taskset here\n`)
    continue
  }
  const text = renderPlacement(placement, await measureIn(placement, measuring, { peerNames, rounds, python }))
  console.log(text)
  lines.push(text)
}

if (values.save !== undefined) {
  const folder = fileURLToPath(new URL('./results/', import.meta.url))
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}${values.save}.md`, `# ${values.save}\n\n${lines.join('\n')}`)
}
