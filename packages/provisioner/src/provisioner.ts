/** The door: options in, an environment or one typed error out. */
import { resolve } from 'node:path'
import { assertKnownOptions, OptionError } from '@pyferry/errors'
import { ProvisionError } from './errors.js'
import { type ProvisionEvent, Reporter } from './events.js'
import { generationLayout } from './layout.js'
import { type Provisioned, provision } from './provision.js'
import { assertText, type EnvironmentSpec, resolveSpec } from './spec.js'
import { makeStop } from './stop.js'

export interface ProvisionerOptions {
  /** The folder to keep the environment in; relative to the current folder. Created when it is missing. */
  baseDir: string
}

export interface EnsureOptions {
  /** Ends the work: an installer's whole process tree is killed, and nothing half-made is left. */
  signal?: AbortSignal
  /** Told what is going on; synchronously, so keep it short. */
  onEvent?: (event: ProvisionEvent) => void
}

/** An environment that is ready. A plain value: keep it, print it, send it. */
export interface Environment {
  /** Of the key: the same for the same question. 16 characters. */
  id: string
  /** Of this build of it. */
  generation: string
  /** Folder of the virtual environment: `sys.prefix`. */
  prefix: string
  /** Path of the interpreter in it; not to be resolved, the link is what makes it this environment's. */
  python: string
  /** `'3.11.7'` */
  pythonVersion: string
  /** What is installed, sorted by normalised name. */
  packages: { name: string; version: string }[]
  /** Whether it was there already. */
  hit: boolean
  /** Absolute, with no symbolic link in it. */
  baseDir: string
  metaDir: string
}

/** Work on one folder, one after the other: the second of two that ask the same finds what the first has built. */
const turns = new Map<string, Promise<unknown>>()

export class Provisioner {
  readonly #baseDir: string

  /**
   * Touches nothing.
   *
   * @throws OptionError
   */
  constructor(options: ProvisionerOptions) {
    if (typeof options !== 'object' || options === null)
      throw new OptionError('options', options, 'an object of options')
    assertKnownOptions(options, ['baseDir'])
    assertText('baseDir', options.baseDir)
    this.#baseDir = resolve(options.baseDir)
  }

  /**
   * Give an environment as `spec` describes it, building it when it is absent or something in it would be different. What is
   * there already is known by a few small files; no process is started for it, but to ask a shim what it stands for.
   *
   * A change builds a new generation and then removes the one before. Own the folder with `claimBaseDir` while a worker runs
   * from it; without that, `ensure` owns it while it builds.
   *
   * @throws OptionError for bad options
   * @throws ProvisionError, see its tree; ABORTED has `signal.reason` as its `cause`
   */
  async ensure(spec: EnvironmentSpec, options: EnsureOptions = {}): Promise<Environment> {
    const resolved = resolveSpec(spec)
    assertKnownOptions(options, ['signal', 'onEvent'])
    const { signal, onEvent } = options
    if (signal !== undefined && !(signal instanceof AbortSignal))
      throw new OptionError('signal', signal, 'an AbortSignal')
    if (onEvent !== undefined && typeof onEvent !== 'function') throw new OptionError('onEvent', onEvent, 'a function')
    const { buildTimeoutMs: limitMs } = resolved
    const stop = makeStop(signal, { limitMs, what: 'the environment', option: 'buildTimeoutMs' })
    const reporter = new Reporter(onEvent)
    try {
      const done = await takeTurn(this.#baseDir, stop.signal, () =>
        provision({ baseDir: this.#baseDir, spec: resolved, env: process.env, reporter, signal: stop.signal }),
      )
      reporter.enter('done')
      reporter.leave()
      return describeEnvironment(done)
    } catch (error) {
      if (error instanceof ProvisionError) error.phase ??= reporter.phase
      reporter.leave()
      throw error
    } finally {
      stop.dispose()
    }
  }
}

async function takeTurn<T>(baseDir: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const before = turns.get(baseDir)
  const run = (async () => {
    if (before) await waitUnlessAborted(before, signal)
    return await work()
  })()
  // Given up while waiting, the turn is still no shorter than the one before.
  const turn = Promise.allSettled([before, run])
  turns.set(baseDir, turn)
  void turn.then(() => {
    if (turns.get(baseDir) === turn) turns.delete(baseDir)
  })
  return await run
}

function waitUnlessAborted(before: Promise<unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    void before.then(() => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    })
  })
}

function describeEnvironment({ stamp, layout, isHit }: Provisioned): Environment {
  const { prefix, python } = generationLayout(layout, stamp.gen)
  return {
    id: stamp.id,
    generation: stamp.gen,
    prefix,
    python,
    pythonVersion: stamp.python.info.version,
    packages: stamp.packages.map(({ name, version }) => ({ name, version })),
    hit: isHit,
    baseDir: layout.baseDir,
    metaDir: layout.metaDir,
  }
}
