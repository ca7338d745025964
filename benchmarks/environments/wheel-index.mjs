/**
 * A package index on loopback that answers as a real one does: JSON or HTML pages with hashes, metadata beside each wheel (PEP 658), and
 * the headers that let pip and uv keep what they have fetched. A process of its own, so that serving takes nothing from what is
 * measured: `node wheel-index.mjs <folder of wheels>` prints its URL and ends with its input.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { findPython } from '../python.mjs'

const METADATA_SCRIPT = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    name = next(each for each in wheel.namelist() if each.endswith(".dist-info/METADATA"))
    sys.stdout.buffer.write(wheel.read(name))
`

/** As the index of everybody has them. */
const PAGE_HEADERS = { 'Cache-Control': 'max-age=600, public' }
const FILE_HEADERS = { 'Cache-Control': 'max-age=365000000, immutable, public', 'Content-Type': 'binary/octet-stream' }

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

const folder = process.argv[2]
const wheels = readdirSync(folder)
  .filter((name) => name.endsWith('.whl'))
  .map((fileName) => {
    const path = join(folder, fileName)
    const bytes = readFileSync(path)
    const metadata = execFileSync(findPython(), ['-c', METADATA_SCRIPT, path])
    const project = fileName
      .split('-')[0]
      .replaceAll(/[-_.]+/g, '-')
      .toLowerCase()
    return { fileName, project, bytes, metadata }
  })

const server = createServer(({ url, headers }, response) => {
  const [, kind, name] = url.split('/')
  if (kind === 'files') return respondFile(name, headers, response)
  const found = wheels.filter(({ project }) => project === name)
  const type = 'application/vnd.pypi.simple.v1+json'
  const isJson = headers.accept?.includes(type) === true
  const text = isJson ? jsonPage(name, found) : htmlPage(found)
  const tag = `"${sha256(text)}"`
  const more = { ...PAGE_HEADERS, ETag: tag, Vary: 'Accept', 'Content-Type': isJson ? type : 'text/html' }
  if (headers['if-none-match'] === tag) response.writeHead(304, more).end()
  else response.writeHead(found.length > 0 ? 200 : 404, more).end(text)
})

server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/simple/`))
process.stdin.resume().once('end', () => process.exit())

function respondFile(name, headers, response) {
  const wheel = wheels.find(({ fileName }) => fileName === name.replace(/\.metadata$/, ''))
  const bytes = name.endsWith('.metadata') ? wheel?.metadata : wheel?.bytes
  if (bytes === undefined) return response.writeHead(404).end()
  const range = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '')
  const more = { ...FILE_HEADERS, ETag: `"${sha256(bytes)}"`, 'Accept-Ranges': 'bytes' }
  if (!range) return response.writeHead(200, { ...more, 'Content-Length': bytes.length }).end(bytes)
  const part = bytes.subarray(Number(range[1]), range[2] ? Number(range[2]) + 1 : undefined)
  const place = `bytes ${range[1]}-${Number(range[1]) + part.length - 1}/${bytes.length}`
  response.writeHead(206, { ...more, 'Content-Length': part.length, 'Content-Range': place }).end(part)
}

function htmlPage(found) {
  const links = found.map(
    ({ fileName, bytes, metadata }) =>
      `<a href="/files/${fileName}#sha256=${sha256(bytes)}" data-core-metadata="sha256=${sha256(metadata)}">${fileName}</a>`,
  )
  return `<!DOCTYPE html><html><body>${links.join('\n')}</body></html>`
}

function jsonPage(name, found) {
  const files = found.map(({ fileName, bytes, metadata }) => ({
    filename: fileName,
    url: `/files/${fileName}`,
    size: bytes.length,
    hashes: { sha256: sha256(bytes) },
    'upload-time': '2026-01-01T00:00:00Z',
    'core-metadata': { sha256: sha256(metadata) },
  }))
  return JSON.stringify({ meta: { 'api-version': '1.1' }, name, versions: [], files })
}
