/**
 * What executables said of themselves, each kept by what the disk shows of it: nothing is started for what is known. One small file
 * for each, so that programs that learn at the same time take nothing from each other.
 */
import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Candidate } from './candidates.js'
import { explainSystemError, parseJson, readNow, writeWhole } from './files.js'

export type ProbeKind = 'python' | 'uv' | 'pixi'

export interface ProbeCache {
  /** What it said, when it is still the same file; never of a shim, which may stand for another each time. */
  recall<T>(kind: ProbeKind, candidate: Candidate): Promise<T | undefined>
  /** Keep what it said. A folder that cannot be written is no error: it is asked again. */
  remember<T>(kind: ProbeKind, candidate: Candidate, answer: T): Promise<void>
}

interface Entry {
  schema: 1
  kind: ProbeKind
  path: string
  realPath: string
  size: number
  mtimeMs: number
  answer: unknown
}

export function openProbeCache(folder: string): ProbeCache {
  const fileOf = (kind: ProbeKind, { path }: Candidate) => {
    const hash = createHash('sha256').update(`${kind}\0${path}`).digest('hex')
    return join(folder, `${hash.slice(0, 16)}.json`)
  }
  return {
    async recall<T>(kind: ProbeKind, candidate: Candidate) {
      if (candidate.isShim) return undefined
      const entry = readEntry(fileOf(kind, candidate))
      return entry && isOf(entry, kind, candidate) ? (entry.answer as T) : undefined
    },
    async remember(kind, candidate, answer) {
      if (candidate.isShim) return
      const { path, realPath, size, mtimeMs } = candidate
      const entry: Entry = { schema: 1, kind, path, realPath, size, mtimeMs, answer }
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        await writeWhole(fileOf(kind, candidate), `${JSON.stringify(entry)}\n`)
      } catch (error) {
        if (!explainSystemError(error, folder)) throw error
      }
    },
  }
}

function readEntry(file: string): Entry | undefined {
  const text = readNow(file)
  return text === undefined ? undefined : (parseJson(text) as Entry | undefined)
}

function isOf(entry: Entry, kind: ProbeKind, { path, realPath, size, mtimeMs }: Candidate): boolean {
  return (
    entry.schema === 1 &&
    entry.kind === kind &&
    entry.path === path &&
    entry.realPath === realPath &&
    entry.size === size &&
    entry.mtimeMs === mtimeMs
  )
}
