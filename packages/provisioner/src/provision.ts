/**
 * From what was asked to an environment that is there: known again, or built.
 *
 *     resolve-source → find-tool → find-python → key → hit
 *                                                    → lock-wait → create → resolve → download → build → install → verify → publish
 */
import type { Backend } from './backends/backend.js'
import { findBase } from './base-python.js'
import { build } from './build.js'
import { currentFolder, installerEnvironment, type Variables } from './child-environment.js'
import { type Choice, chooseBackend } from './choose-backend.js'
import { makeDocument } from './document.js'
import { InterpreterError, ProvisionError } from './errors.js'
import type { MissReason, Reporter } from './events.js'
import { readFailure, writeFailure } from './failed-build.js'
import { type FoundPython, findPython } from './find-python.js'
import { computeKey, type Key, type KeyDocument } from './key.js'
import type { Lease } from './lease.js'
import { explainMiss } from './miss.js'
import type { BuildRight, Place } from './place.js'
import { DeferredProbes } from './probes.js'
import { makeRedactor } from './redact.js'
import { readSettings, type Settings } from './settings.js'
import { readSource, type Source } from './source.js'
import type { ResolvedSpec } from './spec.js'
import { readCurrent, readGeneration, type Stamp } from './stamp.js'
import type { ToolOptions } from './tools/options.js'
import { takeTurn } from './turns.js'

export interface ProvisionRequest {
  place: Place
  spec: ResolvedSpec
  tools: ToolOptions
  /** The host's variables. */
  env: Variables
  reporter: Reporter
  signal: AbortSignal
  /** Whether to say that it is used, see `lease.ts`. */
  wantsLease: boolean
  /** Build even when there is one. */
  isRefresh: boolean
}

export interface Provisioned {
  stamp: Stamp
  lease: Lease | undefined
  isHit: boolean
}

/** @throws ProvisionError, among them the signal's reason */
export async function provision(request: ProvisionRequest): Promise<Provisioned> {
  const { place, reporter, signal, isRefresh } = request
  signal.throwIfAborted()
  const wanted = await resolveWanted(request)
  const hit = isRefresh ? undefined : await tryHit(request, wanted)
  if (hit) return hit
  return await takeTurn(place.turnOf(wanted.key.id), signal, async (before) => {
    // Of two that ask the same at the same time, the second finds what the first has built, or fails as that has.
    const late = before.didWait ? await tryHit(request, wanted) : undefined
    if (late) return late
    if (before.failure instanceof ProvisionError && isOfKey(before.failure, wanted.key)) throw before.failure
    reporter.onPhase = undefined
    try {
      return await buildMissing(request, wanted)
    } catch (error) {
      throw markKey(error, wanted.key)
    }
  })
}

/** Everything that decides, found out without writing anything. */
export interface Wanted {
  choice: Choice
  source: Source
  settings: Settings
  python: FoundPython | undefined
  document: KeyDocument
  key: Key
  probes: DeferredProbes
  redact: (text: string) => string
}

/** Find out what is wanted. @throws ProvisionError */
export async function resolveWanted(request: ProvisionRequest): Promise<Wanted> {
  const { place, spec, env, reporter, signal } = request
  const probes = new DeferredProbes(place.probesDir)
  const redact = makeRedactor(installerEnvironment({ ...env, ...spec.env.set }, spec.ambient))
  reporter.enter('resolve-source')
  const folder = currentFolder()
  const context = { env: installerEnvironment(env, spec.ambient), folder }
  const onIgnored = (message: string) => reporter.warning('source-ignored', message)
  const found = await readSource(spec, { ...context, onIgnored })
  signal.throwIfAborted()
  const choice = await chooseBackend(found, { ...request, probes, redact })
  const { source, backend } = choice
  const python = backend.name === 'pixi' ? undefined : await findBase(choice, { ...request, probes, redact })
  const settings = await readSettings(spec, backend.name, { host: env, source })
  reporter.enter('key')
  const document = makeDocument({ spec, backend: backend.name, source, settings, python: python?.info })
  const key = computeKey(document)
  reporter.id = key.id
  signal.throwIfAborted()
  return { choice, source, settings, python, document, key, probes, redact }
}

