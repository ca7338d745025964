/** The door: options in, plain data or one typed error out. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { assertKnownOptions, isPyferryError, OptionError } from '@pyferry/errors'
import { installerEnvironment } from './child-environment.js'
import { type CollectRequest, collect, nothingPruned, type PruneReport } from './collect.js'
import { collectDaily } from './collect-daily.js'
import type { CollectRules } from './decide-collection.js'
import { type DoctorReport, doctor } from './doctor.js'
import { describeEnvironment, describeExisting, type Environment } from './environment.js'
import { InternalError, InterpreterError, ProvisionError, SpecError } from './errors.js'
import { type ProvisionEvent, Reporter } from './events.js'
import { useInterpreter } from './existing.js'
import { type ExportFormat, exportEnvironment } from './export.js'
import { findPython } from './find-python.js'
import { chooseHome, prepareHome } from './home.js'
import { isEnvironmentId } from './layout.js'
import { type EnvironmentRow, type ListOptions, list } from './list.js'
import { integerBetween, numberFrom, oneOf, readBoolean, readText } from './option-readers.js'
import { type HomePlace, isHome, openBaseDir, openHome, type Place } from './place.js'
import { type Plan, plan } from './plan.js'
import { DeferredProbes } from './probes.js'
import { type ProvisionRequest, provision } from './provision.js'
import { makeRedactor } from './redact.js'
import { removeEnvironment } from './remove-environment.js'
import { type EnvironmentSpec, resolveSpec } from './spec.js'
import { type Limit, makeStop } from './stop.js'
import type { ToolOptions } from './tools/options.js'
import { type Why, whyId, whySpec } from './why.js'

export interface ProvisionerOptions extends ToolOptions {
  /**
   * The folder that holds the environments of all programs that name it; relative to the current folder. Created when it is missing.
   * @default PYFERRY_HOME, then `pyferry` in the user's cache folder
   */
  home?: string
  /** A private folder instead, for one environment and one owner at a time; relative to the current folder. */
  baseDir?: string
  /**
   * What a home removes by itself, at most once a day and after something was built: environments that nobody has used for
   * `maxAgeDays`, and generations before the newest `keepPrevious`. Never what is in use. `false`: nothing.
   * @default { maxAgeDays: 30, keepPrevious: 1 }
   */
  collect?: Partial<CollectRules> | false
}

export interface WorkOptions {
  /** Ends the work: ABORTED. */
  signal?: AbortSignal
  /** Told what is going on; synchronously, so keep it short. */
  onEvent?: (event: ProvisionEvent) => void
}

export interface EnsureOptions extends WorkOptions {
  /** Ends the work: an installer's whole process tree is killed, and nothing half-made is left. */
  signal?: AbortSignal
  /**
   * Say that the environment is used until `release()` or the end of this process, so that it is not collected meanwhile. `false`:
   * a hit writes nothing at all. @default true
   */
  lease?: boolean
  /** Build it anew, though it is there: an unlocked requirement may be answered otherwise today. @default false */
  refresh?: boolean
}

export interface PruneOptions extends WorkOptions {
  /** Tell what would go, and leave it. @default false */
  dryRun?: boolean
  /** Environments that nobody has used for so long go; 0: all that nobody uses now. @default as in `collect`, 30 */
  maxAgeDays?: number
}

export interface PlanOptions extends WorkOptions {
  /** As for `ensure`. @default false */
  refresh?: boolean
}

export interface ExportOptions extends WorkOptions {
  format: ExportFormat
}

export interface DoctorOptions extends WorkOptions {
  /** Look at every installed file and its hash. @default false */
  deep?: boolean
  /** Build what is broken or stale anew; where that needs a file or a login, have the next `ensure` do so. @default false */
  repair?: boolean
}

export interface RemoveOptions extends WorkOptions {
  /** Remove it though somebody uses it. @default false */
  force?: boolean
}

const optionNames = ['home', 'baseDir', 'uvPath', 'pixiPath', 'collect'] as const

const DEFAULT_RULES: CollectRules = { maxAgeDays: 30, keepPrevious: 1 }

/** What every method works with. */
type Work = Pick<ProvisionRequest, 'place' | 'tools' | 'env' | 'reporter' | 'signal'>

