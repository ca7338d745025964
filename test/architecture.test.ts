import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { arrows, inlined, libraries } from './support/arrows.js'
import { findCircle, importsBySource, importsOf } from './support/imports.js'
import { packages, publishedPackages } from './support/workspace.js'

test('processes are spawned in two files only', () => {
  const spawners = packages().flatMap(({ name, folder }) =>
    [...importsBySource(join(folder, 'src'))]
      .filter(([, imports]) => imports.some((each) => /^(node:)?child_process$/.test(each)))
      .map(([path]) => `${name}/${path}`),
  )
  expect(spawners.sort()).toEqual(['provisioner/run.ts', 'supervisor/child.ts'])
})

describe.each(publishedPackages())('the sources of $manifest.name', ({ name, folder }) => {
  const source = join(folder, 'src')

  test('import our other packages along the arrows only, by their one door', () => {
    const allowed = ['@pyferry/errors', ...(arrows[name] ?? [])]
    const ours = [...importsBySource(source).values()].flat().filter((each) => /^(@pyferry\/|pyferry\b)/.test(each))
    expect(ours.filter((each) => !allowed.includes(each))).toEqual([])
  })

  test('import nothing but our packages, their libraries, Node, each other, and what is inlined', () => {
    const foreign = [...importsBySource(source).values()].flat().filter((each) => !/^(@pyferry\/|node:|\.)/.test(each))
    const known = [...(libraries[name] ?? []), ...(inlined[name] ?? []).map((library) => library.name)]
    expect([...new Set(foreign)].sort()).toEqual(known.sort())
  })

  test('import each other with their extension and never from outside the package', () => {
    for (const [path, imports] of importsBySource(source)) {
      const depth = path.split('/').length - 1
      for (const each of imports.filter((name) => name.startsWith('.'))) {
        expect(each, path).toMatch(/\.js$/)
        expect(each.split('/').filter((part) => part === '..').length, path).toBeLessThanOrEqual(depth)
      }
    }
  })

  test('go in no circle', () => {
    expect(findCircle(source)).toBeUndefined()
  })
})

test('K-4: the sources of the codec import nothing from Node', () => {
  const codec = packages().find(({ name }) => name === 'codec')!
  const imports = [...importsBySource(join(codec.folder, 'src')).values()].flat()
  expect(imports.filter((each) => each.startsWith('node:'))).toEqual([])
})

describe('the scanner behind these tests', () => {
  test('sees every way to name a module', () => {
    const text = `
      import a from './a.js'
      import type { B } from './b.js'
      export * from './c.js'
      const d = await import('./d.js')
      const e = require('./e.js')
      // import './comment.js'
    `
    expect(importsOf(text).sort()).toEqual(['./a.js', './b.js', './c.js', './d.js', './e.js'])
  })

  test('finds a circle, and lets types go round', () => {
    const source = mkdtempSync(join(tmpdir(), 'pyferry-circle-'))
    onTestFinished(() => rmSync(source, { recursive: true }))
    mkdirSync(join(source, 'deep'))
    writeFileSync(join(source, 'a.ts'), `import { b } from './deep/b.js'\nexport const a = () => b`)
    writeFileSync(
      join(source, 'deep/b.ts'),
      `import type { a } from '../a.js'\nexport const b = 1 as unknown as typeof a`,
    )
    expect(findCircle(source)).toBeUndefined()
    writeFileSync(join(source, 'deep/b.ts'), `import { a } from '../a.js'\nexport const b = a`)
    expect(findCircle(source)).toEqual(['a.ts', 'deep/b.ts', 'a.ts'])
  })
})
