/**
 * What an executable said of itself, kept by what the disk shows of it, so that nothing is started for what is known.
 *
 * One small file per executable, written whole: writers at the same time lose nothing of each other's, as they would in one shared
 * file. The files are the only truth; nothing is held in memory, where it would outlive an upgrade.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Candidate } from './candidates.js'
import { errnoOf, writeWhole } from './files.js'

/** `base`: a Python to build from, and what it stands for. */
export type ProbeKind = 'base' | 'python' | 'uv' | 'pixi'

export interface ProbeCache {
  /** What `remember` was given for this very file; `undefined` when that is not known, or is not of this file any more. */
  recall<T>(kind: ProbeKind, candidate: Candidate): Promise<T | undefined>
  /** Keep an answer, which JSON can hold. A folder that cannot be written is no error: it is asked again then. */
  remember<T>(kind: ProbeKind, candidate: Candidate, answer: T): Promise<void>
}

/** Of the files. To be raised when the shape of an answer changes: an older one must not be taken for it. */
const SCHEMA = 1

/** Open the cache in `folder`, which is made when there is something to keep. A shim is never in it: what it stands for varies. */
export function openProbeCache(folder: string): ProbeCache {
  return {
    async recall<T>(kind: ProbeKind, candidate: Candidate): Promise<T | undefined> {
      if (candidate.isShim) return undefined
      const known = tryReadRecord(join(folder, fileName(kind, candidate)))
      return known && isOf(known, kind, candidate) ? (known.answer as T) : undefined
    },
    async remember(kind, candidate, answer) {
      if (candidate.isShim) return
      const { path, realPath, size, mtimeMs } = candidate
      const text = JSON.stringify({ schema: SCHEMA, kind, path, realPath, size, mtimeMs, answer })
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        await writeWhole(join(folder, fileName(kind, candidate)), `${text}\n`, { isSynced: false })
      } catch (error) {
        // Read-only, full, a file in the way: it works without, only slower.
        if (errnoOf(error) === undefined) throw error
      }
    },
  }
}

function fileName(kind: ProbeKind, { path }: Candidate): string {
  return `${createHash('sha256').update(`${kind}\0${path}`).digest('hex').slice(0, 16)}.json`
}

/**
 * Synchronous, because it is on the way of every hit: 0.01 ms, against 0.16 ms by way of the thread pool (0.1 and 0.35 for the
 * first file of a process; Node 20 on Linux).
 */
function tryReadRecord(path: string): Record<string, unknown> | undefined {
  try {
    const record: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return typeof record === 'object' && record !== null ? (record as Record<string, unknown>) : undefined
  } catch {
    // Absent, not readable, not JSON: not known in any of these cases, and asking tells.
    return undefined
  }
}

function isOf(record: Record<string, unknown>, kind: ProbeKind, candidate: Candidate): boolean {
  const { path, realPath, size, mtimeMs } = candidate
  const expected = { schema: SCHEMA, kind, path, realPath, size, mtimeMs }
  return Object.entries(expected).every(([name, value]) => record[name] === value)
}