export class Provisioner {
  readonly #options: ProvisionerOptions
  readonly #rules: CollectRules
  readonly #collectsDaily: boolean

  /**
   * Touches nothing.
   *
   * @throws OptionError
   */
  constructor(options: ProvisionerOptions = {}) {
    if (typeof options !== 'object' || options === null)
      throw new OptionError('options', options, 'an object of options')
    assertKnownOptions(options, optionNames)
    for (const name of ['home', 'baseDir', 'uvPath', 'pixiPath'] as const) {
      if (options[name] !== undefined) readText(options[name], name)
    }
    const { home, baseDir, collect: rules } = options
    if (home !== undefined && baseDir !== undefined) {
      throw new OptionError('baseDir', baseDir, 'left out beside home', { hint: 'a private folder, or a shared one' })
    }
    this.#options = { ...options, ...(baseDir !== undefined && { baseDir: resolve(baseDir) }) }
    this.#rules = readRules(rules)
    this.#collectsDaily = rules !== false
  }

  /**
   * Give an environment as `spec` describes it, building it when it is absent or something in it would be different. What is
   * there already is known by a few small files; no process is started for it, but to ask a shim what it stands for.
   *
   * In a home, programs that ask the same at the same time build once. In a private folder a change builds a new generation and then
   * removes the one before: own it with `claimBaseDir` while a worker runs from it.
   *
   * @throws OptionError for bad options
   * @throws ProvisionError, see its tree; ABORTED has `signal.reason` as its `cause`
   */
  async ensure(spec: EnvironmentSpec = {}, options: EnsureOptions = {}): Promise<Environment> {
    const resolved = resolveSpec(spec)
    assertKnownOptions(options, ['signal', 'onEvent', 'lease', 'refresh'])
    const { lease = true, refresh = false } = options
    const wantsLease = readBoolean(lease, 'lease')
    const isRefresh = readBoolean(refresh, 'refresh')
    const limit = { limitMs: resolved.buildTimeoutMs, what: 'the environment', option: 'buildTimeoutMs' }
    return await this.#work(options, limit, async (work) => {
      const request: ProvisionRequest = { ...work, spec: resolved, wantsLease, isRefresh }
      const { interpreter } = resolved
      if (interpreter !== undefined) return describeExisting(await useInterpreter(interpreter, request))
      const provisioned = await provision(request)
      if (!provisioned.isHit) this.#collectLater(work)
      return describeEnvironment(provisioned)
    })
  }

  /**
   * Remove from the home what nobody needs: environments unused for `maxAgeDays`, generations that were replaced, what killed programs
   * left behind, tools and Pythons that nothing was made with. Never what somebody has a lease on.
   *
   * @returns what went, what stays, and what could not be removed: a file that is in use (Windows), a key that is being built
   * @throws SpecError (SPEC_INVALID) for a private folder: that is cleaned up by whoever owns it
   * @throws MachineError PERMISSION_DENIED, HOME_READ_ONLY, HOME_UNSAFE
   */
  async prune(options: PruneOptions = {}): Promise<PruneReport> {
    assertKnownOptions(options, ['signal', 'onEvent', 'dryRun', 'maxAgeDays'])
    const isDryRun = readBoolean(options.dryRun ?? false, 'dryRun')
    const maxAgeDays = numberFrom(0)(options.maxAgeDays ?? this.#rules.maxAgeDays, 'maxAgeDays')
    return await this.#work(options, undefined, async (work) => {
      const place = homeOf(work, 'prune')
      if (!isMarked(place)) return nothingPruned()
      if (!isDryRun) await prepareHome(place.path)
      work.reporter.enter('collect')
      return await collect({ ...collectRequest(work, place), rules: { ...this.#rules, maxAgeDays }, isDryRun })
    })
  }

  /**
   * Remove one environment from the home, whenever it was used. Nothing there is fine.
   *
   * @throws StateError (ENV_IN_USE) when somebody uses it, unless `force`; also then when somebody is building it
   * @throws SpecError (SPEC_INVALID) for a private folder: see `removeBaseDir`
   */
  async remove(id: string, options: RemoveOptions = {}): Promise<Pick<PruneReport, 'removed' | 'bytes'>> {
    readId(id)
    assertKnownOptions(options, ['signal', 'onEvent', 'force'])
    const isForced = readBoolean(options.force ?? false, 'force')
    return await this.#work(options, undefined, async (work) => {
      const place = homeOf(work, 'remove')
      if (!isMarked(place)) return nothingPruned()
      await prepareHome(place.path)
      work.reporter.enter('collect', id)
      return await removeEnvironment({ ...collectRequest(work, place), id, isForced })
    })
  }

  /**
   * List what is there, by id. Nothing is started and nothing written.
   *
   * @throws MachineError HOME_UNSAFE, HOME_INCOMPATIBLE
   */
  async list(options: ListOptions & WorkOptions = {}): Promise<EnvironmentRow[]> {
    assertKnownOptions(options, ['signal', 'onEvent', 'sizes'])
    const sizes = readBoolean(options.sizes ?? true, 'sizes')
    return await this.#work(options, undefined, ({ place }) => list(place, { sizes }))
  }

  /**
   * Tell what `ensure(spec)` would do: what it would take from where, whether it is there, else why not and which commands would run.
   * Nothing is written and nothing fetched.
   *
   * @throws as `ensure`, for a spec that cannot be understood and where no Python fits
   */
  async plan(spec: EnvironmentSpec = {}, options: PlanOptions = {}): Promise<Plan> {
    const request = this.#readPlan(spec, options)
    return await this.#work(options, undefined, (work) => plan({ ...work, ...request }))
  }

  /**
   * Tell why an environment is another than its nearest neighbour, or why one would be built for a spec: which inputs differ, with
   * their values before and after.
   *
   * @throws SpecError SOURCE_MISSING for an id that is not there; SPEC_INVALID for an id in a private folder
   */
  async why(subject: string | EnvironmentSpec, options: WorkOptions = {}): Promise<Why> {
    assertKnownOptions(options, ['signal', 'onEvent'])
    if (typeof subject === 'string') {
      const id = readId(subject)
      return await this.#work(options, undefined, (work) => whyId(homeOf(work, 'why'), id))
    }
    const request = this.#readPlan(subject, {})
    return await this.#work(options, undefined, (work) => whySpec({ ...work, ...request }))
  }

  /**
   * Look at the home, the tools, the Pythons and every environment, and tell what is wrong with each and why.
   *
   * `deep` looks at every installed file and its hash. `repair` takes the pointer from what is broken or stale; what runs from it goes
   * on, and the collector removes it later. In a home, what was made of requirements alone is built anew at once, as `ensure` would
   * build it with the variables of now; of the rest the next `ensure` builds another generation. The answer says which was done.
   */
  async doctor(options: DoctorOptions = {}): Promise<DoctorReport> {
    assertKnownOptions(options, ['signal', 'onEvent', 'deep', 'repair'])
    const isDeep = readBoolean(options.deep ?? false, 'deep')
    const isRepair = readBoolean(options.repair ?? false, 'repair')
    return await this.#work(options, undefined, (work) => doctor(work, { isDeep, isRepair }))
  }

  /**
   * Give an environment as a file that makes it again elsewhere: requirements with hashes, or `pylock.toml`. Of one that uv has made
   * the index is asked for the hashes.
   *
   * @throws SpecError SOURCE_MISSING for an id that is not there; SPEC_INVALID for what such a file cannot name
   * @throws StateError (ENV_BROKEN)
   */
  async exportEnvironment(environment: string | { id: string }, options: ExportOptions): Promise<string> {
    const id = readId(typeof environment === 'string' ? environment : environment?.id)
    assertKnownOptions(options, ['signal', 'onEvent', 'format'])
    const format = oneOf('requirements', 'pylock')(options.format, 'format')
    return await this.#work(options, undefined, (work) =>
      exportEnvironment({ ...work, redact: makeRedactor(work.env) }, id, format),
    )
  }

  #readPlan(spec: EnvironmentSpec, options: PlanOptions): Pick<ProvisionRequest, 'spec' | 'wantsLease' | 'isRefresh'> {
    assertKnownOptions(options, ['signal', 'onEvent', 'refresh'])
    const resolved = resolveSpec(spec)
    if (resolved.interpreter !== undefined) {
      throw new OptionError('interpreter', spec.interpreter, 'left out: of one that is there, nothing is made')
    }
    return { spec: resolved, wantsLease: false, isRefresh: readBoolean(options.refresh ?? false, 'refresh') }
  }

  /** One piece of work from its first event to its last. */
  async #work<T>(options: WorkOptions, limit: Limit | undefined, work: (work: Work) => Promise<T>): Promise<T> {
    const { signal, onEvent } = readWorkOptions(options)
    const stop = makeStop(signal, limit)
    const reporter = new Reporter(onEvent)
    try {
      const { uvPath, pixiPath } = this.#options
      // A copy: every look at the original is a call out of JavaScript, and they are many.
      const env = { ...process.env }
      const place = await this.#open(reporter)
      const done = await work({ place, tools: { uvPath, pixiPath }, env, reporter, signal: stop.signal })
      reporter.enter('done')
      reporter.leave()
      return done
    } catch (error) {
      reporter.leave()
      throw explain(error, reporter)
    } finally {
      stop.dispose()
    }
  }

  async #open(reporter: Reporter): Promise<Place> {
    const { home, baseDir } = this.#options
    if (baseDir !== undefined) return await openBaseDir(baseDir)
    const choice = chooseHome(home, process.env)
    if (choice.warning !== undefined) reporter.warning('temporary-home', choice.warning)
    return await openHome(choice)
  }

  #collectLater(work: Work): void {
    const { place } = work
    if (isHome(place) && this.#collectsDaily) collectDaily({ ...collectRequest(work, place), rules: this.#rules })
  }
}

