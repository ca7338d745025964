import { execFile, execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { describe, expect, inject, test } from 'vitest'
import { inlined } from './support/arrows.js'
import { type Manifest, publishedPackages, root } from './support/workspace.js'

const packed = inject('packed')
const attw = join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js')

describe.each(publishedPackages())('the tarball of $manifest.name', ({ name, manifest }) => {
  const tarball = packed[manifest.name]!

  test('K-4: passes publint', async () => {
    const bytes = readFileSync(tarball)
    const { messages, pkg } = await publint({
      strict: true,
      pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) },
    })
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([])
  })

  test('K-4: has types that are right for every way to import it', async () => {
    const env = { ...process.env, NO_COLOR: '1' }
    const { stdout } = await promisify(execFile)(process.execPath, [attw, tarball, '--format', 'json'], { env })
    expect(Object.keys(JSON.parse(stdout).problems ?? {})).toEqual([])
  })

  test('holds the build, the manifest, the licence, perhaps a page, and nothing else', () => {
    const files = entriesOf(tarball).filter((name) => name !== 'README.md')
    expect(files.sort()).toEqual([
      'LICENSE',
      'dist/index.cjs',
      'dist/index.d.cts',
      'dist/index.d.ts',
      'dist/index.js',
      'package.json',
    ])
  })

  test('says nothing of the private package, neither in code nor in types nor in the manifest', () => {
    const mentions = entriesOf(tarball).filter((name) => textOf(tarball, name).includes('@pyferry/errors'))
    expect(mentions).toEqual([])
  })

  test('has the libraries it inlines, with their licences, in both builds', () => {
    for (const library of inlined[name] ?? []) {
      for (const file of ['dist/index.js', 'dist/index.cjs']) {
        const text = textOf(tarball, file)
        expect(text).toContain(library.licence)
        expect(text).not.toMatch(new RegExp(`(from|require\\() ?['"]${library.name}['"]`))
      }
    }
  })

  test('has a manifest without what only our checkout needs, and ranges that can be resolved', () => {
    const published = JSON.parse(textOf(tarball, 'package.json')) as Manifest
    expect(published.devDependencies).toBeUndefined()
    expect(published.scripts).toBeUndefined()
    expect(Object.values(published.dependencies ?? {}).filter((range) => !/^\^\d+\.\d+\.\d+$/.test(range))).toEqual([])
  })
})

function entriesOf(tarball: string): string[] {
  const entries = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' })
  return entries
    .trim()
    .split('\n')
    .map((entry) => entry.replace(/^package\//, ''))
}

function textOf(tarball: string, name: string): string {
  return execFileSync('tar', ['-xzOf', tarball, `package/${name}`], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
}
