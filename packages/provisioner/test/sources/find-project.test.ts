import { chmodSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findProject } from '../../src/sources/find-project.js'
import { temporaryTree } from '../fixtures/trees.js'

const PROJECT = '[project]\nname = "app"\n'

describe('E: project: "auto" takes the nearest project, up to the root of the repository', () => {
  test.each<[string, Record<string, string>, string, string | undefined]>([
    ['in the folder itself', { 'a/b/pyproject.toml': PROJECT, 'pyproject.toml': PROJECT }, 'a/b', 'a/b'],
    ['above', { 'pyproject.toml': PROJECT, 'a/b/main.mjs': '' }, 'a/b', ''],
    ['of a file', { 'pyproject.toml': PROJECT, 'a/b/main.mjs': '' }, 'a/b/main.mjs', ''],
    ['a requirements file', { 'a/requirements/base.txt': '', 'a/b/main.mjs': '' }, 'a/b', 'a'],
    [
      'past a pyproject.toml of other tools',
      { 'pyproject.toml': PROJECT, 'a/pyproject.toml': '[tool.ruff]\n' },
      'a',
      '',
    ],
    [
      'at the root of the repository',
      { 'repo/.git/HEAD': '', 'repo/pyproject.toml': PROJECT, 'repo/a/x': '' },
      'repo/a',
      'repo',
    ],
    ['not above it', { 'pyproject.toml': PROJECT, 'repo/.git/HEAD': '', 'repo/a/x': '' }, 'repo/a', undefined],
    [
      'not above a work tree',
      { 'pyproject.toml': PROJECT, 'repo/.git': 'gitdir: x', 'repo/a/x': '' },
      'repo/a',
      undefined,
    ],
    ['none', { 'a/x': '' }, 'a', undefined],
    ['for a folder that is not there', { 'pyproject.toml': PROJECT }, 'none/none', ''],
  ])('%s', async (_, files, start, expected) => {
    const folder = temporaryTree(files)
    expect(await findProject(join(folder, start))).toBe(expected === undefined ? undefined : join(folder, expected))
  })
})

test('E: what lies in the home folder is found from there alone', async () => {
  const home = temporaryTree({ 'pyproject.toml': PROJECT, 'a/x': '' })
  expect(await findProject(join(home, 'a'), { home })).toBeUndefined()
  expect(await findProject(home, { home })).toBe(home)
})

test('E: what anybody may have put into a shared folder is not taken from below it', async () => {
  const shared = temporaryTree({ 'pyproject.toml': PROJECT, '.git/HEAD': '', 'a/x': '' })
  chmodSync(shared, 0o1777)
  expect(await findProject(join(shared, 'a'))).toBeUndefined()
  expect(await findProject(shared)).toBe(shared)
})

test('E: links that lead in a circle are nothing', async () => {
  const folder = temporaryTree({ 'pyproject.toml': PROJECT })
  mkdirSync(join(folder, 'a'))
  symlinkSync('loop', join(folder, 'a/loop'))
  symlinkSync('..', join(folder, 'a/up'))
  symlinkSync('pyproject.toml', join(folder, 'a/pyproject.toml'))
  symlinkSync('.git', join(folder, 'a/.git'))
  expect(await findProject(join(folder, 'a/loop/x'))).toBe(folder)
  expect(await findProject(join(folder, 'a/up/a/up'))).toBe(join(folder, 'a/up/a/up'))
})

test('E: a file on the way that is not what it should be is named', async () => {
  const folder = temporaryTree({ 'pyproject.toml': PROJECT, 'a/pyproject.toml': '[project\n' })
  await expect(findProject(join(folder, 'a'))).rejects.toThrow(join(folder, 'a/pyproject.toml'))
})
