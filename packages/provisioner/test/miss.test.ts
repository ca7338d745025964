import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { computeKey, type KeyDocument } from '../src/key.js'
import { explainMiss } from '../src/miss.js'
import { openHome, type Place } from '../src/place.js'
import { temporaryFolder } from './fixtures/folders.js'

const before: KeyDocument = {
  schema: 1,
  backend: 'venv-pip',
  platform: { os: 'linux', arch: 'x86_64', libc: 'glibc-2.36' },
  python: { impl: 'cpython', version: '3.13.0', soabi: 'cpython-313-x86_64-linux-gnu', prefix: '/opt/python/3.13.0' },
  source: {
    kind: 'inline',
    files: [],
    packages: ['six==1.16.0', 'tiny'],
    extras: [],
    groups: [],
    project: 'none',
    local: [],
  },
  install: {
    index: null,
    extraIndex: [],
    findLinks: [],
    noIndex: false,
    strategy: 'first-index',
    hashes: 'none',
    build: 'allow',
    pre: false,
    excludeNewer: null,
    constraints: [],
  },
  venv: { withPip: false, systemSite: false },
  extra: { tenant: 'a' },
}

/** Another value for every field of a document, by its path. The kind of a source is another question rather than a change. */
const changes: Record<string, unknown> = {
  backend: 'uv-pip',
  'platform.os': 'darwin',
  'platform.arch': 'aarch64',
  'platform.libc': 'musl-1.2',
  'python.impl': 'pypy',
  'python.version': '3.13.1',
  'python.soabi': 'cpython-313t-x86_64-linux-gnu',
  'python.prefix': '/usr',
  'source.files': [{ role: 'config', sha256: 'sha256:00' }],
  'source.packages': ['six==1.17.0', 'tiny'],
  'source.extras': ['fast'],
  'source.groups': ['dev'],
  'source.project': 'wheel',
  'source.local': [{ path: '/x', fingerprint: 'y' }],
  'install.index': { url: 'https://index.example/', auth: true },
  'install.extraIndex': [{ url: 'https://index.example/', auth: false }],
  'install.findLinks': [{ path: '/links', sha256: 'sha256:00' }],
  'install.noIndex': true,
  'install.strategy': 'unsafe-best-match',
  'install.hashes': 'require',
  'install.build': ['six'],
  'install.pre': true,
  'install.excludeNewer': '2026-01-01',
  'install.constraints': ['six<2'],
  'venv.withPip': true,
  'venv.systemSite': true,
  'extra.tenant': 'b',
}

/** A home in which environments of these documents are. */
async function homeOf(...documents: KeyDocument[]): Promise<Place> {
  const home = temporaryFolder()
  for (const document of documents) {
    const folder = join(home, 'e', computeKey(document).id)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'spec.json'), JSON.stringify(document))
  }
  return await openHome({ path: home })
}

function change(document: KeyDocument, ...paths: string[]): KeyDocument {
  const changed = structuredClone(document) as unknown as Record<string, Record<string, unknown>>
  for (const path of paths) {
    const [first = '', second] = path.split('.')
    if (second === undefined) Object.assign(changed, { [first]: changes[path] })
    else Object.assign(changed[first] as object, { [second]: changes[path] })
  }
  return changed as unknown as KeyDocument
}

const explain = (place: Place, document: KeyDocument) => explainMiss(place, { key: computeKey(document), document })

test('I7: a change of any one input is named', async () => {
  const fields = Object.entries(before).flatMap(([name, value]) =>
    typeof value === 'object' ? Object.keys(value as object).map((each) => `${name}.${each}`) : [name],
  )
  expect(Object.keys(changes).sort()).toEqual(fields.filter((each) => !['schema', 'source.kind'].includes(each)).sort())
  const place = await homeOf(before)
  for (const field of Object.keys(changes)) {
    const reason = /^(?:python|platform)\./.test(field) ? 'python-changed' : 'input-changed'
    const comparedWith = computeKey(before).id
    expect(await explain(place, change(before, field))).toEqual({ reason, changed: [field], comparedWith })
  }
})

test('I7: of several environments the nearest is what it is compared with', async () => {
  const near = change(before, 'venv.withPip')
  const place = await homeOf(before, near)
  expect(await explain(place, change(near, 'python.version'))).toEqual({
    reason: 'python-changed',
    changed: ['python.version'],
    comparedWith: computeKey(near).id,
  })
})

test('I7: what is another question rather than a change of one is absent', async () => {
  const place = await homeOf(before)
  const other = { ...before, source: { ...before.source, packages: ['numpy'] } }
  expect(await explain(place, other)).toEqual({ reason: 'absent', changed: [] })
  const far = change(before, 'backend', 'venv.withPip', 'install.pre', 'python.version')
  expect(await explain(place, far)).toEqual({ reason: 'absent', changed: [] })
  expect(await explain(await homeOf(), before)).toEqual({ reason: 'absent', changed: [] })
})
