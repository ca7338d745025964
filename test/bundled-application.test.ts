import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { consumer, Project } from './support/project.js'
import { python } from './support/python.js'

const project = new Project()
beforeAll(() => project.install(Object.values(inject('packed'))))
afterAll(() => project.remove())

const application = `
import { use } from './consumer.ts'
const [python, folder] = process.argv.slice(2)
use(python, folder).then(() => console.log('used'))
`

describe.each([
  ['esm', 'mjs'],
  ['cjs', 'cjs'],
] as const)('an application bundled into one file as %s', (format, extension) => {
  test('K-4: calls Python from a folder that holds nothing else', async () => {
    project.write('consumer.ts', consumer('pyferry'))
    const bundle = join(project.folder, `application.${extension}`)
    await build({
      ...{ entryPoints: [project.write('application.ts', application)], outfile: bundle, bundle: true },
      ...{ platform: 'node', format, target: 'node20', logLevel: 'silent', minify: true },
    })
    const elsewhere = mkdtempSync(join(tmpdir(), 'pyferry-elsewhere-'))
    onTestFinished(() => rmSync(elsewhere, { recursive: true }))
    const moved = join(elsewhere, basename(bundle))
    copyFileSync(bundle, moved)

    expect(await project.node(moved, python, elsewhere)).toBe('used\n')
    expect(readdirSync(elsewhere)).toEqual([basename(bundle)])
  })
})
