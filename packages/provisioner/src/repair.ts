/**
 * An environment that is not well is retired: nothing points to it any more, what runs from it goes on, and the next `ensure` builds
 * another generation beside it. Where everything it was made from is known, that is done at once.
 *
 * Known is what the key says: requirements, options, and where packages come from, as long as no login is needed, or the variables of
 * this host have it. Not known are files and projects, of which there is a hash alone, and logins, which are kept nowhere. A spec is made
 * of what is known, and built as any other when it has the same key: if anything is missing in it, it has another. What is in no key
 * (`imports`, `bytecode`) is as in a spec that leaves it out, as it may be of any environment that somebody else has built.
 */
import { OptionError } from '@pyferry/errors'
import { ProvisionError } from './errors.js'
import { removeTree } from './files.js'
import type { FoundEnvironment } from './inventory.js'
import { computeKey, type IndexKey, type KeyDocument } from './key.js'
import { type ProvisionRequest, provision, resolveWanted } from './provision.js'
import { type EnvironmentSpec, resolveSpec } from './spec.js'

/** `rebuilt`: another generation is published. `retired`: the next `ensure` builds one; `reason` says why it was not done at once. */
export type Repair = { done: 'rebuilt'; generation: string } | { done: 'retired'; reason: string }

export type RepairRequest = Pick<ProvisionRequest, 'place' | 'tools' | 'env' | 'reporter' | 'signal'>

/** @throws the signal's reason: it is retired then */
export async function repair(request: RepairRequest, found: FoundEnvironment): Promise<Repair> {
  const { place, reporter, signal } = request
  // One small removal, after which no hit takes it.
  await removeTree(place.keyFolder(found.id).current)
  if (place.kind === 'baseDir') return { done: 'retired', reason: 'a private folder is built by its owner' }
  try {
    const spec = await findSpec(request, found)
    if (typeof spec === 'string') return { done: 'retired', reason: spec }
    const { stamp } = await provision(requestOf(request, spec))
    return { done: 'rebuilt', generation: stamp.gen }
  } catch (error) {
    if (signal.aborted || !(error instanceof ProvisionError || error instanceof OptionError)) throw error
    return { done: 'retired', reason: error.message }
  } finally {
    reporter.id = ''
    reporter.onPhase = undefined
  }
}

/** @returns a spec that has its key, or why there is none */
async function findSpec(request: RepairRequest, found: FoundEnvironment): Promise<EnvironmentSpec | string> {
  const { document } = found
  if (document === undefined || computeKey(document).id !== found.id)
    return 'what it was made from is not known any more'
  const { kind } = document.source
  if (!['none', 'inline'].includes(kind)) return `it was made from files (${kind}), of which only hashes are known`
  const known = describe(found, document)
  const digest = computeKey(document).digest
  for (const spec of [known, { ...known, ...originOf(document) }]) {
    const { key } = await resolveWanted(requestOf(request, spec))
    if (key.digest === digest) return spec
  }
  return 'with the Python, the settings and the logins of now it would be another environment'
}

function requestOf(request: RepairRequest, spec: EnvironmentSpec): ProvisionRequest {
  return { ...request, spec: resolveSpec(spec), wantsLease: false, isRefresh: false }
}

function describe({ generations }: FoundEnvironment, document: KeyDocument): EnvironmentSpec {
  const { source, install, venv, extra, backend } = document
  const base = generations.findLast(({ stamp }) => stamp?.base)?.stamp?.base
  return {
    python: base?.base ?? 'auto',
    backend: backend === 'venv-pip' ? 'venv-pip' : 'uv',
    requirements: source.packages,
    hashes: install.hashes === 'require' ? 'require' : 'auto',
    build: install.build,
    pre: install.pre,
    ...(install.excludeNewer !== null && { excludeNewer: install.excludeNewer }),
    indexStrategy: install.strategy,
    // Others are of files that the variables name.
    constraints: install.constraints.filter((each) => !each.startsWith('sha256:')),
    ...venv,
    extra,
  }
}

/** Where packages came from, as options: what the variables of this host do not say. */
function originOf({ install }: KeyDocument): EnvironmentSpec {
  const isOpen = ({ auth }: IndexKey) => !auth
  return {
    ...(install.index && isOpen(install.index) && { index: install.index.url }),
    extraIndexes: install.extraIndex.filter(isOpen).map(({ url }) => url),
    findLinks: install.findLinks.map(({ path }) => path),
    offline: install.noIndex,
  }
}
