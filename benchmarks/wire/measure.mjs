// One section, in this process, which `run.mjs` starts where it is to run.
import { interleave } from '../statistics.mjs'
import { arrays } from './arrays.mjs'
import { bytes } from './bytes.mjs'
import { pythonWithLibraries } from './machine.mjs'
import { mixed } from './mixed.mjs'
import { overhead } from './overhead.mjs'
import { records } from './records.mjs'
import { start } from './start.mjs'

const sections = { bytes, arrays, mixed, start, records, overhead }

const { section, rounds } = JSON.parse(process.argv[2])
const { tables, close } = await sections[section]({ python: await pythonWithLibraries() })
const measured = []
for (const { title, ways, figures = [''], unit = 'µs' } of tables) {
  for (const way of Object.values(ways)) await way()
  const answers = await interleave(ways, rounds)
  for (const figure of figures) {
    const of = (list) => list.map((answer) => (figure === '' ? answer : answer[figure]))
    const named = Object.fromEntries(Object.entries(answers).map(([name, list]) => [name, of(list)]))
    measured.push({ title, figure, unit, answers: named })
  }
}
await close()
process.send(measured)
process.disconnect()
