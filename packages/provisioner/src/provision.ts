/**
 * From what was asked to an environment that is there: known again, or built.
 *
 *     resolve-source → find-tool → find-python → key → hit
 *                                                    → lock-wait → create → resolve → download → build → install → verify → publish
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { findBase } from './base-python.js'
import { type Built, build } from './build.js'
import { chooseVariables, currentFolder, installerEnvironment, type Variables } from './child-environment.js'
import { type Answer, type Choice, chooseBackend } from './choose-backend.js'
import { makeDocument } from './document.js'
import { InterpreterError, type MachineCode, MachineError, ProvisionError } from './errors.js'
import type { Reporter } from './events.js'
import { readFailureToken, readNewFailure, writeFailure } from './failed-build.js'
import { type FoundPython, findPython } from './find-python.js'
import { buildInPlace, explainInPlace, inPlacePrefix, readInPlace } from './in-place.js'
import { findFileProblems } from './installed-files.js'
import { computeKey, encodeId, type Key, type KeyDocument } from './key.js'
import type { Lease } from './lease.js'
import { explainMiss, type Miss } from './miss.js'
import type { BuildRight, Place } from './place.js'
import { DeferredProbes } from './probes.js'
import { makeRedactor } from './redact.js'
import { readSettings, type Settings } from './settings.js'
import { readSource, type Source } from './source.js'
import type { ResolvedSpec } from './spec.js'
import { readCurrent, readGeneration, type Stamp } from './stamp.js'
import type { ToolOptions } from './tools/options.js'
import { takeTurn } from './turns.js'
import { updateLock } from './update-lock.js'

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
  const hit = isRefresh ? undefined : await tryHitOfAny(request, wanted)
  if (hit) return hit
  const { missing, ignoredLock } = wanted.choice
  if (missing) throw missing
  if (ignoredLock !== undefined) reporter.warning('lock-ignored', ignoredLock)
  const asked = lookAround(request, wanted)
  // One folder is made by one at a time, whatever is asked of it.
  const turn = wanted.inPlace ?? place.turnOf(wanted.key.id)
  return await takeTurn(turn, signal, async (before) => {
    // Of two that ask the same at the same time, the second finds what the first has built, or fails as that has.
    const late = before.didWait ? await tryLateHit(request, wanted, asked) : undefined
    if (late) return late
    if (before.failure instanceof ProvisionError && isOfKey(before.failure, wanted.key)) throw before.failure
    reporter.onPhase = undefined
    try {
      return await buildMissing(request, wanted, asked)
    } catch (error) {
      throw markKey(error, wanted.key)
    }
  })
}

/** Everything that decides, found out without writing anything. */
export interface Wanted extends Identified {
  choice: Choice
  /** See `Choice.orKnown`. */
  orKnown: readonly Identified[]
  python: FoundPython | undefined
  /** With `place: 'project'`: where its tool keeps the environment. */
  inPlace: string | undefined
  probes: DeferredProbes
  redact: (text: string) => string
}

/** Find out what is wanted. @throws ProvisionError */
export async function resolveWanted(request: ProvisionRequest): Promise<Wanted> {
  const { place, spec, env, reporter, signal } = request
  const probes = new DeferredProbes(place.probesDir)
  const options = [spec.index, ...spec.extraIndexes, ...spec.findLinks].join(' ')
  const tools = { ...request, probes, redact: makeRedactor({ ...env, ...spec.env.set, options }) }
  reporter.enter('resolve-source')
  const installerEnv = installerEnvironment(chooseVariables(env, spec.env), spec.ambient)
  const context = { env: installerEnv, folder: currentFolder() }
  const onIgnored = (message: string) => reporter.warning('source-ignored', message)
  const read = () => readSource(spec, { ...context, onIgnored })
  const found = await read()
  signal.throwIfAborted()
  const choice = await chooseBackend(found, tools)
  const { backend } = choice
  const python = backend.name === 'pixi' ? undefined : await findBase(choice, tools)
  if (spec.lockMode === 'update' && (await updateLock(choice, python, tools))) choice.source = await read()
  const inPlace = spec.place === 'project' ? inPlacePrefix(choice.source) : undefined
  reporter.enter('key')
  const identify = (answer: Answer) => identifyAnswer(answer, request, python)
  const identified = await identify(choice)
  const orKnown = await Promise.all((choice.orKnown ?? []).map(identify))
  // What a build is given it may print, in any form: logins that stand in the project among it.
  const { settings, source } = identified
  const redact = makeRedactor({ ...settings.env, options, requirements: source.requirements.join(' ') })
  reporter.id = identified.key.id
  signal.throwIfAborted()
  return { choice, ...identified, orKnown, python, inPlace, probes, redact }
}