/** Errors of ours are what they are; any other is a fault of ours, or one of the system that nobody expected. */
function explain(error: unknown, { phase }: Reporter): unknown {
  if (!isPyferryError(error)) {
    return new InternalError(`an unexpected error in ${phase}: ${(error as Error | undefined)?.message}`, {
      cause: error,
      phase,
    })
  }
  if (error instanceof ProvisionError) error.phase ??= phase
  return error
}

function collectRequest(work: Work, place: HomePlace): Omit<CollectRequest, 'rules' | 'isDryRun'> {
  const { env, reporter, signal } = work
  return {
    place,
    findPython: () => tryFindPython(work),
    env: installerEnvironment(env),
    reporter,
    signal,
    redact: makeRedactor(env),
  }
}

async function tryFindPython({ place, env, signal }: Work): Promise<string | undefined> {
  try {
    return (await findPython('auto', { env, signal, probes: new DeferredProbes(place.probesDir) })).base.path
  } catch (error) {
    if (error instanceof InterpreterError) return undefined
    throw error
  }
}

/** @throws SpecError (SPEC_INVALID) */
function homeOf({ place }: Work, what: string): HomePlace {
  if (isHome(place)) return place
  throw new SpecError('SPEC_INVALID', `${what} is for a home, and ${place.path} is a private folder`, {
    hint: 'its owner cleans it up by building; removeBaseDir removes it',
    facts: { path: place.path },
  })
}

