/** The index and the proxy that other tests rely on, asked by the real tools. */
import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from './fixtures/folders.js'
import { proxyVariables, startIndexProxy } from './fixtures/index-proxy.js'
import { type IndexFile, indexAuthority, startPackageIndex, withLogin } from './fixtures/package-index.js'
import { runPython, testPython } from './fixtures/pythons.js'
import { testPip, uvEnvironment } from './fixtures/tool-runs.js'
import { testUv } from './fixtures/uv.js'
import { makeWheel } from './fixtures/wheels.js'

const files: readonly IndexFile[] = [
  { project: 'tiny', ...makeWheel({ name: 'tiny', version: '1.0' }) },
  { project: 'tiny', ...makeWheel({ name: 'tiny', version: '2.0' }), uploadTime: '2022-01-01T00:00:00Z' },
]

describe('the index', () => {
  test('asks for a login, and serves who has it in the URL', async () => {
    const index = await startIndex()
    expect((await fetch(index.url('login'))).headers.get('www-authenticate')).toContain('Basic')
    const withPip = await makePlace()
    const options = ['--disable-pip-version-check', '--index-url', withLogin(index.url('login'))]
    await withPip.run(withPip.python, ['-I', join(testPip, 'pip'), 'install', ...options, 'tiny'])
    expect(withPip.version()).toBe('2.0')
    const withUv = await makePlace()
    await withUv.install(withLogin(index.url('login')))
    expect(withUv.version()).toBe('2.0')
  })

  test('serves metadata beside the file, so that nothing else is fetched to resolve', async () => {
    const index = await startIndex()
    await (await makePlace()).install(index.url('ok'), '--dry-run')
    expect(index.requests).toEqual(['/ok/tiny/', '/ok/files/tiny-2.0-py3-none-any.whl.metadata'])
  })

  test('tells when a file was uploaded', async () => {
    const place = await makePlace()
    await place.install((await startIndex()).url('ok'), '--exclude-newer', '2021-01-01')
    expect(place.version()).toBe('1.0')
  })

  test('serves files slowly, and whole', async () => {
    const index = await startIndex()
    const response = await fetch(`${index.url('slow')}files/${files[0]?.fileName}`)
    const pieces: Uint8Array[] = []
    for await (const piece of response.body ?? []) pieces.push(piece)
    expect(pieces.length).toBeGreaterThan(1)
    expect(Buffer.concat(pieces)).toEqual(files[0]?.bytes)
  })
})

describe('the proxy', () => {
  test('that works passes on what it is asked for, and has counted it', async () => {
    const index = await startIndex()
    const proxy = await startIndexProxy('working')
    onTestFinished(proxy.close)
    const place = await makePlace({ ...proxyVariables(proxy.url), SSL_CERT_FILE: indexAuthority })
    await place.install(index.url('ok'))
    expect(proxy.requests).toContain(`${index.origin}/ok/tiny/`)
    await place.install(`${index.secureOrigin}/ok/`, '--reinstall', '--no-cache')
    expect(proxy.requests).toContain(new URL(index.secureOrigin).host)
  })
})

async function startIndex() {
  const index = await startPackageIndex(files)
  onTestFinished(index.close)
  return index
}

/** An environment without anything. Nothing is run synchronously while the index, which is in this process, has to answer. */
async function makePlace(variables: Readonly<Record<string, string>> = {}) {
  const folder = temporaryFolder()
  const python = join(folder, 'env', 'bin', 'python')
  const env = uvEnvironment(folder, variables)
  execFileSync(testPython, ['-I', '-m', 'venv', '--without-pip', join(folder, 'env')])
  const run = (file: string, args: readonly string[]) => promisify(execFile)(file, args, { env, cwd: folder })
  return {
    python,
    run,
    install: (index: string, ...options: string[]) =>
      run(testUv(), ['pip', 'install', '--python', python, '--index-url', index, ...options, 'tiny']),
    version: () => runPython(python, 'import tiny; print(tiny.__version__)'),
  }
}
