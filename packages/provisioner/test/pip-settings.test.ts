import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readPipSettings, unusedPipSettings } from '../src/pip-settings.js'
import { temporaryFolder } from './fixtures/folders.js'

/** A machine without configuration files, but for those the test makes. */
function machine() {
  const home = temporaryFolder()
  const env = { HOME: home, XDG_CONFIG_DIRS: join(home, 'xdg'), PIP_CONFIG_FILE: '/dev/null' }
  return { home, env, read: (more: Record<string, string> = {}) => readPipSettings({ ...env, ...more }, home) }
}

describe('E: what decides where packages come from is in the key', () => {
  test('nothing set says nothing', async () => {
    expect(await machine().read()).toEqual(unusedPipSettings)
  })

  test('index addresses without their logins, and whether there was one', async () => {
    const { read } = machine()
    const { install } = await read({
      PIP_INDEX_URL: 'https://user:one@host.example/simple/',
      PIP_EXTRA_INDEX_URL: 'https://a.example/ https://token@b.example/',
    })
    expect(install.index).toEqual({ url: 'https://host.example/simple/', auth: true })
    expect(install.extraIndex).toEqual([
      { url: 'https://a.example/', auth: false },
      { url: 'https://b.example/', auth: true },
    ])
    const other = await read({ PIP_INDEX_URL: 'https://user:two@host.example/simple/' })
    expect(other.install.index).toEqual(install.index)
  })

  test('switches', async () => {
    const { install } = await machine().read({ PIP_NO_INDEX: '1', PIP_PRE: 'true', PIP_REQUIRE_HASHES: 'yes' })
    expect(install).toMatchObject({ noIndex: true, pre: true, hashes: 'require' })
    const off = await machine().read({ PIP_NO_INDEX: '0', PIP_PRE: 'false' })
    expect(off.install).toMatchObject({ noIndex: false, pre: false, hashes: 'none' })
  })

  test('a folder of packages by names, sizes and times', async () => {
    const { home, read } = machine()
    mkdirSync(join(home, 'links'))
    const file = join(home, 'links', 'a.whl')
    writeFileSync(file, 'one')
    const links = async (place: string) => (await read({ PIP_FIND_LINKS: place })).install.findLinks
    const before = await links('links')
    expect(before).toEqual([{ path: join(home, 'links'), sha256: expect.stringMatching(/^sha256:/) }])
    expect(await links(`file://${join(home, 'links')}`)).toEqual(before)
    expect(await links('~/links')).toEqual(before)
    utimesSync(file, 1, 1)
    expect(await links('links')).not.toEqual(before)
    expect(await links('https://user:pw@host.example/links/')).toMatchObject([{ path: 'https://@host.example/links/' }])
  })

  test('constraints by their content', async () => {
    const { home, read } = machine()
    writeFileSync(join(home, 'limits.txt'), 'six<2\n')
    const before = (await read({ PIP_CONSTRAINT: 'limits.txt' })).install.constraints
    expect(before).toHaveLength(1)
    writeFileSync(join(home, 'limits.txt'), 'six<3\n')
    expect((await read({ PIP_CONSTRAINT: 'limits.txt' })).install.constraints).not.toEqual(before)
    await expect(read({ PIP_CONSTRAINT: 'absent.txt' })).rejects.toMatchObject({ code: 'ERR_PYFERRY_SOURCE_MISSING' })
  })

  test('configuration files by their content, without their logins; the null device turns them off', async () => {
    const { home, env } = machine()
    const named = join(home, 'mine.conf')
    const read = (password: string, PIP_CONFIG_FILE: string) => {
      writeFileSync(named, `[global]\nindex-url = https://user:${password}@host.example/\n`)
      return readPipSettings({ ...env, PIP_CONFIG_FILE }, home)
    }
    const one = await read('one', named)
    expect(one.configFiles.at(-1)).toEqual({ role: 'config', sha256: expect.stringMatching(/^sha256:/) })
    expect(await read('two', named)).toEqual(one)
    expect((await read('one', '/dev/null')).configFiles).toEqual([])
  })
})
