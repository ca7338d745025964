import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { explainSystemError, isDirectoryItself, removeTree, tryReadJson, writeWhole } from '../src/files.js'
import { temporaryFolder } from './fixtures/folders.js'

describe('writeWhole', () => {
  test('E: replaces a file, private, leaving nothing else', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'a.json')
    await writeWhole(path, '1')
    await writeWhole(path, '2')
    expect(readFileSync(path, 'utf8')).toBe('2')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(['a.json'])
  })

  test('E: that fails leaves nothing', async () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'taken', 'x'), { recursive: true })
    await expect(writeWhole(join(folder, 'taken'), '1')).rejects.toThrow()
    expect(readdirSync(folder)).toEqual(['taken'])
  })
})

test.each([
  ['ENOSPC', 'ERR_PYFERRY_DISK_FULL'],
  ['EDQUOT', 'ERR_PYFERRY_DISK_FULL'],
  ['EACCES', 'ERR_PYFERRY_PERMISSION_DENIED'],
  ['EPERM', 'ERR_PYFERRY_PERMISSION_DENIED'],
  ['EROFS', 'ERR_PYFERRY_HOME_READ_ONLY'],
])("E: the system's %s is %s, naming the path", (errno, code) => {
  const cause = Object.assign(new Error('system'), { code: errno })
  expect(explainSystemError(cause, '/x')).toMatchObject({
    code,
    cause,
    facts: { path: '/x' },
    message: expect.stringContaining('/x'),
  })
})

test('E: an error that is none of these is not explained', () => {
  expect(explainSystemError(Object.assign(new Error('system'), { code: 'EIO' }), '/x')).toBeUndefined()
  expect(explainSystemError(new TypeError('bug'), '/x')).toBeUndefined()
})

test('E: what is absent or not JSON reads as undefined', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'half.json'), '{"a":')
  expect(await tryReadJson(join(folder, 'half.json'))).toBeUndefined()
  expect(await tryReadJson(join(folder, 'absent.json'))).toBeUndefined()
  expect(await tryReadJson(join(folder, 'half.json', 'below'))).toBeUndefined()
})

test('V-15: a link is removed, not what it leads to, and is no folder itself', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'real', 'inner'), { recursive: true })
  symlinkSync(join(folder, 'real'), join(folder, 'link'))
  expect(await isDirectoryItself(join(folder, 'link'))).toBe(false)
  await removeTree(join(folder, 'link'))
  expect(readdirSync(folder)).toEqual(['real'])
  expect(readdirSync(join(folder, 'real'))).toEqual(['inner'])
})
