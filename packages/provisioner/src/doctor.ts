/** What a home, the tools and the Pythons of this machine are worth, with a reason for everything that is not well. */
import { accessSync, constants, lstatSync, statSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { listCandidates, tryCandidate } from './candidates.js'
import { ToolError } from './errors.js'
import { examinePython } from './find-python.js'
import { type FileProblem, findFileProblems } from './installed-files.js'
import { type FoundEnvironment, isBuilding, listFound } from './inventory.js'
import { listManagedPythons } from './managed-pythons.js'
import type { Place } from './place.js'
import { DeferredProbes } from './probes.js'
import { type Repair, type RepairRequest, repair } from './repair.js'
import { readPublished } from './stamp.js'
import { findTool } from './tools/tool.js'
import type { ToolKind } from './tools/tool-path.js'

export interface DoctorReport {
  home: HomeHealth
  tools: { kind: ToolKind; path: string; version: string | null; refused: string | null }[]
  /** Those that `python: 'auto'` would look at, in order. */
  pythons: { path: string; version: string | null; refused: string | null }[]
  environments: EnvironmentHealth[]
}

export interface HomeHealth {
  path: string
  exists: boolean
  /** User id; `null` on Windows. */
  owner: number | null
  /** `'0700'` */
  mode: string | null
  isWritable: boolean
  freeBytes: number | null
  /** As the system numbers them; names of the usual ones. */
  filesystem: string | null
  /** Whether files can be shared between the caches and the environments: both on one disk. */
  sharesFiles: boolean | null
  /** Of the longest path that a package needs room behind, in characters. */
  pathLength: number
}

/**
 * `healthy`: a hit takes it. `stale`: the Python that it was built from is gone or is another version. `broken`: its own files are
 * not what they should be. `missing`: nothing was published. `building`: somebody makes it at this moment.
 */
export type Health = 'healthy' | 'stale' | 'broken' | 'missing' | 'building'

export interface EnvironmentHealth {
  id: string
  health: Health
  /** `null` when it is healthy. */
  reason: string | null
  /** With `deep`: files that are not what was installed; the first twenty. */
  files: FileProblem[]
  /** What was done to it; `null` when that was nothing, as always without `repair`. */
  repair: Repair | null
}

export interface DoctorChoice {
  isDeep: boolean
  isRepair: boolean
}

type DoctorRequest = RepairRequest

/** Look at everything; change nothing, unless `isRepair`. */
export async function doctor(request: DoctorRequest, choice: DoctorChoice): Promise<DoctorReport> {
  const { place, signal } = request
  const environments: EnvironmentHealth[] = []
  for (const found of await listFound(place, Date.now())) {
    signal.throwIfAborted()
    environments.push(await examineEnvironment(request, found, choice))
  }
  return {
    home: await examineHome(place),
    tools: [...(await examineTools('uv', request)), ...(await examineTools('pixi', request))],
    pythons: await examinePythons(request),
    environments,
  }
}

async function examineHome({ path, home }: Place): Promise<HomeHealth> {
  const found = lstatSync(path, { throwIfNoEntry: false })
  const isWindows = process.platform === 'win32'
  const disk = found ? await statfs(path) : undefined
  return {
    path,
    exists: found !== undefined,
    owner: found && !isWindows ? found.uid : null,
    mode: found && !isWindows ? `0${(found.mode & 0o777).toString(8).padStart(3, '0')}` : null,
    isWritable: found !== undefined && isWritable(path),
    freeBytes: disk ? disk.bavail * disk.bsize : null,
    filesystem: disk ? (FILESYSTEMS[disk.type] ?? `0x${disk.type.toString(16)}`) : null,
    sharesFiles: home && found ? deviceOf(home.cachesDir) === deviceOf(home.environmentsDir) : null,
    pathLength: path.length,
  }
}

/** `statfs(2)` of Linux. */
const FILESYSTEMS: Readonly<Record<number, string>> = {
  61267: 'ext4',
  2435016766: 'btrfs',
  1481003842: 'xfs',
  16914836: 'tmpfs',
  2035054128: 'overlayfs',
  26985: 'nfs',
  801189825: 'zfs',
}

function deviceOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.dev
}

