import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { generationLayout, homeLayout, type KeyFolder, keyFolderOf } from '../src/layout.js'
import { readPublished, type Stamp } from '../src/stamp.js'
import { temporaryFolder } from './fixtures/folders.js'

const id = 'dvnqswdafaq6252u'
const digest = `sha256:${'1d'.repeat(32)}`
const gen = 'g1a2b3c4d'

let key: KeyFolder
let stampPath: string

/** What a build leaves, as far as it is looked at. */
beforeEach(() => {
  key = keyFolderOf(homeLayout(temporaryFolder()), id)
  publishIn(key)
  stampPath = generationLayout(key, gen).stamp
})

function publishIn(folder: KeyFolder): void {
  const { prefix, stamp } = generationLayout(folder, gen)
  mkdirSync(join(prefix, 'bin'), { recursive: true })
  writeFileSync(join(prefix, 'bin', 'python'), '')
  writeFileSync(join(prefix, 'pyvenv.cfg'), 'home = /usr/bin\nversion = 3.13.0\n')
  const content: Partial<Stamp> = {
    schema: 1,
    id,
    digest,
    gen,
    prefix,
    exe: 'bin/python',
    sysPrefix: '',
    pythonVersion: '3.13.0',
    packages: [],
    base: { release: '3.13.0' } as Stamp['base'],
  }
  writeFileSync(stamp, `${JSON.stringify(content)}\n`)
  writeFileSync(folder.current, `${JSON.stringify({ schema: 1, gen, digest })}\n`)
}

const reasonOf = (folder: KeyFolder) => {
  const published = readPublished(folder)
  return 'reason' in published ? published.reason : 'published'
}

describe('I1: only what is published is taken for an environment', () => {
  test('which this one is', () => {
    expect(reasonOf(key)).toBe('published')
  })

  test('and a pointer or a stamp that is cut off anywhere is none', () => {
    for (const path of [key.current, stampPath]) {
      const whole = readFileSync(path)
      // The last byte is the end of the line, and says nothing.
      for (let length = 0; length < whole.length - 1; length += 1) {
        writeFileSync(path, whole.subarray(0, length))
        expect(reasonOf(key), `${path} of ${length} bytes`).not.toBe('published')
      }
      writeFileSync(path, whole)
    }
    expect(reasonOf(key)).toBe('published')
  })

  test.each<[title: string, change: Partial<Record<keyof Stamp, unknown>>]>([
    ['is of another version', { schema: 2 }],
    ['is of another question', { digest: `sha256:${'00'.repeat(32)}` }],
    ['is of another generation', { gen: 'g00000000' }],
    ['is of another place', { prefix: '/elsewhere/g1a2b3c4d' }],
    ['names another interpreter', { exe: 'bin/python3' }],
    ['is of another Python', { base: { release: '3.13.1' } }],
  ])('nor is one whose stamp %s', (_, change) => {
    writeFileSync(stampPath, JSON.stringify({ ...JSON.parse(readFileSync(stampPath, 'utf8')), ...change }))
    expect(reasonOf(key)).not.toBe('published')
  })

  test.each([
    ['null', null],
    ['a list', []],
    ['a generation elsewhere', { schema: 1, gen: '../dvnqswdafaq6252u/g1a2b3c4d', digest }],
    ['a generation that is none', { schema: 1, gen: 'g1a2b3c4d/../g1a2b3c4d', digest }],
    ['no digest', { schema: 1, gen }],
  ])('nor is what a pointer leads to that holds %s', (_, pointer) => {
    writeFileSync(key.current, JSON.stringify(pointer))
    expect(reasonOf(key)).toBe('absent')
  })

  test('nor one that was moved, or copied beside the one that is', () => {
    const copy = keyFolderOf(homeLayout(temporaryFolder()), id)
    cpSync(key.folder, copy.folder, { recursive: true })
    expect(reasonOf(copy)).toBe('moved')
    renameSync(join(key.folder, gen), join(key.folder, 'g00000000'))
    expect(reasonOf(key)).toBe('stamp-invalid')
    writeFileSync(key.current, JSON.stringify({ schema: 1, gen: 'g00000000', digest }))
    expect(reasonOf(key)).toBe('stamp-invalid')
  })

  test('nor one that is being taken apart, from the mark to the last file', () => {
    const { doomed, prefix } = generationLayout(key, gen)
    const steps = [
      () => writeFileSync(doomed, '{}'),
      () => rmSync(stampPath),
      () => rmSync(prefix, { recursive: true }),
      () => rmSync(doomed),
    ]
    for (const step of steps) {
      step()
      expect(reasonOf(key)).toBe('stamp-invalid')
    }
  })
})
