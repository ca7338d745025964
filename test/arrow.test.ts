import { realpathSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { pythonTools } from '../scripts/lib/python-tools.mjs'
import { Project } from './support/project.js'
import { root } from './support/workspace.js'

/** A program that gets a table and sends one, and says whether the class of what it got is its own. */
const program = `
async function main(Venv, arrow) {
  const sources = ['import pyarrow\\ndef table(x): return pyarrow.table({"n": [1, 2]})\\ndef total(t): return sum(t["n"].to_pylist())']
  const py = await Venv.start({ interpreter: process.argv[2], sources })
  const sent = arrow && (await py.callAndAwait('total', arrow.tableFromArrays({ n: Int32Array.of(3, 4) })))
  const got = await py.callAndAwait('table')
  console.log(JSON.stringify([sent, got.constructor.name, arrow && got instanceof arrow.Table, got.numRows]))
  await py.close()
}
`

const withArrow = new Project()
const without = new Project()
beforeAll(async () => {
  for (const project of [withArrow, without]) await project.install(Object.values(inject('packed')))
  symlinkSync(
    realpathSync(join(root, 'packages/pyferry/node_modules/apache-arrow')),
    join(withArrow.folder, 'node_modules/apache-arrow'),
  )
})
afterAll(() => {
  withArrow.remove()
  without.remove()
})

const run = async (project: Project, name: string, head: string, call: string) =>
  JSON.parse(await project.node(project.write(name, `${head}${program}${call}\n`), await pythonTools()))

describe('D-3, K-4: tables in an installed package', () => {
  test('are of the copy of apache-arrow that an ES module imports', async () => {
    const head = "import { Venv } from 'pyferry'\nimport * as arrow from 'apache-arrow'\n"
    expect(await run(withArrow, 'program.mjs', head, 'await main(Venv, arrow)')).toEqual([7, 'Table', true, 2])
  })

  test('are of the copy of apache-arrow that CommonJS requires', async () => {
    const head = "const { Venv } = require('pyferry')\nconst arrow = require('apache-arrow')\n"
    expect(await run(withArrow, 'program.cjs', head, 'main(Venv, arrow)')).toEqual([7, 'Table', true, 2])
  })

  test.each([
    ['program.mjs', "import { Venv } from 'pyferry'\n"],
    ['program.cjs', "const { Venv } = require('pyferry')\n"],
  ])('are bytes where apache-arrow is not installed: %s', async (name, head) => {
    expect(await run(without, name, head, 'main(Venv)')).toEqual([null, 'ArrowData', null, null])
  })

  test('cost nothing as long as none is met', async () => {
    const loaded = `
import { Venv } from 'pyferry'
import { createRequire } from 'node:module'
const py = await Venv.start({ interpreter: process.argv[2], sources: ['def f(x): return x'] })
await py.callAndAwait('f', new Map([[1, new Set([Uint8Array.of(1)])]]))
await py.close()
const { cache } = createRequire(import.meta.url)
console.log(JSON.stringify(Object.keys(cache).filter((each) => each.includes('apache-arrow'))))
`
    expect(JSON.parse(await withArrow.node(withArrow.write('none.mjs', loaded), await pythonTools()))).toEqual([])
  })
})