async function examineTools(kind: ToolKind, request: DoctorRequest): Promise<DoctorReport['tools']> {
  const { place, tools, env, signal } = request
  const explicit = kind === 'uv' ? tools.uvPath : tools.pixiPath
  const probes = new DeferredProbes(place.probesDir)
  try {
    const found = await findTool(kind, { explicit, home: place.home?.home, env, signal, probes })
    return (found?.considered ?? []).map(({ path, version = null, reason = null }) => ({
      kind,
      path,
      version,
      refused: reason,
    }))
  } catch (error) {
    if (!(error instanceof ToolError)) throw error
    const refused = error.refused.map(({ path, version = null, reason }) => ({ kind, path, version, refused: reason }))
    return refused.length > 0
      ? refused
      : [{ kind, path: String(explicit ?? ''), version: null, refused: error.message }]
  }
}

async function examinePythons({ place, env, signal }: DoctorRequest): Promise<DoctorReport['pythons']> {
  const probes = new DeferredProbes(place.probesDir)
  const listManaged = () => listManagedPythons(place.home?.home, env)
  const pythons: DoctorReport['pythons'] = []
  for await (const candidate of listCandidates('auto', { env, listManaged })) {
    const found = await examinePython(candidate, [], { env, signal, probes })
    const refused = 'code' in found ? found.reason : null
    pythons.push({ path: candidate.path, version: 'code' in found ? null : found.info.version, refused })
  }
  return pythons
}

async function examineEnvironment(
  request: DoctorRequest,
  found: FoundEnvironment,
  { isDeep, isRepair }: DoctorChoice,
): Promise<EnvironmentHealth> {
  const { signal } = request
  const shallow = await judge(request, found)
  const stamp = found.generations.find(({ isCurrent }) => isCurrent)?.stamp
  const isLookedInto = isDeep && shallow.health === 'healthy' && stamp !== undefined
  const files = isLookedInto ? await findFileProblems(join(stamp.prefix, stamp.sysPrefix), signal) : []
  const [first] = files
  const judged = first ? { health: 'broken' as const, reason: `${first.path}: ${first.problem}` } : shallow
  const isToRepair = isRepair && (judged.health === 'broken' || judged.health === 'stale')
  return { id: found.id, ...judged, files, repair: isToRepair ? await repair(request, found) : null }
}

async function judge(
  request: DoctorRequest,
  found: FoundEnvironment,
): Promise<{ health: Health; reason: string | null }> {
  const { place } = request
  if (!found.current) {
    if (isBuilding(found)) return { health: 'building', reason: 'it is being built' }
    return { health: 'missing', reason: 'nothing was published' }
  }
  const stamp = found.generations.find(({ isCurrent }) => isCurrent)?.stamp
  const stale = stamp?.base && (await explainBase(request, stamp.base))
  if (stale) return { health: 'stale', reason: stale }
  const published = readPublished(place.keyFolder(found.id))
  if ('stamp' in published) return { health: 'healthy', reason: null }
  const reasons = {
    moved: 'it was moved from where it was built',
    'stamp-invalid': 'its stamp or its interpreter is not whole',
  }
  return { health: 'broken', reason: reasons[published.reason as keyof typeof reasons] ?? published.reason }
}

/** Why the Python that it was built from is not that any more. */
async function explainBase(
  { place, env, signal }: DoctorRequest,
  base: { base: string; version: string },
): Promise<string | undefined> {
  const candidate = tryCandidate(base.base)
  if (!candidate) return `the Python it was built from, ${base.base}, is gone`
  const probes = new DeferredProbes(place.probesDir)
  const now = await examinePython(candidate, [], { env, signal, probes })
  if ('code' in now) return `the Python it was built from, ${base.base}, ${now.reason}`
  return now.info.version === base.version
    ? undefined
    : `the Python it was built from is ${now.info.version} now, not ${base.version}`
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}
