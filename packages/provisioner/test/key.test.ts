import { describe, expect, test } from 'vitest'
import { canonicalJson } from '../src/canonical-json.js'
import { computeKey, type KeyDocument, listChangedFields } from '../src/key.js'

const textOfA =
  '{"backend":"venv-pip","extra":{},"install":{"build":"allow","constraints":[],"excludeNewer":null,"extraIndex":[],"findLinks":[],"hashes":"none","index":null,"noIndex":false,"pre":false,"strategy":"first-index"},"platform":{"arch":"x86_64","libc":"glibc-2.36","os":"linux"},"python":{"impl":"cpython","prefix":"/opt/python/3.13.0","soabi":"cpython-313-x86_64-linux-gnu","version":"3.13.0"},"schema":1,"source":{"extras":[],"files":[],"groups":[],"kind":"inline","local":[],"packages":["six==1.16.0"],"project":"none"},"venv":{"systemSite":false,"withPip":false}}'

const pythonOf = ({ python }: KeyDocument) => python as NonNullable<KeyDocument['python']>

const documentA = (): KeyDocument => JSON.parse(textOfA)

function documentB(): KeyDocument {
  const document = documentA()
  document.install.index = { auth: true, url: 'https://pkgs.example.com/simple/' }
  document.source.kind = 'requirements'
  document.source.packages = []
  document.source.files = [
    {
      role: 'requirements',
      sha256: 'sha256:0da178fba21a6debdac12539bf4943dc2cac92493381edfeeb9f5bbea8a14b7e',
    },
  ]
  return document
}

describe('computeKey', () => {
  test('E: vector A has its digest and id', () => {
    expect(canonicalJson(JSON.parse(textOfA))).toBe(textOfA)
    expect(computeKey(documentA())).toEqual({
      digest: 'sha256:1d5b0958602821ed775454e6a96023bf4425b1653452430449f4eb15233ddf99',
      id: 'dvnqswdafaq6252u',
    })
  })

  test('E: vector B has its digest and id', () => {
    expect(computeKey(documentB())).toEqual({
      digest: 'sha256:f17d42d04f726ca3819f7ab0e3252c57234d3e338fe9377a56a0068cc2aadef8',
      id: '6f6ufucpojwkham7',
    })
  })

  test('E: the order in which fields were written does not matter', () => {
    const shuffled = Object.fromEntries(Object.entries(documentA()).reverse()) as unknown as KeyDocument
    expect(computeKey(shuffled)).toEqual(computeKey(documentA()))
  })

  test('E: every field of the document is in the key', () => {
    const ids = new Set<string>()
    const changes: ((document: KeyDocument) => void)[] = [
      (document) => void document,
      (document) => (document.platform.os = 'darwin'),
      (document) => (document.platform.arch = 'arm64'),
      (document) => (document.platform.libc = null),
      (document) => (pythonOf(document).version = '3.13.1'),
      (document) => (pythonOf(document).soabi = 'cpython-313t-x86_64-linux-gnu'),
      (document) => (pythonOf(document).prefix = '/usr'),
      (document) => (document.source.packages = ['six==1.16.1']),
      (document) => (document.source.local = [{ path: '/x', fingerprint: 'y' }]),
      (document) => (document.install.index = { url: 'https://a.example/', auth: false }),
      (document) => (document.install.index = { url: 'https://a.example/', auth: true }),
      (document) => (document.install.extraIndex = [{ url: 'https://a.example/', auth: false }]),
      (document) => (document.install.hashes = 'require'),
      (document) => (document.install.noIndex = true),
      (document) => (document.install.pre = true),
      (document) => (document.install.constraints = ['sha256:0']),
      (document) => (document.extra = { tenant: 'a' }),
    ]
    for (const change of changes) {
      const document = documentA()
      change(document)
      ids.add(computeKey(document).id)
    }
    expect(ids.size).toBe(changes.length)
  })
})

describe('listChangedFields', () => {
  test('E: names the fields that differ by their path', () => {
    expect(listChangedFields(documentA(), documentB())).toEqual([
      'install.index',
      'source.files',
      'source.kind',
      'source.packages',
    ])
    expect(listChangedFields(documentA(), documentA())).toEqual([])
  })

  test('E: a document that is not one differs as a whole', () => {
    expect(listChangedFields({ schema: 1 }, documentA())).toContain('python')
  })
})