/** One answer, as the key knows it. */
interface Identified {
  source: Source
  settings: Settings
  document: KeyDocument
  key: Key
}

async function identifyAnswer(
  { backend, source }: Answer,
  { spec, env }: ProvisionRequest,
  python: FoundPython | undefined,
): Promise<Identified> {
  const settings = await readSettings(spec, backend.name, { host: env, source })
  const document = makeDocument({ spec, backend: backend.name, source, settings, python: python?.info })
  return { source, settings, document, key: computeKey(document) }
}

/** What is wanted, or an answer that is as good and there already. */
async function tryHitOfAny(request: ProvisionRequest, wanted: Wanted): Promise<Provisioned | undefined> {
  const hit = await tryHit(request, wanted)
  if (hit) return hit
  for (const known of wanted.orKnown) {
    const other = await tryHit(request, { ...wanted, ...known })
    if (other) return other
  }
  return undefined
}

/**
 * The published environment, when it is the one that is wanted. Nothing is written but the lease, and what had to be learnt anew of
 * an executable: one that was replaced by its equal.
 */
async function tryHit(request: ProvisionRequest, wanted: Wanted): Promise<Provisioned | undefined> {
  const { place, reporter, wantsLease } = request
  if (wanted.inPlace !== undefined) {
    const stamp = readInPlace(wanted.inPlace, wanted.key)
    if (stamp) reporter.enter('hit', wanted.inPlace)
    return stamp && { stamp, lease: undefined, isHit: true }
  }
  const folder = place.keyFolder(wanted.key.id)
  const current = readCurrent(folder)
  if (!current || current.digest !== wanted.key.digest) return undefined
  // First the lease, then the look: the collector does it the other way round.
  const lease = wantsLease ? place.takeLease(wanted.key.id, current.gen) : undefined
  const published = readGeneration(folder, current)
  if (!('stamp' in published) || !(await isWhole(request, published.stamp))) {
    lease?.release()
    return undefined
  }
  reporter.id = wanted.key.id
  reporter.enter('hit', current.gen)
  await wanted.probes.save()
  return { stamp: published.stamp, lease, isHit: true }
}

/** What stood in the key folder when somebody asked: whatever is another later has come meanwhile. */
interface Asked {
  built: string | undefined
  failure: string | undefined
}

function lookAround(request: ProvisionRequest, wanted: Wanted): Asked {
  const folder = request.place.keyFolder(wanted.key.id)
  return { built: nameBuilt(request, wanted), failure: readFailureToken(folder) }
}

/** Which build of it stands there. */
function nameBuilt({ place }: ProvisionRequest, { key, inPlace }: Wanted): string | undefined {
  return inPlace === undefined ? readCurrent(place.keyFolder(key.id))?.gen : readInPlace(inPlace, key)?.createdAt
}

/** What somebody else has built meanwhile. A refresh that finds the build of before has waited for a build that came to nothing. */
async function tryLateHit(request: ProvisionRequest, wanted: Wanted, asked: Asked): Promise<Provisioned | undefined> {
  if (request.isRefresh && nameBuilt(request, wanted) === asked.built) return undefined
  return await tryHit(request, wanted)
}

