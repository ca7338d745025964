import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { installedWith } from './support/arrows.js'
import { compile, consumer, Project } from './support/project.js'
import { python } from './support/python.js'
import { typeCheck, typescriptVersions } from './support/type-check.js'
import { publishedPackages } from './support/workspace.js'

const packed = inject('packed')
const resolutions = { node16: ['*.mts', '*.cts'], bundler: ['*.mts'] } as const

describe.each(publishedPackages())('$manifest.name installed alone', ({ name, manifest }) => {
  const project = new Project()
  const tarballs = [manifest.name, ...installedWith(name)].map((each) => packed[each]!)

  beforeAll(() => project.install(tarballs))
  afterAll(() => project.remove())

  test('K-4: is used from an ES module', async () => {
    project.write('consumer.mjs', await compile(consumer(name), 'esm'))
    const run = runner("import { use } from './consumer.mjs'")
    expect(await project.node(project.write('run.mjs', run), python, scratch())).toBe('used\n')
  })

  test('K-4: is used from CommonJS', async () => {
    project.write('consumer.cjs', await compile(consumer(name), 'cjs'))
    const run = runner("const { use } = require('./consumer.cjs')")
    expect(await project.node(project.write('run.cjs', run), python, scratch())).toBe('used\n')
  })

  test('K-4: exports the same names to both', async () => {
    const list = (exports: string) => `console.log(JSON.stringify(Object.keys(${exports}).sort()))`
    const esm = await project.node('--input-type=module', '-e', list(`await import('${manifest.name}')`))
    const cjs = await project.node('--input-type=commonjs', '-e', list(`require('${manifest.name}')`))
    expect(JSON.parse(esm).length).toBeGreaterThan(0)
    expect(cjs).toBe(esm)
  })

  test('has functions and classes that are called what they are exported as', async () => {
    const others = `Object.entries(await import('${manifest.name}')).filter(([name, it]) => it.name && it.name !== name)`
    expect(await project.node('--input-type=module', '-e', `console.log(JSON.stringify(${others}))`)).toBe('[]\n')
  })

  test('has types that need no others of ours', async () => {
    project.write('consumer.mts', consumer(name))
    // The codec runs where there is no Node: its declarations must not mention Node's.
    const types = name === 'codec' ? [] : ['node']
    if (types.length > 0) project.addNodeTypes()
    const include = ['consumer.mts']
    await typeCheck(project, { version: 'typescript-6', moduleResolution: 'node16', include, types })
  })
})

describe('all packages in one project', () => {
  const project = new Project()

  beforeAll(async () => {
    await project.install(Object.values(packed))
    project.addNodeTypes()
    for (const { name } of publishedPackages()) {
      for (const extension of ['mts', 'cts']) project.write(`${name}.${extension}`, consumer(name))
    }
  })
  afterAll(() => project.remove())

  describe.each(typescriptVersions)('%s', (version) => {
    test.each(['node16', 'bundler'] as const)(
      'K-4: compiles them with moduleResolution %s and checks our declarations too',
      async (moduleResolution) => {
        await typeCheck(project, { version, moduleResolution, include: resolutions[moduleResolution] })
      },
    )
  })

  test('a wrong use does not compile, so these tests see the types', async () => {
    project.write(
      'wrong.mts',
      "import { FrameReader } from '@pyferry/codec'\nnew FrameReader({ maxFrameBytes: 'much' })\n",
    )
    const include = ['wrong.mts']
    const checking = typeCheck(project, { version: 'typescript-6', moduleResolution: 'node16', include })
    await expect(checking).rejects.toThrow(/wrong\.mts\(2,\d+\): error TS2322/)
  })
})

const runner = (getUse: string) => `${getUse}
const [python, folder] = process.argv.slice(2)
use(python, folder).then(() => console.log('used'))
`

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pyferry-scratch-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