/** A folder without the mark is none of ours: nothing in it is looked at, let alone removed. */
function isMarked({ home }: HomePlace): boolean {
  return existsSync(home.marker)
}

function readWorkOptions({ signal, onEvent }: WorkOptions): WorkOptions {
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw new OptionError('signal', signal, 'an AbortSignal')
  if (onEvent !== undefined && typeof onEvent !== 'function') throw new OptionError('onEvent', onEvent, 'a function')
  return { ...(signal && { signal }), ...(onEvent && { onEvent }) }
}

function readRules(rules: ProvisionerOptions['collect']): CollectRules {
  if (rules === undefined || rules === false) return DEFAULT_RULES
  if (typeof rules !== 'object' || rules === null) {
    throw new OptionError('collect', rules, 'an object of options, or false')
  }
  assertKnownOptions(rules, ['maxAgeDays', 'keepPrevious'], 'collect.')
  const { maxAgeDays = DEFAULT_RULES.maxAgeDays, keepPrevious = DEFAULT_RULES.keepPrevious } = rules
  return {
    maxAgeDays: numberFrom(0)(maxAgeDays, 'collect.maxAgeDays'),
    keepPrevious: integerBetween(0, Number.MAX_SAFE_INTEGER)(keepPrevious, 'collect.keepPrevious'),
  }
}

function readId(id: unknown): string {
  if (isEnvironmentId(id)) return id
  throw new OptionError('id', id, 'the id of an environment: 16 characters of a-z and 2-7')
}
