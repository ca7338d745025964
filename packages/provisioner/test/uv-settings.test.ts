import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { installerEnvironment } from '../src/child-environment.js'
import { readSettings } from '../src/settings.js'
import { readSource } from '../src/source.js'
import { type EnvironmentSpec, resolveSpec } from '../src/spec.js'
import { isPipAloneConfigured } from '../src/uv-settings.js'
import { temporaryFolder } from './fixtures/folders.js'

async function settingsOf(
  given: EnvironmentSpec,
  host: Record<string, string> = {},
  backend: 'uv-pip' | 'uv-sync' = 'uv-pip',
) {
  const spec = resolveSpec({ requirements: ['six'], ...given })
  const env = { XDG_CONFIG_HOME: '/nowhere', ...host }
  const source = await readSource(spec, { env: installerEnvironment(env), folder: '/', onIgnored: () => {} })
  return await readSettings(spec, backend, { host: env, source })
}

describe("E: what pip's variables say is said to uv", () => {
  test.each([
    ['PIP_INDEX_URL', 'https://a.example/', 'UV_DEFAULT_INDEX', 'https://a.example/'],
    [
      'PIP_EXTRA_INDEX_URL',
      'https://a.example/ https://b.example/',
      'UV_INDEX',
      'https://a.example/ https://b.example/',
    ],
    ['PIP_FIND_LINKS', '/a /b', 'UV_FIND_LINKS', '/a,/b'],
    ['PIP_TRUSTED_HOST', 'a.example', 'UV_INSECURE_HOST', 'a.example'],
    ['PIP_CERT', '/cert.pem', 'SSL_CERT_FILE', '/cert.pem'],
    ['PIP_PRE', '1', 'UV_PRERELEASE', 'allow'],
    ['PIP_REQUIRE_HASHES', '1', 'UV_REQUIRE_HASHES', '1'],
    ['PIP_NO_INDEX', '1', 'UV_OFFLINE', '1'],
  ])('%s', async (pip, value, uv, expected) => {
    expect((await settingsOf({}, { [pip]: value })).env[uv]).toBe(expected)
  })

  test("unless uv's own are set, which options replace in turn", async () => {
    const host = { PIP_INDEX_URL: 'https://pip.example/', UV_DEFAULT_INDEX: 'https://uv.example/' }
    expect((await settingsOf({}, host)).env.UV_DEFAULT_INDEX).toBe('https://uv.example/')
    const index = 'https://option.example/'
    const { env, install } = await settingsOf({ index }, host)
    expect(env.UV_DEFAULT_INDEX).toBe(index)
    expect(install.index).toEqual({ url: index, auth: false })
  })

  test('but not for a project with a lock file, which names its indexes itself', async () => {
    const { env } = await settingsOf({}, { PIP_INDEX_URL: 'https://pip.example/', PIP_FIND_LINKS: '/a' }, 'uv-sync')
    expect(env.UV_DEFAULT_INDEX).toBeUndefined()
    expect(env.UV_FIND_LINKS).toBeUndefined()
    const named = await settingsOf({ index: 'https://option.example/' }, {}, 'uv-sync')
    expect(named.env.UV_DEFAULT_INDEX).toBe('https://option.example/')
  })
})

describe('E: the key', () => {
  test('has the address of an index and whether there is a login, never the login', async () => {
    const host = {
      UV_INDEX: 'corp=https://corp.example/',
      UV_INDEX_CORP_USERNAME: 'me',
      UV_INDEX_CORP_PASSWORD: 's3cret',
    }
    const { install, env } = await settingsOf({ index: 'https://me:s3cret@a.example/simple/' }, host)
    expect(install.index).toEqual({ url: 'https://a.example/simple/', auth: true })
    expect(install.extraIndex).toEqual([{ url: 'https://corp.example/', auth: true }])
    expect(JSON.stringify(install)).not.toContain('s3cret')
    expect(env.UV_INDEX_CORP_PASSWORD).toBe('s3cret')
  })

  test("has the user's configuration file, which is named to uv so that no project's is read instead", async () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'uv'))
    const path = join(folder, 'uv', 'uv.toml')
    writeFileSync(path, '[[index]]\nurl = "https://me:s3cret@a.example/"\n')
    const { env, configFiles } = await settingsOf({}, { XDG_CONFIG_HOME: folder })
    expect(env.UV_CONFIG_FILE).toBe(path)
    expect(configFiles).toEqual([{ role: 'config', sha256: expect.stringMatching(/^sha256:/) }])
    writeFileSync(path, '[[index]]\nurl = "https://me:another@a.example/"\n')
    expect((await settingsOf({}, { XDG_CONFIG_HOME: folder })).configFiles).toEqual(configFiles)
  })
})

test("E: a mirror that only pip's configuration names is not passed by, though there is a uv", () => {
  const folder = temporaryFolder()
  const env = { XDG_CONFIG_HOME: folder, XDG_CONFIG_DIRS: folder, HOME: folder }
  expect(isPipAloneConfigured(env)).toBe(false)
  mkdirSync(join(folder, 'pip'))
  writeFileSync(join(folder, 'pip', 'pip.conf'), '[global]\ncert = /cert.pem\n')
  expect(isPipAloneConfigured(env)).toBe(false)
  writeFileSync(join(folder, 'pip', 'pip.conf'), '[global]\nindex-url = https://mirror.example/\n')
  expect(isPipAloneConfigured(env)).toBe(true)
  expect(isPipAloneConfigured({ ...env, UV_DEFAULT_INDEX: 'https://mirror.example/' })).toBe(false)
  expect(isPipAloneConfigured({ ...env, PIP_CONFIG_FILE: '/dev/null' })).toBe(false)
  mkdirSync(join(folder, 'uv'))
  writeFileSync(join(folder, 'uv', 'uv.toml'), '')
  expect(isPipAloneConfigured(env)).toBe(false)
})

describe("E: with ambient: 'ignore'", () => {
  test('no variable and no file has a say', async () => {
    const host = { UV_DEFAULT_INDEX: 'https://uv.example/', PIP_INDEX_URL: 'https://pip.example/' }
    const { env, install, configFiles } = await settingsOf({ ambient: 'ignore' }, host)
    expect(env).toMatchObject({ UV_NO_CONFIG: '1', PIP_CONFIG_FILE: '/dev/null' })
    expect(env.UV_DEFAULT_INDEX).toBeUndefined()
    expect(install.index).toBeNull()
    expect(configFiles).toEqual([])
  })

  test("the project's own manifest still has", async () => {
    const { env } = await settingsOf({ ambient: 'ignore' }, {}, 'uv-sync')
    expect(env.UV_NO_CONFIG).toBeUndefined()
    expect(env.XDG_CONFIG_HOME).toBe('/dev/null')
  })
})
