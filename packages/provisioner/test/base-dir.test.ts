import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { claimBaseDir, removeBaseDir } from '../src/index.js'
import { temporaryFolder } from './fixtures/folders.js'
import { bundle, startHost } from './fixtures/host.js'

/** Nobody's, or at least not ours. */
const OTHER_USER = 65_534

describe('V-2: a baseDir that cannot be used says why', () => {
  test('a file', async () => {
    const baseDir = join(temporaryFolder(), 'file')
    writeFileSync(baseDir, 'x')
    for (const path of [baseDir, join(baseDir, 'below')]) {
      await expect(claimBaseDir(path)).rejects.toMatchObject({
        code: 'ERR_PYFERRY_SPEC_INVALID',
        message: `baseDir ${path} must be a folder, or absent, and is neither`,
        facts: { path },
      })
    }
    expect(readFileSync(baseDir, 'utf8')).toBe('x')
  })

  test('one that belongs to another user', async () => {
    const folder = temporaryFolder()
    const isRoot = process.geteuid?.() === 0
    // Root gives a folder away; anybody else meets one of root's.
    const path = isRoot ? folder : '/'
    if (isRoot) chownSync(folder, OTHER_USER, OTHER_USER)
    await expect(claimBaseDir(path)).rejects.toMatchObject({
      code: 'ERR_PYFERRY_HOME_UNSAFE',
      message: expect.stringContaining(`${path} must belong to this user`),
      facts: { path, expected: process.geteuid?.() },
    })
    await expect(removeBaseDir(path)).rejects.toMatchObject({ code: 'ERR_PYFERRY_HOME_UNSAFE' })
    expect(readdirSync(folder)).toEqual([])
  })

  test.each(['new', 'used'])('one that is not writable (%s)', async (state) => {
    const folder = temporaryFolder()
    const path = join(folder, 'base')
    mkdirSync(path)
    if (state === 'used') await (await claimBaseDir(path)).release()
    const script = `pyferry.claimBaseDir(${JSON.stringify(path)}).catch((error) => say('refused', error.code + ' ' + error.message))`
    const isRoot = process.geteuid?.() === 0
    if (isRoot) giveAway(folder, path)
    chmodSync(path, 0o500)
    const host = startHost(script, isRoot ? { uid: OTHER_USER } : {})
    expect(await host.said('refused')).toBe(
      `ERR_PYFERRY_PERMISSION_DENIED ${path} must be writable by this user, and is not`,
    )
    chmodSync(path, 0o700)
  })

  test.each(['{"schema":2}', '{"name":"mine"}', 'no JSON'])('one whose HOME.json says %s', async (content) => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'HOME.json'), content)
    await expect(claimBaseDir(folder)).rejects.toMatchObject({
      code: 'ERR_PYFERRY_HOME_INCOMPATIBLE',
      message: expect.stringContaining('must say "schema":1'),
    })
    await expect(removeBaseDir(folder)).rejects.toMatchObject({ code: 'ERR_PYFERRY_HOME_INCOMPATIBLE' })
    expect(readFileSync(join(folder, 'HOME.json'), 'utf8')).toBe(content)
  })

  test.each(['env', 'meta'])('one whose %s is a link, which the sweep would follow', async (name) => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'outside', 'g00000000'), { recursive: true })
    mkdirSync(join(folder, 'base'))
    symlinkSync(join(folder, 'outside'), join(folder, 'base', name))
    await expect(claimBaseDir(join(folder, 'base'))).rejects.toMatchObject({ code: 'ERR_PYFERRY_HOME_UNSAFE' })
    await removeBaseDir(join(folder, 'base'))
    expect(readdirSync(join(folder, 'outside'))).toEqual(['g00000000'])
  })
})

test('V-2: a link to a folder is resolved once', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'real'))
  symlinkSync(join(folder, 'real'), join(folder, 'link'))
  const claim = await claimBaseDir(join(folder, 'link'))
  expect(claim.baseDir).toBe(join(folder, 'real'))
  await expect(claimBaseDir(join(folder, 'real'))).rejects.toMatchObject({ code: 'ERR_PYFERRY_BASE_DIR_IN_USE' })
  await claim.release()
})

test('V-15: files that are not ours stay, wherever they are, and so do their folders', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'notes.txt'), 'mine')
  mkdirSync(join(folder, 'env', 'my-own'), { recursive: true })
  const claim = await claimBaseDir(folder)
  mkdirSync(join(folder, 'env', 'g00000000', 'bin'), { recursive: true })
  symlinkSync(join(folder, 'notes.txt'), join(folder, 'env', 'g00000000', 'bin', 'link'))
  writeFileSync(join(folder, 'meta', 'stdout.1.log'), '')
  await removeBaseDir(folder)
  await claim.release()
  expect(readdirSync(folder).sort()).toEqual(['env', 'notes.txt'])
  expect(readdirSync(join(folder, 'env'))).toEqual(['my-own'])
  expect(readFileSync(join(folder, 'notes.txt'), 'utf8')).toBe('mine')
})

test('V-15: removing what is not there, or not ours, does nothing', async () => {
  const folder = temporaryFolder()
  await removeBaseDir(join(folder, 'absent'))
  mkdirSync(join(folder, 'theirs', 'env', 'g00000000'), { recursive: true })
  await removeBaseDir(join(folder, 'theirs'))
  expect(existsSync(join(folder, 'theirs', 'env', 'g00000000'))).toBe(true)
})

/** The other user must be able to reach the folder and the bundle. */
function giveAway(folder: string, path: string): void {
  chmodSync(folder, 0o755)
  chmodSync(join(bundle, '..'), 0o755)
  chownSync(path, OTHER_USER, OTHER_USER)
  for (const name of readdirSync(path, { recursive: true })) chownSync(join(path, String(name)), OTHER_USER, OTHER_USER)
}
