// What the wire costs beyond small calls: bytes, arrays, records, mixed load, the start, and the public API by itself.
//
//     node benchmarks/wire/run.mjs [--rounds 15] [--only bytes,arrays,…] [--placement 'free,one CPU'] [--save <name>]
import { writeFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { hasPlacement, measureIn, placements, readNames, readRounds } from '../command-line.mjs'
import { findPython, pythonVersion } from '../python.mjs'
import { ascending, median, quantile } from '../statistics.mjs'

const allSections = ['bytes', 'arrays', 'mixed', 'start', 'records', 'overhead']
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    only: { type: 'string', default: allSections.join(',') },
    placement: { type: 'string', default: 'free,one CPU' },
    save: { type: 'string' },
  },
})
const rounds = readRounds(values.rounds)
const sections = readNames('only', values.only, allSections)
const measuring = new URL('measure.mjs', import.meta.url)

const lines = [
  `Node ${process.versions.node}, CPython ${pythonVersion(findPython())}, ${cpus().length} × ${cpus()[0].model.trim()}, Linux ${release()}; ${rounds} rounds.`,
  'Medians, in parentheses the middle half of the rounds; ratios are medians of the ratios within each round, to the first row.',
  '',
]
console.log(lines.join('\n'))
for (const placement of readNames('placement', values.placement, placements)) {
  if (!hasPlacement(placement)) {
    console.log(`${placement}: left out, there is no taskset here\n`)
    continue
  }
  for (const section of sections) {
    for (const table of await measureIn(placement, measuring, { section, rounds })) {
      const text = render(table, placement)
      console.log(text)
      lines.push(text)
    }
  }
}
if (values.save !== undefined) {
  const file = fileURLToPath(new URL(`../results/${values.save}.md`, import.meta.url))
  writeFileSync(file, `# ${values.save}\n\nMade by \`node benchmarks/wire/run.mjs\`.\n\n${lines.join('\n')}`)
}

function render({ title, figure, unit, answers }, placement) {
  const [first] = Object.values(answers)
  const shown = (value) => (value < 20 ? value.toFixed(2) : value.toFixed(0))
  const rows = Object.entries(answers).map(([name, found]) => {
    const sorted = ascending(found)
    const span = `${shown(quantile(sorted, 0.25))} – ${shown(quantile(sorted, 0.75))}`
    const ratio = median(found.map((value, round) => value / first[round]))
    return `| ${name} | ${shown(median(found))} (${span}) | ${ratio.toFixed(ratio < 0.1 ? 4 : 2)} × |`
  })
  const heading = `### ${title}${figure && `, ${figure}`}, ${placement}`
  return [heading, '', `| | ${unit} | ratio |`, '| --- | ---: | ---: |', ...rows, ''].join('\n')
}
