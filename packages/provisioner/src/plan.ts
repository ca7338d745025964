/** What `ensure` would do, without doing it: nothing is written, nothing is fetched, and only what has to be asked is started. */

import type { RefusedPython } from './errors.js'
import type { MissReason } from './events.js'
import { readInPlace } from './in-place.js'
import type { BackendName, KeyDocument } from './key.js'
import type { Miss } from './miss.js'
import { listPlannedCommands } from './plan-commands.js'
import { missOf, type ProvisionRequest, resolveWanted, type Wanted } from './provision.js'
import { readPublished } from './stamp.js'

export interface Plan {
  /** Of the key. */
  id: string
  digest: string
  /** Whether it is there: nothing would be done. */
  hit: boolean
  /** Why it would be built, and which inputs changed (`source.packages`); `null` for a hit. */
  miss: PlannedMiss | null
  /** Why it could not be built on this machine, when it could not. */
  obstacle: { code: string; message: string; hint: string | undefined } | null
  source: {
    kind: KeyDocument['source']['kind']
    /** Files that were read, absolute. */
    files: string[]
    /** PEP 508, without logins. */
    packages: string[]
    extras: string[]
    groups: string[]
    project: 'none' | 'editable' | 'wheel'
  }
  backend: BackendName
  /** uv or pixi, where one of them makes it. */
  tool: { path: string; version: string } | null
  /** `null` where the tool brings its own. */
  python: { path: string; version: string; refused: RefusedPython[] } | null
  /** What would be run, in order, without credentials; `<generation>` stands for the folder that is built in. */
  commands: string[]
}

export interface PlannedMiss {
  reason: MissReason
  changed: string[]
  /** Id of the environment that it is compared with; `null` when it is compared with itself, or with none. */
  comparedWith: string | null
}

/** @throws ProvisionError: what is asked for cannot be understood, or there is no Python for it */
export async function plan(request: ProvisionRequest): Promise<Plan> {
  const { spec } = request
  const lockMode = spec.lockMode === 'update' ? 'locked' : spec.lockMode
  const harmless: ProvisionRequest = { ...request, spec: { ...spec, downloads: 'never', lockMode } }
  const wanted = await resolveWanted(harmless)
  const isHit = isThere(request, wanted)
  const miss = isHit ? null : describeMiss(await missOf(request, wanted))
  const { choice, source, key, document, python } = wanted
  const { missing } = choice
  const { kind, packages, extras, groups, project } = document.source
  return {
    ...key,
    hit: isHit,
    miss,
    obstacle: missing && !isHit ? { code: missing.code, message: missing.message, hint: missing.hint } : null,
    source: { kind, files: [...source.paths], packages, extras, groups, project },
    backend: choice.backend.name,
    tool: choice.tool ? { path: choice.tool.path, version: choice.tool.version } : null,
    python: python ? { path: python.base.path, version: python.info.version, refused: python.refused } : null,
    commands: missing ? [] : await listPlannedCommands(request, wanted),
  }
}

function isThere({ place, isRefresh }: ProvisionRequest, wanted: Wanted): boolean {
  if (isRefresh) return false
  if (wanted.inPlace !== undefined) return readInPlace(wanted.inPlace, wanted.key) !== undefined
  return [wanted, ...wanted.orKnown].some(({ key }) => {
    const published = readPublished(place.keyFolder(key.id))
    return 'stamp' in published && published.stamp.digest === key.digest
  })
}

function describeMiss({ reason, changed, comparedWith }: Miss): PlannedMiss {
  return { reason, changed, comparedWith: comparedWith ?? null }
}
