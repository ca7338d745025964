/** Tools and Pythons that were fetched into a home, and that none of its environments was made with. */
import { realpathSync } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { unpackedVersion } from './backends/unpacked-pip.js'
import { DAY_MS } from './decide-collection.js'
import { isAbsent, isTemporary, listNames } from './files.js'
import type { HomeLayout } from './layout.js'
import type { Stamp } from './stamp.js'
import { TEMPORARY_AGE_MS } from './sweep.js'
import { pinnedVersions, type ToolKind } from './tools/tool-path.js'

export interface UnusedTool {
  what: 'tool' | 'python' | 'left-over'
  path: string
}

export interface UnusedOptions {
  /** Of every generation that is there. */
  stamps: readonly Stamp[]
  maxAgeDays: number
  nowMs: number
}

/**
 * List them. The version that we would fetch today stays, on whatever platform; so does what came within `maxAgeDays`: somebody may
 * have fetched it for an environment that is still to be made.
 */
export async function listUnusedTools(home: HomeLayout, options: UnusedOptions): Promise<UnusedTool[]> {
  return [
    ...(await listTools(home, 'uv', options)),
    ...(await listTools(home, 'pixi', options)),
    ...(await listPips(home, options)),
    ...(await listPythons(home, options)),
  ]
}

async function listTools(home: HomeLayout, kind: ToolKind, options: UnusedOptions): Promise<UnusedTool[]> {
  const { stamps } = options
  const used = new Set([pinnedVersions[kind], ...stamps.flatMap(({ tools }) => tools?.[kind] ?? [])])
  return await listOld(join(home.toolsDir, kind), 'tool', options, (name) => {
    const version = /^(\d+\.\d+\.\d+[^-]*)-/.exec(name)?.[1]
    return version !== undefined && !used.has(version)
  })
}

async function listPips(home: HomeLayout, options: UnusedOptions): Promise<UnusedTool[]> {
  const used = new Set(options.stamps.flatMap(({ tools }) => tools?.pip ?? []))
  return await listOld(join(home.toolsDir, 'pip'), 'tool', options, (name) => {
    const version = unpackedVersion(name)
    return version !== undefined && !used.has(version)
  })
}

async function listPythons(home: HomeLayout, options: UnusedOptions): Promise<UnusedTool[]> {
  const used = options.stamps.flatMap(({ base }) => (base ? [base.prefix, base.base, tryRealPath(base.base)] : []))
  return await listOld(home.pythonsDir, 'python', options, (name) => {
    // As uv calls them, see `managed-pythons.ts`.
    if (!/^[a-z]+-\d+\.\d+\.\d+\S*-\w+-\w+-\w+$/.test(name)) return false
    const folder = join(home.pythonsDir, name)
    return !used.some((path) => path === folder || path?.startsWith(`${folder}${sep}`))
  })
}

async function listOld(
  folder: string,
  what: 'tool' | 'python',
  { maxAgeDays, nowMs }: UnusedOptions,
  isUnused: (name: string) => boolean,
): Promise<UnusedTool[]> {
  const found: UnusedTool[] = []
  for (const name of await listNames(folder)) {
    const path = join(folder, name)
    const ageMs = nowMs - ((await timeOfArrival(path)) ?? nowMs)
    if (isTemporary(name) && ageMs > TEMPORARY_AGE_MS) found.push({ what: 'left-over', path })
    else if (isUnused(name) && ageMs >= maxAgeDays * DAY_MS) found.push({ what, path })
  }
  return found
}

/** An archive may give a folder any time of writing; that of its last change of name or mode is the disk's own. */
async function timeOfArrival(path: string): Promise<number | undefined> {
  try {
    const { mtimeMs, ctimeMs } = await lstat(path)
    return Math.max(mtimeMs, ctimeMs)
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

function tryRealPath(path: string): string | undefined {
  try {
    return realpathSync.native(path)
  } catch {
    // It is not there any more: then nothing stands on it either.
    return undefined
  }
}
