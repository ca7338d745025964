/** What a generation was made of, written last: without it there is no generation. */
import { stat } from 'node:fs/promises'
import type { MissReason, Phase } from './events.js'
import { isAbsent, tryRead, tryReadJson, writeWhole } from './files.js'
import type { FoundPython } from './find-python.js'
import type { KeyDocument } from './key.js'
import { type GenerationLayout, generationLayout, isGeneration, type Layout, SCHEMA } from './layout.js'

export interface InstalledPackage {
  /** Normalised (PEP 503). */
  name: string
  version: string
  /** Of the archive it came from, in hex; `null` when that was not one, or pip is older than 23.0. */
  sha256: string | null
  from: 'index' | 'url' | 'path' | null
  /** Whether it was asked for by name, or came with another. */
  isRequested: boolean
}

export interface Stamp {
  schema: typeof SCHEMA
  id: string
  digest: string
  gen: string
  /** Absolute, where it was built. It works nowhere else. */
  prefix: string
  backend: 'venv-pip'
  /** Versions of what built it. */
  tools: Record<string, string>
  /** The option `python` as it was given: with it, `python` below can be known again. */
  asked: string
  python: FoundPython
  document: KeyDocument
  packages: InstalledPackage[]
  phasesMs: Partial<Record<Phase, number>>
  /** ISO 8601, UTC. */
  createdAt: string
}

/** What `current.json` points to, or why that cannot be used. */
export type Published = { stamp: Stamp; generation: GenerationLayout } | { reason: MissReason }

/** Read the published generation: three small files and a look at the interpreter. */
export async function readPublished(layout: Layout): Promise<Published> {
  const current = (await tryReadJson(layout.current)) as { gen?: unknown; digest?: unknown } | undefined
  if (!current || !isGeneration(current.gen)) return { reason: 'absent' }
  const generation = generationLayout(layout, current.gen)
  const stamp = (await tryReadJson(generation.stamp)) as Stamp | undefined
  const isOfPointer = stamp?.schema === SCHEMA && stamp.gen === current.gen && stamp.digest === current.digest
  if (!isOfPointer) return { reason: 'stamp-invalid' }
  if (stamp.prefix !== generation.prefix) return { reason: 'moved' }
  return (await isUsable(stamp, generation)) ? { stamp, generation } : { reason: 'stamp-invalid' }
}

export async function writeStamp(generation: GenerationLayout, stamp: Stamp): Promise<void> {
  await writeWhole(generation.stamp, `${JSON.stringify(stamp)}\n`)
}

/** The moment of truth: from here on this generation is the one. */
export async function publish(layout: Layout, { gen, digest }: Stamp): Promise<void> {
  await writeWhole(layout.current, `${JSON.stringify({ schema: SCHEMA, gen, digest })}\n`)
}

async function isUsable(stamp: Stamp, generation: GenerationLayout): Promise<boolean> {
  try {
    // Follows the link: a base that was removed leaves it dangling.
    await stat(generation.python)
  } catch (error) {
    if (isAbsent(error)) return false
    throw error
  }
  const config = await tryRead(generation.pythonConfig)
  const version = /^version\s*=\s*(\S+)/m.exec(config ?? '')?.[1]
  return version === stamp.python.info.release
}
