/**
 * I5: no secret in argv, key, stamp, spec, log, event, error. Every password of this file has one word in it, and that word is looked
 * for in everything that comes out, while packages print whatever they were given.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { type EnvironmentSpec, type ProvisionEvent, Provisioner } from '../src/index.js'
import * as runModule from '../src/run.js'
import { temporaryFolder } from './fixtures/folders.js'
import { type PackageIndex, startPackageIndex, withLogin } from './fixtures/package-index.js'
import { usePipSettings } from './fixtures/pip-settings.js'
import { testPython } from './fixtures/pythons.js'
import { testUv } from './fixtures/uv.js'
import { makeSource, makeWheel } from './fixtures/wheels.js'

const SECRET = 'S3CRET'
const secrets: string[] = []

/** A login of its own for each place; what is written in URLs with a percent sign is printed without. */
function login(place: string): { user: string; password: string } {
  const password = `${SECRET}%2F${place}`
  secrets.push(password, password.replace('%2F', '/'))
  return { user: 'user', password }
}

const tiny = makeWheel({ name: 'tiny', version: '1.0' })

/** Prints everything it has been given, and each value once more decoded. */
const CHATTY = `
import os, shutil, sys, urllib.parse
for name, value in os.environ.items():
    print(name, value, urllib.parse.unquote(value), file=sys.stderr)
print(sys.argv, sys.path)
if "FAIL" in os.environ: raise SystemExit("as it was told to")
def build_wheel(folder, settings=None, metadata=None):
    shutil.copy(os.environ["WHEEL"], folder)
    return os.path.basename(os.environ["WHEEL"])
`

interface Place {
  home: string
  index: PackageIndex
  spec: EnvironmentSpec
  provisioner: Provisioner
  events: ProvisionEvent[]
}

let index: PackageIndex
beforeEach(async () => {
  const chatty = makeSource('chatty', '1.0', CHATTY, ['tiny'])
  index = await startPackageIndex([
    { project: 'tiny', ...tiny },
    { project: 'chatty', ...chatty },
  ])
})
afterEach(async () => {
  await index.close()
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

/** Logins wherever a login can be given to `backend`. */
function makePlace(backend: 'venv-pip' | 'uv'): Place {
  const folder = temporaryFolder()
  const url = (place: string) => withLogin(index.url('ok'), login(place))
  usePipSettings({ PIP_INDEX_URL: url('variable'), PIP_EXTRA_INDEX_URL: url('extra-variable') })
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'))
  vi.stubEnv('UV_INDEX', `private=${index.url('ok')}`)
  vi.stubEnv('UV_INDEX_PRIVATE_USERNAME', 'user')
  vi.stubEnv('UV_INDEX_PRIVATE_PASSWORD', login('named-index').password)
  const wheel = makeWheel({ name: 'chatty', version: '1.0' })
  vi.stubEnv('WHEEL', join(folder, wheel.fileName))
  writeFileSync(join(folder, wheel.fileName), wheel.bytes)
  const requirementsFile = join(folder, 'requirements.txt')
  const file = `${withLogin(index.origin, login('requirement'))}/ok/files/${tiny.fileName}`
  writeFileSync(requirementsFile, `--extra-index-url ${url('file')}\ntiny @ ${file}\nchatty==1.0\n`)
  const spec: EnvironmentSpec = {
    python: testPython,
    backend,
    requirementsFile,
    index: url('option'),
    extraIndexes: [url('extra-option')],
    env: { set: { UV_INDEX_PRIVATE_PASSWORD: login('set').password } },
  }
  const home = join(folder, 'home')
  const options = { home, ...(backend === 'uv' && { uvPath: testUv() }) }
  return { home, index, spec, provisioner: new Provisioner(options), events: [] }
}

/** Look at everything that comes out while `work` is done, and at what it leaves. @returns where a secret was, and what it was */
async function findLeaks(place: Place, work: () => Promise<unknown>): Promise<string[]> {
  const commands = vi.spyOn(runModule, 'run')
  const helpers = vi.spyOn(runModule, 'startHelper')
  const seen = watchCommandLines()
  const outcome = await work().catch((error) => error)
  const texts: [where: string, text: string][] = [
    ['outcome', inspect(outcome, { depth: 30, showHidden: true, maxStringLength: null, maxArrayLength: null })],
    ['stack', String((outcome as Error | undefined)?.stack)],
    ['events', JSON.stringify(place.events)],
    [
      'our commands',
      JSON.stringify([...commands.mock.calls, ...helpers.mock.calls].map(([{ file, args }]) => [file, args])),
    ],
    ...[...seen].map((line): [string, string] => ['process', line]),
    ...listFiles(place.home).map((path): [string, string] => [path, readFileSync(path, 'latin1')]),
  ]
  return texts.flatMap(([where, text]) => describeLeaks(where, text))
}

function describeLeaks(where: string, text: string): string[] {
  const encoded = secrets.map((secret) => Buffer.from(`user:${secret}`).toString('base64'))
  const at = [SECRET, ...encoded].map((word) => text.indexOf(word)).filter((each) => each >= 0)
  return at.map((each) => `${where}: …${text.slice(Math.max(0, each - 80), each + 40)}…`)
}

/** The arguments of every process on the machine, as often as can be looked: also of those that installers start. */
function watchCommandLines(): Set<string> {
  const lines = new Set<string>()
  const look = () => {
    for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
      try {
        const line = readFileSync(`/proc/${name}/cmdline`, 'utf8')
        if (line.includes(SECRET)) lines.add(line.replaceAll('\0', ' '))
      } catch {
        // It has ended.
      }
    }
  }
  const timer = process.platform === 'linux' ? setInterval(look, 20) : undefined
  onTestFinished(() => clearInterval(timer))
  return lines
}

function listFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
}

describe.each(['venv-pip', 'uv'] as const)('I5: by %s', (backend) => {
  test.each([
    ['works', {}],
    ['fails', { FAIL: '1' }],
  ])('no secret comes out of a build that prints all it was given, and %s', async (_, variables) => {
    const place = makePlace(backend)
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value)
    const onEvent = (event: ProvisionEvent) => place.events.push(event)
    const leaks = await findLeaks(place, () => place.provisioner.ensure(place.spec, { onEvent }))
    // It has been there, and has been printed.
    if (backend === 'venv-pip' || 'FAIL' in variables) expect(JSON.stringify(place.events)).toContain('***')
    expect(leaks).toEqual([])
  })
})

test.each<[title: string, spec: object]>([
  ['of another kind', { index: `ftp://user:${SECRET}@host.example/` }],
  ['with a blank in it', { index: `https://user:${SECRET} word@host.example/` }],
  ['with a slash in it', { extraIndexes: [`htt://user:${SECRET}/word@host.example/`] }],
  ['where a list belongs', { extraIndexes: `https://user:${SECRET}@host.example/` }],
  ['that is long', { requirements: `x @ https://user:${SECRET}${'x'.repeat(200)}@host.example/` }],
  ['in a requirement', { requirements: [`x @ https://user:${SECRET}@host.example/x.whl`] }],
  ['under a wrong name', { indexUrl: `https://user:${SECRET}@host.example/` }],
])('I5: the error of an address %s does not repeat its login', async (_, spec) => {
  const error = await new Provisioner().ensure(spec).catch((thrown) => thrown)
  expect(error).toBeInstanceOf(Error)
  expect(describeLeaks('error', inspect(error, { depth: 30, showHidden: true, maxStringLength: null }))).toEqual([])
})
