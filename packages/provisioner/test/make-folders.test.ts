import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeFolders } from '../src/make-folders.js'
import { mountDisk } from './fixtures/disks.js'
import { temporaryFolder } from './fixtures/folders.js'

test('E: a folder is made with its parents, private; one that is there is left', async () => {
  const folder = join(temporaryFolder(), 'a', 'b')
  await makeFolders(folder)
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  writeFileSync(join(folder, 'file'), '')
  await makeFolders(folder)
  expect(statSync(join(folder, 'file')).isFile()).toBe(true)
})

test('E: a disk that is mounted for reading only is told from a folder that is not there', async () => {
  const disk = mountDisk(1_000_000)
  mkdirSync(join(disk.path, 'there'))
  disk.makeReadOnly()
  await expect(makeFolders(join(disk.path, 'there', 'a', 'b'))).rejects.toMatchObject({ code: 'EROFS' })
  await makeFolders(join(disk.path, 'there'))
})

test('E: a file in the way is said to be one', async () => {
  const file = join(temporaryFolder(), 'file')
  writeFileSync(file, '')
  await expect(makeFolders(join(file, 'a'))).rejects.toMatchObject({ code: 'ENOTDIR' })
  await expect(makeFolders(file)).rejects.toMatchObject({ code: 'EEXIST' })
})