/** With `verify: 'full'`: whether every installed file is what was installed. */
async function isWhole({ spec, signal }: ProvisionRequest, { prefix, sysPrefix }: Stamp): Promise<boolean> {
  if (spec.verify === 'stamp') return true
  return (await findFileProblems(join(prefix, sysPrefix), signal)).length === 0
}

async function buildMissing(request: ProvisionRequest, wanted: Wanted, asked: Asked): Promise<Provisioned> {
  const { place, spec, reporter, signal } = request
  const { key, settings, redact } = wanted
  const helper = wanted.python ?? (await tryFindHelper(request, wanted))
  let miss = await missOf(request, wanted)
  const rights = {
    id: wanted.inPlace === undefined ? key.id : idOfPath(wanted.inPlace),
    python: helper?.base.path,
    env: settings.env,
    limitMs: spec.lockTimeoutMs,
    reporter,
    signal,
    redact,
  }
  let isMine = false
  const work = async ({ didWait }: BuildRight) => {
    isMine = true
    const built = await tryLateHit(request, wanted, asked)
    if (built) return built
    const failure = readNewFailure(place.keyFolder(key.id), asked.failure)
    if (failure) throw failure
    if (didWait) miss = await missOf(request, wanted)
    reporter.miss(miss.reason, miss.changed)
    await wanted.probes.save()
    return { ...(await buildWanted(request, wanted, helper?.base.path)), isHit: false }
  }
  try {
    return await place.exclusively(rights, work)
  } catch (error) {
    throw isMine ? error : explainUnwritable(error, miss)
  }
}

const UNWRITABLE = new Set(['ERR_PYFERRY_PERMISSION_DENIED', 'ERR_PYFERRY_HOME_READ_ONLY', 'ERR_PYFERRY_HOME_UNSAFE'])

/** A folder that is for reading only, as one that came with an image: what helps is why something was to be written. */
function explainUnwritable(error: unknown, { reason, changed, comparedWith }: Miss): unknown {
  if (!(error instanceof MachineError) || !UNWRITABLE.has(error.code)) return error
  const { code, message, hint, cause, phase } = error
  const why = changed.length > 0 ? `${reason}: ${changed.join(', ')}` : reason
  return new MachineError(
    code.slice('ERR_PYFERRY_'.length) as MachineCode,
    `${message}; this environment was to be made in it (${why})`,
    { cause, hint, phase, facts: { ...error.facts, reason, changed, comparedWith } },
  )
}

/** Why it has to be built. */
export async function missOf({ place, isRefresh }: ProvisionRequest, wanted: Wanted): Promise<Miss> {
  if (wanted.inPlace !== undefined) return explainInPlace(wanted.inPlace, wanted.document, isRefresh)
  return await explainMiss(place, wanted, isRefresh)
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

async function buildWanted(request: ProvisionRequest, wanted: Wanted, launcher: string | undefined): Promise<Built> {
  const { place, spec, reporter, signal, wantsLease } = request
  const { choice, source, settings, python, document, key, inPlace, redact } = wanted
  const job = {
    backend: choice.backend,
    spec,
    source,
    python,
    tool: choice.tool,
    launcher,
    document,
    key,
    env: { ...settings.env, ...place.cacheVariables },
    workingFolder: source.workingFolder,
    reporter,
    signal,
    redact,
  }
  try {
    if (inPlace === undefined) return await build({ ...job, place, wantsLease })
    return { stamp: await buildInPlace({ ...job, prefix: inPlace, home: place.home?.home }), lease: undefined }
  } catch (error) {
    if (error instanceof ProvisionError) {
      error.phase ??= reporter.phase
      if (place.kind === 'home') await writeFailure(place.keyFolder(key.id), error).catch(() => {})
    }
    throw error
  }
}

/** The name of a lock for a folder elsewhere. */
function idOfPath(path: string): string {
  return encodeId(createHash('sha256').update(`in-place\0${path}`).digest())
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
