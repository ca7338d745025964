/** The door: options in, an environment or one typed error out. */
import { join, resolve } from 'node:path'
import { assertKnownOptions, isPyferryError, OptionError } from '@pyferry/errors'
import { InternalError, ProvisionError } from './errors.js'
import { type ProvisionEvent, Reporter } from './events.js'
import { type Existing, useInterpreter } from './existing.js'
import { chooseHome } from './home.js'
import type { BackendName } from './key.js'
import { readBoolean, readText } from './option-readers.js'
import { openBaseDir, openHome, type Place } from './place.js'
import { type Provisioned, type ProvisionRequest, provision } from './provision.js'
import { type EnvironmentSpec, resolveSpec } from './spec.js'
import { makeStop } from './stop.js'
import type { ToolOptions } from './tools/options.js'

export interface ProvisionerOptions extends ToolOptions {
  /**
   * The folder that holds the environments of all programs that name it; relative to the current folder. Created when it is missing.
   * @default PYFERRY_HOME, then `pyferry` in the user's cache folder
   */
  home?: string
  /** A private folder instead, for one environment and one owner at a time; relative to the current folder. */
  baseDir?: string
}

export interface EnsureOptions {
  /** Ends the work: an installer's whole process tree is killed, and nothing half-made is left. */
  signal?: AbortSignal
  /** Told what is going on; synchronously, so keep it short. */
  onEvent?: (event: ProvisionEvent) => void
  /**
   * Say that the environment is used until `release()` or the end of this process, so that it is not collected meanwhile. `false`:
   * a hit writes nothing at all. @default true
   */
  lease?: boolean
  /** Build it anew, though it is there: an unlocked requirement may be answered otherwise today. @default false */
  refresh?: boolean
}

/** An environment that is ready. A plain value: keep it, print it, send it. Its methods are not part of it then. */
export interface Environment {
  /** Of the key: the same for the same question. 16 characters. */
  id: string
  /** Of this build of it; `''` of an interpreter that was there. */
  generation: string
  /** Who made it; `'none'`: it was there. */
  backend: BackendName | 'none'
  /** `sys.prefix`. */
  prefix: string
  /** Path of the interpreter in it; not to be resolved, the link is what makes it this environment's. */
  python: string
  /** `'3.11.7'` */
  pythonVersion: string
  /** What is installed, sorted by normalised name; not looked at in an interpreter that was there. */
  packages: { name: string; version: string }[]
  /** Variables that a program in it needs; none but for pixi's. `PATH` is what to put in front of the program's own. */
  activation: Record<string, string>
  /** Whether it was there already. */
  hit: boolean
  /** Say that it is not used any more. Safe to call again. */
  release(): void
  [Symbol.dispose](): void
}

export class Provisioner {
  readonly #options: ProvisionerOptions

  /**
   * Touches nothing.
   *
   * @throws OptionError
   */
  constructor(options: ProvisionerOptions = {}) {
    if (typeof options !== 'object' || options === null)
      throw new OptionError('options', options, 'an object of options')
    assertKnownOptions(options, ['home', 'baseDir', 'uvPath', 'pixiPath'])
    for (const name of ['home', 'baseDir', 'uvPath', 'pixiPath'] as const) {
      if (options[name] !== undefined) readText(options[name], name)
    }
    const { home, baseDir } = options
    if (home !== undefined && baseDir !== undefined) {
      throw new OptionError('baseDir', baseDir, 'left out beside home', { hint: 'a private folder, or a shared one' })
    }
    this.#options = { ...options, ...(baseDir !== undefined && { baseDir: resolve(baseDir) }) }
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
    const { signal, onEvent, wantsLease, isRefresh } = readEnsureOptions(options)
    const limitMs = resolved.buildTimeoutMs
    const stop = makeStop(signal, { limitMs, what: 'the environment', option: 'buildTimeoutMs' })
    const reporter = new Reporter(onEvent)
    try {
      const place = await this.#open(reporter)
      const { uvPath, pixiPath } = this.#options
      const request: ProvisionRequest = {
        place,
        spec: resolved,
        tools: { uvPath, pixiPath },
        env: process.env,
        reporter,
        signal: stop.signal,
        wantsLease,
        isRefresh,
      }
      const { interpreter } = resolved
      const environment =
        interpreter === undefined
          ? describeEnvironment(await provision(request))
          : describeExisting(await useInterpreter(interpreter, request))
      reporter.enter('done')
      reporter.leave()
      return environment
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

function readEnsureOptions(options: EnsureOptions) {
  assertKnownOptions(options, ['signal', 'onEvent', 'lease', 'refresh'])
  const { signal, onEvent, lease = true, refresh = false } = options
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw new OptionError('signal', signal, 'an AbortSignal')
  if (onEvent !== undefined && typeof onEvent !== 'function') throw new OptionError('onEvent', onEvent, 'a function')
  return {
    signal,
    onEvent,
    wantsLease: readBoolean(lease, 'lease'),
    isRefresh: readBoolean(refresh, 'refresh'),
  }
}

function describeEnvironment({ stamp, lease, isHit }: Provisioned): Environment {
  const environment: PlainEnvironment = {
    id: stamp.id,
    generation: stamp.gen,
    backend: stamp.backend,
    prefix: join(stamp.prefix, stamp.sysPrefix),
    python: join(stamp.prefix, stamp.exe),
    pythonVersion: stamp.pythonVersion,
    packages: stamp.packages.map(({ name, version }) => ({ name, version })),
    activation: { ...stamp.activation },
    hit: isHit,
  }
  return withRelease(environment, () => lease?.release())
}

function describeExisting({ id, python, info }: Existing): Environment {
  const environment: PlainEnvironment = {
    id,
    generation: '',
    backend: 'none',
    prefix: info.ownPrefix,
    python,
    pythonVersion: info.version,
    packages: [],
    activation: {},
    hit: true,
  }
  return withRelease(environment, () => {})
}

type PlainEnvironment = Omit<Environment, 'release' | typeof Symbol.dispose>

/** The methods are hidden: printing, comparing and sending see the plain value alone. */
function withRelease(environment: PlainEnvironment, release: () => void): Environment {
  const hidden = { value: release, enumerable: false }
  return Object.defineProperties(environment, { release: hidden, [disposeSymbol]: hidden }) as Environment
}

/** Node 20 has it under this name from 20.5 on. */
const disposeSymbol: typeof Symbol.dispose = Symbol.dispose ?? (Symbol.for('nodejs.dispose') as never)
