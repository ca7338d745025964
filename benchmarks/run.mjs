// Small calls to Python: pyferry beside its peers and the floor, in one run. See README.md.
import { fork, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
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
const rounds = Number(values.rounds)
if (!Number.isInteger(rounds) || rounds < 1)
  throw new TypeError(`--rounds must be a positive integer, not ${values.rounds}`)
const peerNames = listOf('peers', allPeers)
const placements = listOf('placement', ['free', 'one CPU'])

const python = findPython()
const lines = [
  `Node ${process.versions.node}, CPython ${pythonVersion(python)}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'CPU'}, ` +
    `${rounds} rounds, ${new Date().toISOString().slice(0, 10)}`,
  '',
]
console.log(lines.join('\n'))

for (const placement of placements) {
  if (placement === 'one CPU' && spawnSync('taskset', ['-c', '0', 'true']).status !== 0) {
    console.log('one CPU: left out, there is no taskset here\n')
    continue
  }
  const text = renderPlacement(placement, await measure(placement))
  console.log(text)
  lines.push(text)
}

if (values.save !== undefined) {
  const folder = fileURLToPath(new URL('./results/', import.meta.url))
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}${values.save}.md`, `# ${values.save}\n\n${lines.join('\n')}`)
}

/** Measure in a process of its own, whose children inherit where it may run. */
async function measure(placement) {
  const pinned = placement === 'one CPU' ? { execPath: 'taskset', execArgv: ['-c', '0', process.execPath] } : {}
  const child = fork(
    fileURLToPath(new URL('./measure.mjs', import.meta.url)),
    [JSON.stringify({ peerNames, rounds, python })],
    pinned,
  )
  const figures = new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('exit', (code, signal) => reject(new Error(`the measuring process ended with ${signal ?? code}`)))
  })
  return figures
}

function listOf(option, known) {
  const names = values[option].split(',')
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) throw new TypeError(`--${option} knows ${known.join(', ')}, not ${unknown}`)
  return known.filter((name) => names.includes(name))
}
