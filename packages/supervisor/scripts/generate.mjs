// Embeds the Python side of the worker as strings, so that a bundled application needs no loose file at run time.
//
//     node generate.mjs [<python sources>] [<file to write>]
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const fromHere = (path) => fileURLToPath(new URL(path, import.meta.url))
const [sources = fromHere('../../../python/src'), target = fromHere('../src/generated/worker-files.ts')] =
  process.argv.slice(2)

const files = readWorkerFiles(sources)
const text = `${[
  "/** The worker's Python sources by their path, with forward slashes, below the folder they are written to. */",
  `export const workerFiles: Readonly<Record<string, string>> = ${JSON.stringify(files, null, 2)}`,
  '',
  '/** 32 hex digits over the names and contents above: the same files have the same digest, whoever built them. */',
  `export const workerFilesDigest: string = '${digestOf(files)}'`,
].join('\n')}\n`

// Left alone when nothing changed, and replaced by rename: whoever watches or compiles at the same time sees a whole file.
if (!existsSync(target) || readFileSync(target, 'utf8') !== text) {
  mkdirSync(dirname(target), { recursive: true })
  const temporary = `${target}.${process.pid}.tmp`
  writeFileSync(temporary, text)
  renameSync(temporary, target)
}

/** `boot.py` and the package `pyferry`, sorted by path; nothing else that lies in the folder is shipped. */
function readWorkerFiles(folder) {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.py'))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => path === 'boot.py' || path.startsWith('pyferry/'))
    .sort()
  // Text, because a checkout on Windows may have CRLF: the digest must not depend on where the package was built.
  return Object.fromEntries(
    paths.map((path) => [path, readFileSync(join(folder, path), 'utf8').replaceAll('\r\n', '\n')]),
  )
}

function digestOf(files) {
  return createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 32)
}
