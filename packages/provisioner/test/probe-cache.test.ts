import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Candidate, tryCandidate } from '../src/candidates.js'
import { openProbeCache } from '../src/probe-cache.js'
import { temporaryFolder } from './fixtures/folders.js'

/** Nothing here is ever started: any file with its bit set is an executable. */
function makeExecutable(folder: string, content = 'content', name = 'uv'): string {
  const path = join(folder, name)
  writeFileSync(path, content, { mode: 0o755 })
  return path
}

async function candidateAt(path: string): Promise<Candidate> {
  return (await tryCandidate(path)) as Candidate
}

describe('I6: what an executable said is known again', () => {
  test('by another one who opens the same folder, of the same file alone', async () => {
    const folder = temporaryFolder()
    const candidate = await candidateAt(makeExecutable(folder))
    const probes = join(folder, 'absent', 'probe')
    expect(await openProbeCache(probes).recall('uv', candidate)).toBeUndefined()
    await openProbeCache(probes).remember('uv', candidate, { version: '1.2.3' })
    const again = openProbeCache(probes)
    expect(await again.recall('uv', candidate)).toEqual({ version: '1.2.3' })
    expect(await again.recall('pixi', candidate)).toBeUndefined()
    expect(await again.recall('uv', await candidateAt(makeExecutable(folder, 'content', 'other')))).toBeUndefined()
    expect(statSync(probes).mode & 0o777).toBe(0o700)
    expect(readdirSync(probes)).toEqual([expect.stringMatching(/^[0-9a-f]{16}\.json$/)])
  })

  test.each([
    ['another size', { size: 8 }],
    ['another time', { mtimeMs: 1 }],
    ['another place that its link leads to', { realPath: '/elsewhere/uv' }],
  ])('not after a change: %s', async (_, change) => {
    const folder = temporaryFolder()
    const probes = openProbeCache(join(folder, 'probe'))
    const candidate = await candidateAt(makeExecutable(folder))
    await probes.remember('uv', candidate, 'old')
    expect(await probes.recall('uv', { ...candidate, ...change })).toBeUndefined()
    await probes.remember('uv', { ...candidate, ...change }, 'new')
    expect(await probes.recall('uv', { ...candidate, ...change })).toBe('new')
    expect(readdirSync(join(folder, 'probe'))).toHaveLength(1)
  })

  test('never of a shim, which may stand for something else by now', async () => {
    const folder = temporaryFolder()
    const probes = openProbeCache(join(folder, 'probe'))
    const shim = await candidateAt(makeExecutable(folder, '#!/bin/sh\n'))
    await probes.remember('uv', shim, 'answer')
    expect(existsSync(join(folder, 'probe'))).toBe(false)
    await probes.remember('uv', { ...shim, isShim: false }, 'answer')
    expect(await probes.recall('uv', shim)).toBeUndefined()
  })

  test('two that write at once lose nothing of each other', async () => {
    const folder = temporaryFolder()
    const paths = Array.from({ length: 20 }, (_, index) => makeExecutable(folder, String(index), `tool-${index}`))
    const candidates = await Promise.all(paths.map(candidateAt))
    const [one, other] = [openProbeCache(join(folder, 'probe')), openProbeCache(join(folder, 'probe'))]
    await Promise.all(
      candidates.flatMap((each) => [one, other].map((probes) => probes.remember('uv', each, each.path))),
    )
    expect(await Promise.all(candidates.map((each) => one.recall('uv', each)))).toEqual(paths)
    expect(readdirSync(join(folder, 'probe'))).toHaveLength(20)
  })
})

describe('what is odd is not known', () => {
  test.each([
    ['empty', ''],
    ['cut off', '{"schema":1,"kind":"uv"'],
    ['another kind of JSON', '[]'],
    ['null', 'null'],
    ['of another version', undefined],
  ])('a file that is %s', async (_, text) => {
    const folder = temporaryFolder()
    const candidate = await candidateAt(makeExecutable(folder))
    const probes = openProbeCache(join(folder, 'probe'))
    await probes.remember('uv', candidate, 'answer')
    const file = join(folder, 'probe', readdirSync(join(folder, 'probe'))[0] as string)
    const changed = text ?? readFileSync(file, 'utf8').replace('"schema":1', '"schema":2')
    writeFileSync(file, changed)
    expect(await probes.recall('uv', candidate)).toBeUndefined()
    await probes.remember('uv', candidate, 'again')
    expect(await probes.recall('uv', candidate)).toBe('again')
  })

  test('a folder where the file would be, or a link to nothing', async () => {
    const folder = temporaryFolder()
    const candidate = await candidateAt(makeExecutable(folder))
    const probes = openProbeCache(join(folder, 'probe'))
    await probes.remember('uv', candidate, 'answer')
    const name = readdirSync(join(folder, 'probe'))[0] as string
    mkdirSync(join(folder, 'with-folder', name), { recursive: true })
    mkdirSync(join(folder, 'with-link'))
    symlinkSync('/nowhere', join(folder, 'with-link', name))
    expect(await openProbeCache(join(folder, 'with-folder')).recall('uv', candidate)).toBeUndefined()
    expect(await openProbeCache(join(folder, 'with-link')).recall('uv', candidate)).toBeUndefined()
    await openProbeCache(join(folder, 'with-folder')).remember('uv', candidate, 'answer')
  })
})

describe('a folder that cannot be written is no error', () => {
  test('when a file is in its place', async () => {
    const folder = temporaryFolder()
    const path = makeExecutable(folder)
    const probes = openProbeCache(join(path, 'probe'))
    await probes.remember('uv', await candidateAt(path), 'answer')
    expect(await probes.recall('uv', await candidateAt(path))).toBeUndefined()
  })

  test('when the system lets nobody write there', async () => {
    const candidate = await candidateAt(makeExecutable(temporaryFolder()))
    const probes = openProbeCache('/sys/probe')
    await probes.remember('uv', candidate, 'answer')
    expect(await probes.recall('uv', candidate)).toBeUndefined()
  })
})
