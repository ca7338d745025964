import { readFileSync } from 'node:fs'
import vm from 'node:vm'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { compile, consumer, Project } from './support/project.js'

const project = new Project()
let bundle: string

beforeAll(async () => {
  await project.install([inject('packed')['@pyferry/codec']!])
  const entry = project.write('page.mjs', await compile(consumer('codec'), 'esm'))
  const { outputFiles } = await build({
    ...{ entryPoints: [entry], bundle: true, write: false, logLevel: 'silent' },
    ...{ platform: 'browser', format: 'iife', globalName: 'page', target: 'es2022' },
  })
  bundle = outputFiles[0]!.text
})
afterAll(() => project.remove())

test('K-4: the codec of a browser bundle works where there is nothing of Node', async () => {
  // What every browser has beyond the language itself, and the codec may use.
  const context = vm.createContext({ TextEncoder, TextDecoder, btoa, atob })
  expect(vm.runInContext('typeof process + typeof Buffer + typeof require', context)).toBe('undefined'.repeat(3))
  await vm.runInContext(`${bundle}\npage.use()`, context)
})

test('K-4: the published codec names no module of Node', () => {
  for (const name of ['index.js', 'index.cjs']) {
    const text = readFileSync(`${project.folder}/node_modules/@pyferry/codec/dist/${name}`, 'utf8')
    expect(text).not.toMatch(/\b(from|import|require)\s*\(?\s*["'](?!\.)/)
  }
})
