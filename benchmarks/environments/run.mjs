// What an environment costs, beside what people do by hand, in one interleaved run.
//
//     node benchmarks/environments/run.mjs [--rounds 10] [--only hits|cold] [--save <name>] [--before <index.js>] [--real-index]
//
// Packages come from an index on loopback that serves wheels fetched once into `.cache/`: the network is not what is measured, unless
// `--real-index` wants it to be, as it is where an environment is really new. `--before` names another build of ours, to see what a
// change has brought.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { readRounds } from '../command-line.mjs'
import { pythonVersion } from '../python.mjs'
import { ascending, median, quantile } from '../statistics.mjs'
import { measureCold } from './cold.mjs'
import { measureHits } from './hits.mjs'
import { fetchUv, python, startIndex } from './machine.mjs'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    only: { type: 'string' },
    save: { type: 'string' },
    before: { type: 'string' },
    'real-index': { type: 'boolean' },
  },
})
const rounds = readRounds(values.rounds)
const modules = {
  ...(values.before !== undefined && { before: pathToFileURL(resolve(values.before)).href }),
  ours: import.meta.resolve('@pyferry/provisioner'),
}

const index = values['real-index'] ? undefined : await startIndex()
const uv = await fetchUv()
const request = { uv, index, rounds, modules }

const ms = (numbers) => `${median(numbers).toFixed(median(numbers) < 20 ? 2 : 0)} ms`
const span = (numbers) => {
  const sorted = ascending(numbers)
  const shown = (value) => value.toFixed(value < 20 ? 2 : 0)
  return `${shown(quantile(sorted, 0.25))} – ${shown(quantile(sorted, 0.75))}`
}
/** The median of the ratios of one round each. */
const ratio = (these, those) => `${median(these.map((each, round) => each / those[round])).toFixed(2)} ×`
const mb = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`
const row = (cells) => `| ${cells.join(' | ')} |`
const tableOf = (head, rows) => [
  row(head),
  row(head.map((_, column) => (column === 0 ? '---' : '---:'))),
  ...rows.map(row),
]

function renderHits(table) {
  const names = Object.keys(modules).flatMap((ours) => [`${ours}, lease`, `${ours}, no lease`])
  const render = (which, isCompared) => {
    const head = [
      'asked for',
      ...names.flatMap((name) => [name, 'CPU']),
      'uv with nothing to do',
      'CPU',
      'ours, lease, against it',
    ]
    return tableOf(
      isCompared ? head : head.slice(0, -3),
      table.map(({ name, doing, answers }) => {
        const own = names.flatMap((each) => {
          const found = answers[each].map((answer) => answer[which])
          return [
            `${ms(found.map((one) => one.ms))} (${span(found.map((one) => one.ms))})`,
            ms(found.map((one) => one.cpuMs)),
          ]
        })
        if (!isCompared) return [name, ...own]
        const times = answers.uv.map((one) => one.ms)
        const first = answers['ours, lease'].map((answer) => answer.first.ms)
        const byUv = [`${doing}: ${ms(times)} (${span(times)})`, ms(answers.uv.map((one) => one.cpuMs))]
        return [name, ...own, ...byUv, ratio(first, times)]
      }),
    )
  }
  return [
    '## An environment that is there',
    '',
    'The first `ensure` of a new process, from after the import to its answer; and uv, a process, where there is nothing for it to do.',
    '',
    ...render('first', true),
    '',
    'In a process that has done so a hundred times.',
    '',
    ...render('warm', false),
    '',
  ]
}

function renderCold({ answers, disk }) {
  const oursOf = (tool) => Object.keys(modules).map((name) => `${name} with ${tool}`)
  const lines = ['pip', 'uv'].flatMap((tool) =>
    [`${tool} by hand`, ...oursOf(tool)].map((name) => {
      const of = (which, way = name) => answers[way].map((answer) => answer[which])
      const cells = ['first', 'second'].flatMap((which) => [
        `${ms(of(which))} (${span(of(which))})`,
        ratio(of(which), of(which, `${tool} by hand`)),
      ])
      return [name, ...cells, ratio(of('second'), of('first'))]
    }),
  )
  const nothing = answers['a Node that does nothing'].map(({ first }) => first)
  return [
    '## numpy',
    '',
    ...tableOf(
      [
        'way',
        'with nothing kept from before',
        'against by hand',
        'a second one',
        'against by hand',
        'second against first',
      ],
      lines,
    ),
    '',
    'By hand: its commands, each a process. Ours: `ensure` in a new Node, from after the import to its answer; that Node and the import take',
    `${ms(nothing)} (${span(nothing)}) more. A second one, by hand: with the caches of the first; ours: another key with the same packages, in`,
    'the home of the first.',
    '',
    '## On the disk, of two environments in one home',
    '',
    ...tableOf(
      ['made by', 'logical', 'physical, what the other has not'],
      Object.entries(disk).flatMap(([backend, sizes]) =>
        sizes.map(({ logical, physical }, place) => [`${backend}, ${place + 1}`, mb(logical), mb(physical)]),
      ),
    ),
    '',
  ]
}

const uvVersion = execFileSync(uv, ['--version'], { encoding: 'utf8' }).split(' ')[1]
const lines = [
  `Node ${process.versions.node}, Python ${pythonVersion(python)}, uv ${uvVersion}, ${cpus().length} CPUs (${cpus()[0].model.trim()}), Linux ${release()};`,
  `${rounds} rounds. Medians, in parentheses the middle half of the rounds; ratios are medians of the ratios within each round.`,
  '',
  ...(values.only === 'cold' ? [] : renderHits(await measureHits(request))),
  ...(values.only === 'hits' ? [] : renderCold(await measureCold(request))),
]
console.log(lines.join('\n'))
if (values.save !== undefined) {
  const file = fileURLToPath(new URL(`../results/${values.save}.md`, import.meta.url))
  const options = process.argv.slice(2).filter((word) => !word.includes('/'))
  const command = `node benchmarks/environments/run.mjs ${options.join(' ')}`
  writeFileSync(file, `# ${values.save}\n\nMade by \`${command}\`.\n\n${lines.join('\n')}`)
}
process.exit()