/**
 * The published environment, when it is the one that is wanted. Nothing is written but the lease, and what had to be learnt anew of
 * an executable: one that was replaced by its equal.
 */
async function tryHit(request: ProvisionRequest, wanted: Wanted): Promise<Provisioned | undefined> {
  const { place, reporter, wantsLease } = request
  const folder = place.keyFolder(wanted.key.id)
  const current = readCurrent(folder)
  if (!current || current.digest !== wanted.key.digest) return undefined
  // First the lease, then the look: the collector does it the other way round.
  const lease = wantsLease ? place.takeLease(wanted.key.id, current.gen) : undefined
  const published = readGeneration(folder, current)
  if (!('stamp' in published)) {
    lease?.release()
    return undefined
  }
  reporter.enter('hit', current.gen)
  await wanted.probes.save()
  return { stamp: published.stamp, lease, isHit: true }
}

async function buildMissing(request: ProvisionRequest, wanted: Wanted): Promise<Provisioned> {
  const { place, spec, reporter, signal, isRefresh } = request
  const { key, settings, redact } = wanted
  const helper = wanted.python ?? (await tryFindHelper(request, wanted))
  let miss = await explainMiss(place, wanted, isRefresh)
  const rights = {
    id: key.id,
    python: helper?.base.path,
    env: settings.env,
    limitMs: spec.lockTimeoutMs,
    reporter,
    signal,
    redact,
  }
  return await place.exclusively(rights, async (right) => {
    const built = await tryBuiltByOther(request, wanted, right, miss.reason)
    if (built) return built
    if (right.waitedFor) miss = await explainMiss(place, wanted, isRefresh)
    reporter.miss(miss.reason, miss.changed)
    await wanted.probes.save()
    const stamp = await buildAs(right, request, wanted, helper?.base.path)
    const lease = request.wantsLease ? place.takeLease(key.id, stamp.gen) : undefined
    return { stamp, lease, isHit: false }
  })
}

/** Where the tool brings its own Python, another holds the lock and sees to it that the tool dies with us; where there is one. */
async function tryFindHelper({ env, signal }: ProvisionRequest, { probes }: Wanted): Promise<FoundPython | undefined> {
  try {
    return await findPython('auto', { env, signal, probes })
  } catch (error) {
    if (error instanceof InterpreterError) return undefined
    throw error
  }
}

/** @throws ProvisionError: that with which the build failed that was waited for */
async function tryBuiltByOther(
  request: ProvisionRequest,
  wanted: Wanted,
  { waitedFor }: BuildRight,
  reason: MissReason,
): Promise<Provisioned | undefined> {
  // A refresh that waited has what it wanted: somebody has just built anew.
  const mayTake = reason !== 'refresh' || waitedFor !== undefined
  const late = mayTake ? await tryHit(request, wanted) : undefined
  if (late || !waitedFor) return late
  const failure = await readFailure(request.place.keyFolder(wanted.key.id), waitedFor.token)
  if (failure) throw failure
  return undefined
}

async function buildAs(
  right: BuildRight,
  request: ProvisionRequest,
  wanted: Wanted,
  launcher: string | undefined,
): Promise<Stamp> {
  const { place, spec, reporter, signal } = request
  const { choice, source, settings, python, document, key, redact } = wanted
  const backend: Backend = choice.backend
  try {
    return await build({
      backend,
      place,
      spec,
      source,
      python,
      tool: choice.tool,
      launcher,
      document,
      key,
      env: settings.env,
      workingFolder: source.workingFolder,
      reporter,
      signal,
      redact,
    })
  } catch (error) {
    if (error instanceof ProvisionError) {
      error.phase ??= reporter.phase
      if (place.kind === 'home') await writeFailure(place.keyFolder(key.id), right.token, error).catch(() => {})
    }
    throw error
  }
}

/** Which question an error answers: the one before in a private folder may have been another. */
const keysOfErrors = new WeakMap<object, string>()

function markKey(error: unknown, { digest }: Key): unknown {
  if (error instanceof ProvisionError) keysOfErrors.set(error, digest)
  return error
}

function isOfKey(error: ProvisionError, { digest }: Key): boolean {
  return !error.retryable && keysOfErrors.get(error) === digest
}
