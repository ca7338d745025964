import { expect, test } from 'vitest'
import { parsePipReport } from '../../src/backends/pip-report.js'

const sha = 'a'.repeat(64)
const metadata = { name: 'Foo_Bar', version: '1.0' }

test.each([
  [
    'from an index',
    { metadata, requested: true, download_info: { url: 'https://h/a.whl', archive_info: { hashes: { sha256: sha } } } },
    'index',
    sha,
  ],
  [
    'of the older form',
    { metadata, requested: true, download_info: { url: 'https://h/a.whl', archive_info: { hash: `sha256=${sha}` } } },
    'index',
    sha,
  ],
  [
    'from a URL',
    { metadata, is_direct: true, requested: true, download_info: { url: 'https://h/a.whl', archive_info: {} } },
    'url',
    null,
  ],
  [
    'from a file',
    { metadata, is_direct: true, requested: true, download_info: { url: 'file:///a.whl', archive_info: {} } },
    'path',
    null,
  ],
  [
    'from a folder',
    { metadata, is_direct: true, requested: true, download_info: { url: 'file:///a', dir_info: {} } },
    'path',
    null,
  ],
])('E: a package %s', (_, item, from, sha256) => {
  expect(parsePipReport({ version: '1', install: [item] })).toEqual([
    { name: 'foo-bar', version: '1.0', sha256, from, isRequested: true, url: item.download_info?.url ?? null },
  ])
})

test.each([undefined, null, {}, { install: 'x' }])('E: %j is no report', (report) => {
  expect(parsePipReport(report)).toBeUndefined()
})
