/** What a generation was made of, written last: without it there is no generation. */

import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Backend, BuildResult } from './backends/backend.js'
import type { MissReason, Phase, Reporter } from './events.js'
import { isAbsent, parseJson, readNow, writeWhole } from './files.js'
import type { FoundPython } from './find-python.js'
import type { BackendName, Key, KeyDocument } from './key.js'
import { type GenerationLayout, generationLayout, isGeneration, type KeyFolder, SCHEMA } from './layout.js'
import type { InterpreterInfo } from './probe.js'
import type { Verified } from './verify.js'

export interface InstalledPackage {
  /** Normalised (PEP 503); as conda has it when it is from there. */
  name: string
  version: string
  /** Of the archive it came from, in hex; `null` when that was not one, or the installer does not tell. */
  sha256: string | null
  from: 'index' | 'url' | 'path' | 'conda' | null
  /** Whether it was asked for by name, or came with another. */
  isRequested: boolean
  /** Of the archive, without login and query; `null` when the installer does not tell. */
  url?: string | null
}

export interface Stamp {
  schema: typeof SCHEMA
  id: string
  digest: string
  gen: string
  /** Absolute, where it was built. It works nowhere else. */
  prefix: string
  /** Below it: the interpreter, and `sys.prefix`. */
  exe: string
  sysPrefix: string
  backend: BackendName
  /** Versions of what built it. */
  tools: Record<string, string>
  /** Of the environment's Python. */
  pythonVersion: string
  /** What it was built from; `null` when the tool brought its own. */
  base: InterpreterInfo | null
  document: KeyDocument
  packages: InstalledPackage[]
  activation: Record<string, string> | null
  phasesMs: Partial<Record<Phase, number>>
  /** ISO 8601, UTC. */
  createdAt: string
}

/** What `current.json` points to, or why that cannot be used. */
export type Published = { stamp: Stamp; generation: GenerationLayout } | { reason: MissReason }

/** The generation that is published, whether or not it can be used. */
export function readCurrent(key: KeyFolder): { gen: string; digest: string } | undefined {
  const current = readJson(key.current) as { gen?: unknown; digest?: unknown } | undefined
  if (!isGeneration(current?.gen) || typeof current?.digest !== 'string') return undefined
  return { gen: current.gen, digest: current.digest }
}

/**
 * Read the published generation: three small files and two looks at the disk, one after the other and at once: together they take
 * less than handing one of them to another thread would.
 */
export function readPublished(key: KeyFolder): Published {
  const current = readCurrent(key)
  return current ? readGeneration(key, current) : { reason: 'absent' }
}

/**
 * Read a generation that somebody points to.
 *
 * The mark of the collector is looked for before the stamp. Whoever has taken a lease and finds no mark has either been seen by the
 * collector, or comes so late that the mark is gone again; then the stamp is too.
 */
export function readGeneration(key: KeyFolder, { gen, digest }: { gen: string; digest: string }): Published {
  const generation = generationLayout(key, gen)
  if (isThere(generation.doomed)) return { reason: 'stamp-invalid' }
  const stamp = readStamp(generation)
  if (stamp?.gen !== gen || stamp.digest !== digest) return { reason: 'stamp-invalid' }
  if (stamp.prefix !== generation.prefix) return { reason: 'moved' }
  return isUsable(stamp, generation) ? { stamp, generation } : { reason: 'stamp-invalid' }
}

/** Read the stamp of an environment that nobody points to; `undefined` when there is none, or the environment cannot be used. */
export function readStampAt(generation: GenerationLayout): Stamp | undefined {
  const stamp = readStamp(generation)
  const isOfPlace = stamp?.prefix === generation.prefix && stamp.gen === generation.gen
  return isOfPlace && isUsable(stamp, generation) ? stamp : undefined
}

export interface StampParts {
  key: Key
  generation: GenerationLayout
  backend: Backend
  built: BuildResult
  verified: Verified
  python: FoundPython | undefined
  document: KeyDocument
  reporter: Reporter
}

export function makeStamp({
  key,
  generation,
  backend,
  built,
  verified,
  python,
  document,
  reporter,
}: StampParts): Stamp {
  return {
    schema: SCHEMA,
    ...key,
    gen: generation.gen,
    prefix: generation.prefix,
    exe: built.python,
    sysPrefix: built.sysPrefix,
    backend: backend.name,
    tools: built.tools,
    pythonVersion: verified.pythonVersion,
    base: python?.info ?? null,
    document,
    packages: verified.packages,
    activation: built.activation,
    phasesMs: reporter.phasesMs,
    createdAt: new Date().toISOString(),
  }
}

export async function writeStamp(generation: GenerationLayout, stamp: Stamp): Promise<void> {
  await writeWhole(generation.stamp, `${JSON.stringify(stamp)}\n`)
}

/** The moment of truth: from here on this generation is the one. */
export async function publish(key: KeyFolder, { gen, digest }: Stamp): Promise<void> {
  await writeWhole(key.current, `${JSON.stringify({ schema: SCHEMA, gen, digest })}\n`)
}

/** Its interpreter leads somewhere, and it is still of the version that was installed for. */
function isUsable(stamp: Stamp, generation: GenerationLayout): boolean {
  // Follows the link: a base that was removed leaves it dangling.
  if (!isThere(join(generation.prefix, stamp.exe))) return false
  if (stamp.base === null) return true
  const config = readNow(join(generation.prefix, 'pyvenv.cfg'))
  const version = /^version(?:_info)?\s*=\s*(\d+\.\d+\.\d+)/m.exec(config ?? '')?.[1]
  return version === stamp.base.release
}

/** What is not whole, or was written by a version that had other fields, is none. */
function readStamp(generation: GenerationLayout): Stamp | undefined {
  const stamp = readJson(generation.stamp) as Partial<Stamp> | undefined | null
  const texts = [stamp?.gen, stamp?.digest, stamp?.prefix, stamp?.exe, stamp?.sysPrefix, stamp?.pythonVersion]
  const isWhole = stamp?.schema === SCHEMA && texts.every((text) => typeof text === 'string')
  return isWhole && Array.isArray(stamp.packages) && stamp.base !== undefined ? (stamp as Stamp) : undefined
}

function readJson(path: string): unknown {
  const text = readNow(path)
  return text === undefined ? undefined : parseJson(text)
}

function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined
  } catch (error) {
    if (isAbsent(error)) return false
    throw error
  }
}
