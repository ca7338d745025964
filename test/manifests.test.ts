import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { arrows, libraries, peers } from './support/arrows.js'
import { packages, publishedPackages, root } from './support/workspace.js'

const door = {
  '.': {
    import: { types: './dist/index.d.ts', default: './dist/index.js' },
    require: { types: './dist/index.d.cts', default: './dist/index.cjs' },
  },
  './package.json': './package.json',
}

describe.each(publishedPackages())('the manifest of $manifest.name', ({ name, folder, manifest }) => {
  test('K-4: has one door, for ESM and CommonJS with types for both', () => {
    expect(manifest.exports).toEqual(door)
    expect(manifest.type).toBe('module')
  })

  test('K-4: promises Node 20 and no side effects', () => {
    expect(manifest.engines).toEqual({ node: '>=20' })
    expect(manifest.sideEffects).toBe(false)
  })

  test('K-4: has no install scripts', () => {
    const installScripts = ['preinstall', 'install', 'postinstall', 'preprepare', 'prepare', 'postprepare']
    expect(Object.keys(manifest.scripts ?? {}).filter((script) => installScripts.includes(script))).toEqual([])
  })

  test('depends on our packages along the arrows, on the libraries that were decided on, and on nothing else', () => {
    const ours = arrows[name] ?? []
    const dependencies = Object.entries(manifest.dependencies ?? {})
    expect(dependencies.map(([each]) => each).sort()).toEqual([...ours, ...(libraries[name] ?? [])].sort())
    for (const [each, range] of dependencies)
      expect(range, each).toMatch(ours.includes(each) ? /^workspace:\^$/ : /^\^\d/)
    expect(manifest.peerDependencies).toEqual(peers[name])
    // Whoever does not use one need not have it.
    const isOptional = Object.keys(peers[name] ?? {}).map((each) => [each, { optional: true }])
    expect(manifest.peerDependenciesMeta ?? {}).toEqual(Object.fromEntries(isOptional))
    expect(manifest.optionalDependencies).toBeUndefined()
  })

  test('ships what was built, the licence, and nothing else', () => {
    expect(manifest.files).toEqual(['dist', 'LICENSE'])
    expect(manifest.license).toBe('Apache-2.0')
    expect(readFileSync(join(folder, 'LICENSE'), 'utf8')).toBe(readFileSync(join(root, 'LICENSE'), 'utf8'))
  })

  test('says what it is and where its source is', () => {
    expect(manifest.description).toMatch(/^[A-Z].{20,}[^.]$/)
    expect(manifest.keywords?.length).toBeGreaterThanOrEqual(3)
    expect(manifest.repository).toEqual({
      type: 'git',
      url: 'git+https://github.com/pyferry/pyferry.git',
      directory: `packages/${name}`,
    })
  })

  test('refers to the projects it imports, so that types are built in order', () => {
    const { references = [] } = JSON.parse(readFileSync(join(folder, 'tsconfig.json'), 'utf8')) as {
      references?: { path: string }[]
    }
    const referred = references.map(({ path }) => path.replace('../', '')).sort()
    const imported = arrows[name]?.map((each) => each.replace('@pyferry/', ''))
    expect(referred).toEqual(['errors', ...(imported ?? [])].sort())
  })
})

test('the private package of errors is never published', () => {
  expect(packages().find(({ name }) => name === 'errors')?.manifest.private).toBe(true)
})

test('every changeset tells users of published packages what is new', () => {
  const known = publishedPackages().map(({ manifest }) => manifest.name)
  const changesets = readdirSync(join(root, '.changeset')).filter(
    (name) => name.endsWith('.md') && name !== 'README.md',
  )
  for (const name of changesets) {
    const [, header = '', text = ''] = readFileSync(join(root, '.changeset', name), 'utf8').split(/^---$/m)
    const bumps = [...header.matchAll(/^"(.+)": (major|minor|patch)$/gm)]
    expect(bumps, name).not.toEqual([])
    for (const [, bumped] of bumps) expect(known, name).toContain(bumped)
    expect(text.trim(), name).toMatch(/\w{3,}/)
  }
})
