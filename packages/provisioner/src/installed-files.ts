/** Whether the files of an environment are what their installers recorded: every `RECORD`, by size and by hash. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { isAbsent, listNames, tryRead } from './files.js'

export interface FileProblem {
  /** Below the prefix. */
  path: string
  problem: 'missing' | 'size' | 'hash'
}

/** More tell nothing new. */
const MOST_PROBLEMS = 20

/**
 * Look at every file of every package. Compiled modules are left out: Python makes and replaces them.
 *
 * @returns the first problems; none when all is well
 */
export async function findFileProblems(prefix: string, signal: AbortSignal): Promise<FileProblem[]> {
  const problems: FileProblem[] = []
  for (const folder of await listSitePackages(prefix)) {
    for (const name of await listNames(folder)) {
      if (!name.endsWith('.dist-info')) continue
      for (const row of parseRecord((await tryRead(join(folder, name, 'RECORD'))) ?? '')) {
        signal.throwIfAborted()
        const path = resolve(folder, row.path)
        const problem = await findProblem(path, row)
        if (problem)
          problems.push({ path: path.startsWith(prefix + sep) ? path.slice(prefix.length + 1) : path, problem })
        if (problems.length === MOST_PROBLEMS) return problems
      }
    }
  }
  return problems
}

interface RecordRow {
  path: string
  /** Of SHA-256, as URLs have base 64; empty for the record itself. */
  sha256: string
  size: number | undefined
}

/** The format of installed projects' records: `path,sha256=<hash>,<size>`, quoted as CSV has it. */
export function parseRecord(text: string): RecordRow[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const [, quoted, plain, hash, size] = /^(?:"((?:[^"]|"")*)"|([^,]*)),([^,]*),([^,]*)$/.exec(line) ?? []
    const path = quoted?.replaceAll('""', '"') ?? plain
    if (!path || path.endsWith('.pyc')) return []
    return [{ path, sha256: /^sha256=(.*)$/.exec(hash ?? '')?.[1] ?? '', size: size ? Number(size) : undefined }]
  })
}

async function findProblem(path: string, { sha256, size }: RecordRow): Promise<FileProblem['problem'] | undefined> {
  try {
    const found = await stat(path)
    if (size !== undefined && found.size !== size) return 'size'
    if (sha256 !== '' && (await hashOf(path)) !== sha256) return 'hash'
    return undefined
  } catch (error) {
    if (isAbsent(error)) return 'missing'
    throw error
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('base64url')
}

async function listSitePackages(prefix: string): Promise<string[]> {
  if (process.platform === 'win32') return [join(prefix, 'Lib', 'site-packages')]
  const names = (await listNames(join(prefix, 'lib'))).filter((name) => /^(?:python|pypy)\d/.test(name))
  return names.map((name) => join(prefix, 'lib', name, 'site-packages'))
}
