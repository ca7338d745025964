/**
 * One Python environment with one warm worker in it: the whole of section V of the contract, composed.
 *
 *     call  ─▶ id ─▶ result cache (register) ─▶ worker (submit)
 *     await ◀─────── result cache (wait)     ◀─ worker (the call's end)
 *
 * The provisioner makes the folder with Python in it, the worker runs it, the result cache holds what came back; none of them
 * knows another.
 */
import { existsSync } from 'node:fs'
import { assertKnownOptions, OptionError } from '@pyferry/errors'
import { type Environment, type ProvisionEvent, Provisioner } from '@pyferry/provisioner'
import { type Outcome, ResultCache, resolveWaitOptions } from '@pyferry/result-cache'
import {
  type CallEnd,
  ClosedError,
  callSafely,
  hostEnvironment,
  type Launch,
  type LivenessEvents,
  type LivenessState,
  type PendingCall,
  reportFailure,
  TailFile,
  Worker,
  type WorkerState,
  workerLaunch,
} from '@pyferry/supervisor'
import { activate } from './activation.js'
import { arrowBridge } from './arrow.js'
import { AwaitedCall } from './awaited-call.js'
import {
  type Arguments,
  type CallPromise,
  type CallResult,
  deliver,
  type Failure,
  located,
  relocated,
  singleArgument,
  spreadArguments,
} from './call.js'
import { newCallId } from './call-id.js'
import { claimFolder, type Folder, makeTemporaryFolder } from './folder.js'
import {
  type Functions,
  type FunctionTypes,
  makeFunctions,
  type SpreadForms,
  type UntypedFunctions,
} from './functions.js'
import { environmentSpec, type ResolvedOptions, readValues, resolveOptions, type VenvConfig } from './options.js'

export interface StartOptions {
  /** Aborts the start: an installer's whole process tree is killed. */
  signal?: AbortSignal
  /** Told what the making of the environment is doing. */
  onProgress?: (event: ProvisionEvent) => void
}

export interface AwaitOptions {
  /** Ends the wait, not the call: await the same id again later. */
  signal?: AbortSignal
  /** Ends the wait after so many milliseconds, not the call. @default none */
  timeoutMs?: number
}

export interface CallOptions {
  /** How the result of this call is wanted; see the option of the `Venv`. @default what the `Venv` was told */
  values?: 'faithful' | 'json'
}

export class Venv<F extends FunctionTypes<F> = UntypedFunctions> {
  readonly #options: ResolvedOptions
  readonly #worker: Worker
  readonly #results: ResultCache<unknown, Failure>
  readonly #progress = new Set<(event: ProvisionEvent) => void>()
  /** What stops each listener, by event. */
  readonly #listeners = { ready: new Map<unknown, () => void>(), died: new Map<unknown, () => void>() }
  #folder: Folder | undefined
  #environment: Environment | undefined
  /** Whether a worker has run in the environment: it is known to work then. */
  #wasReady = false
  #tails: { stdout: TailFile; stderr: TailFile } | undefined
  /** Waits in the result cache, and calls that are awaited without it. */
  #parkedCount = 0
  #awaitedCount = 0
  #release: (() => void) | undefined
  #closing: Promise<void> | undefined

  /** Python functions as methods: `py.functions.add(3, 4)`. */
  readonly functions: Functions<F>

  /**
   * Check the configuration; touch neither disk nor processes (V-1).
   *
   * @throws OptionError
   */
  constructor(config: VenvConfig = {}) {
    const options = resolveOptions(config)
    this.#options = options
    this.#results = new ResultCache<unknown, Failure>({
      ttlMs: options.resultTtlMs,
      ...(options.maxResults !== undefined && { maxResults: options.maxResults }),
      onWaiters: (count) => this.#onWaiters(count),
    })
    this.#worker = new Worker({
      definition: options,
      threads: options.threads,
      ...(options.maxQueue !== undefined && { maxQueue: options.maxQueue }),
      maxFrameBytes: options.maxFrameBytes,
      ...(options.maxPayloadBytes !== undefined && { maxPayloadBytes: options.maxPayloadBytes }),
      ...(options.maxResultBytes !== undefined && { maxResultBytes: options.maxResultBytes }),
      startTimeoutMs: options.startTimeoutMs,
      closeGraceMs: options.closeGraceMs,
      protocol: options.protocol,
      strictValues: options.strictValues,
      values: options.values,
      conversions: { arrow: arrowBridge, ...(!options.codecs.isEmpty && { codecs: options.codecs }) },
      ...(options.spin && { spin: options.spin }),
      stdout: options.stdout,
      stderr: options.stderr,
      tails: () => this.#tails,
      ...(options.logger && { logger: options.logger }),
      onCallEnd: (call, end, isClosed) => this.#onCallEnd(call, end, isClosed),
    })
    if (options.onLiveness) this.#worker.onLiveness(undefined, options.onLiveness)
    this.functions = makeFunctions<F>((name, ...args) => this.invoke(name, ...args))
  }

  /** Construct and start in one. @throws what the constructor and `start()` throw; nothing is left behind then */
  static async start<F extends FunctionTypes<F> = UntypedFunctions>(
    config: VenvConfig = {},
    options: StartOptions = {},
  ): Promise<Venv<F>> {
    const venv = new Venv<F>(config)
    try {
      await venv.start(options)
      return venv
    } catch (error) {
      await venv
        .close()
        .catch((second) => reportFailure(config.logger, 'closing after a failed start failed too', second))
      throw error
    }
  }

  /** `'idle'`, `'starting'`, `'ready'`, `'died'`, `'closing'` or `'closed'`. */
  get state(): WorkerState {
    return this.#worker.state
  }

  /** Process id of the worker while it lives. */
  get pid(): number | undefined {
    return this.#worker.pid
  }

  /** `'3.11.7'`; known once an environment or a worker was there. */
  get pythonVersion(): string | undefined {
    return this.#worker.pythonVersion ?? this.#environment?.pythonVersion
  }

  /**
   * What was made for the worker: a plain value with id, packages and Python. `undefined` before the first start, and with
   * `interpreter` or `launcher`, where nothing is made.
   */
  get environment(): Environment | undefined {
    return this.#environment
  }

  /** Finished results nobody has fetched yet. */
  get resultCount(): number {
    return this.#results.resultCount
  }

  /**
   * Make the environment if it is absent or its requirements changed, start the worker, define the sources (V-3). Calls at the
   * same time share one start; when ready it does nothing; after a failure or a death it may be called again.
   *
   * @throws StartError, ClosedError, `signal.reason`, OptionError, or the provisioner's error as it is
   */
  async start(options: StartOptions = {}): Promise<void> {
    assertKnownOptions(options, ['signal', 'onProgress'])
    const { signal, onProgress } = options
    if (signal !== undefined && !(signal instanceof AbortSignal))
      throw new OptionError('signal', signal, 'an AbortSignal')
    if (onProgress !== undefined && typeof onProgress !== 'function') {
      throw new OptionError('onProgress', onProgress, 'a function')
    }
    // One entry a start: two that share a callback must not take it from each other.
    const display = onProgress && ((event: ProvisionEvent) => onProgress(event))
    if (display) this.#progress.add(display)
    try {
      await this.#worker.start((aborted) => this.#prepare(aborted), { signal })
      this.#wasReady = true
    } finally {
      if (display) this.#progress.delete(display)
    }
  }

  /**
   * Call `fn` with one argument and return the call's id at once (V-5); `None` is passed when `value` is left out.
   *
   * @returns 32 lower-case hex characters
   * @throws UnserializableError, FrameTooLargeError, NotStartedError, DiedError, ClosedError, QueueFullError
   */
  call(fn: string, value?: unknown, options?: CallOptions): string {
    if (options !== undefined) assertKnownOptions(options, ['values'])
    return this.#submit(fn, { ...singleArgument(value), ...wanted(options) }, this.call)
  }

  /**
   * Wait for a call and consume its outcome (V-7, V-8). A wait that expires or is aborted neither cancels nor consumes the call.
   *
   * @throws PythonError, FunctionNotFoundError, DiedError, ClosedError: the call's own outcome
   * @throws UnknownCallError, AwaitTimeoutError, `signal.reason`: the wait's
   */
  async await<T = unknown>(id: string, options?: AwaitOptions): Promise<T> {
    let outcome: Outcome<unknown, Failure>
    try {
      outcome = await this.#results.wait(id, options)
    } catch (error) {
      throw relocated(error, this.await)
    }
    return deliver<T>(outcome)
  }

  /** `call` and `await` in one step (V-10). Aborted before it begins, nothing is sent; later, the call goes on. */
  callAndAwait<T = unknown>(fn: string, value?: unknown, options?: AwaitOptions & CallOptions): Promise<T> {
    if (options !== undefined) return this.#callAndAwaitSo<T>(fn, value, options)
    return new Promise<T>((resolve) => {
      const call = new AwaitedCall(checkedName(fn), this.#callSite(this.callAndAwait), resolve as never)
      this.#worker.submit(call, singleArgument(value))
      this.#setAwaited(+1)
    })
  }

  /**
   * Call `fn` with any number of arguments, `kwargs({ … })` last for keywords (V-6).
   *
   * @returns a promise that is waiting already and never throws where it is made; its `id` is the call's
   */
  invoke<T = unknown>(fn: string, ...args: unknown[]): CallPromise<T> {
    return this.#invoke<T>(fn, args, { call: {}, wait: {} }, this.invoke)
  }

  /**
   * Give the forms of a call whose arguments are spread the options of `callAndAwait` (V-6):
   * `py.with({ signal }).invoke('add', 3, 4)`, `py.with({ values: 'json' }).functions.tags()`. Keep it and use it as often as you like.
   *
   * @throws OptionError
   */
  with(options: AwaitOptions & CallOptions): SpreadForms<F> {
    const separated = separate(options)
    const invoke = <T>(fn: string, ...args: unknown[]): CallPromise<T> => this.#invoke<T>(fn, args, separated, invoke)
    return { invoke, functions: makeFunctions<F>(invoke) }
  }

  /**
   * Look at a call without waiting (V-9): pending, or its outcome, which is consumed.
   *
   * @throws UnknownCallError
   */
  result<T = unknown>(id: string): CallResult<T> {
    const outcome = this.#results.take(id)
    if (outcome.state === 'failed') return { state: 'failed', error: located(outcome.error, this.result) }
    return outcome as CallResult<T>
  }

  /** Tell where a call is without consuming it (V-9). @throws UnknownCallError */
  peek(id: string): 'queued' | 'running' | 'done' | 'failed' {
    const state = this.#results.peek(id)
    return state === 'pending' ? (this.#worker.stateOf(id) ?? 'running') : state
  }

  /** The worker's and the installer's most recent output on stdout, from the tail files; empty before the start (V-16). */
  tailStdout(): string {
    return this.#tails?.stdout.read() ?? ''
  }

  /** The same of stderr. */
  tailStderr(): string {
    return this.#tails?.stderr.read() ?? ''
  }

  /** Listen: `ready` after each real start, `died` with the error when a ready worker ended unexpectedly (V-13). */
  on<E extends LivenessState>(event: E, listener: LivenessEvents[E]): this {
    if (event !== 'ready' && event !== 'died') throw new OptionError('event', event, "'ready' or 'died'")
    if (typeof listener !== 'function') throw new OptionError('listener', listener, 'a function')
    this.off(event, listener)
    const stop = this.#worker.onLiveness(event, (_, error) => (listener as (error?: Error) => void)(error))
    this.#listeners[event].set(listener, stop)
    return this
  }

  /** Stop listening. */
  off<E extends LivenessState>(event: E, listener: LivenessEvents[E]): this {
    this.#listeners[event]?.get(listener)?.()
    this.#listeners[event]?.delete(listener)
    return this
  }

  /**
   * End the worker and its process tree, and remove what is not to be kept (V-15). Calls in flight end in `ClosedError`; finished
   * results can still be fetched. Safe at any moment, any number of times.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    try {
      await this.#worker.close()
    } finally {
      this.#results.close()
      // From here on the folder may be somebody else's.
      this.#tails?.stdout.detach()
      this.#tails?.stderr.detach()
      this.#environment?.release()
      await this.#folder?.release()
    }
  }

  /** @param below the public method that was called, which the stack of the call leaves out */
  #submit(fn: string, args: Arguments & CallOptions, below: (...args: never[]) => unknown, id = newCallId()): string {
    const call = { id, func: checkedName(fn), context: this.#callSite(below) }
    // Registered before it is written: an answer may come at any moment after.
    this.#results.register(id)
    try {
      this.#worker.submit(call, args)
    } catch (error) {
      this.#results.discard(id)
      throw error
    }
    return id
  }

  /** @param below as of `#submit` */
  #invoke<T>(
    fn: string,
    args: readonly unknown[],
    { call, wait }: SeparatedOptions,
    below: (...args: never[]) => unknown,
  ): CallPromise<T> {
    const id = newCallId()
    const run = async () => {
      wait.signal?.throwIfAborted()
      this.#submit(fn, { ...spreadArguments(args), ...call }, below, id)
      return await this.await<T>(id, wait)
    }
    return Object.assign(run(), { id })
  }

  async #callAndAwaitSo<T>(fn: string, value: unknown, options: AwaitOptions & CallOptions): Promise<T> {
    const { call, wait } = separate(options)
    wait.signal?.throwIfAborted()
    const id = this.#submit(fn, { ...singleArgument(value), ...call }, this.callAndAwait)
    return await this.await<T>(id, wait)
  }

  #onCallEnd(call: PendingCall, end: CallEnd, isClosed: boolean): void {
    const outcome = end.state === 'done' ? end : failedOutcome(call, end.error, isClosed)
    if (call instanceof AwaitedCall) {
      this.#setAwaited(-1)
      call.settle(outcome)
    } else this.#results.settle(call.id, outcome, { broadcast: isClosed })
  }

  #callSite(below: (...args: never[]) => unknown): string | undefined {
    return this.#options.captureStacks ? captureCallSite(below) : undefined
  }

  #onWaiters(count: number): void {
    this.#parkedCount = count
    this.#holdWhileAwaited()
  }

  #setAwaited(change: number): void {
    this.#awaitedCount += change
    this.#holdWhileAwaited()
  }

  /** A wait keeps the host alive; a call that nobody waits for does not (V-15). */
  #holdWhileAwaited(): void {
    const isAwaited = this.#parkedCount + this.#awaitedCount > 0
    if (isAwaited === (this.#release !== undefined)) return
    if (isAwaited) this.#release = this.#worker.hold()
    else {
      this.#release?.()
      this.#release = undefined
    }
  }

  /** Everything before the spawn: the folder, the environment, the command. */
  async #prepare(signal: AbortSignal): Promise<Launch> {
    const { launcher, cwd } = this.#options
    const { baseDir, keepBaseDir } = this.#options
    this.#folder ??= baseDir === undefined ? this.#makeTemporaryFolder() : await claimFolder(baseDir, keepBaseDir)
    this.#tails ??= this.#makeTails(this.#folder.metaDir)
    const env = this.#workerEnvironment()
    if (launcher) {
      const [command, ...args] = launcher
      return { command, args, env, cwd, transport: 'stdio', environment: launcher.join(' ') }
    }
    const { threads, maxFrameBytes, closeGraceMs, transport, environment, start, preload } = this.#options
    const socketFolder = this.#folder.socketFolder?.()
    const how = { threads, maxFrameBytes, closeGraceMs, transport, cwd, start, preload, socketFolder }
    const interpreter = this.#options.interpreter ?? environment.interpreter
    if (interpreter !== undefined) return workerLaunch({ python: interpreter, env, ...how })
    const { python, activation } = await this.#ensure(signal)
    // What the caller chose for the worker comes before what the environment needs.
    const whole = { ...activate(env, activation), ...this.#options.env.set }
    return workerLaunch({ python, env: whole, ...how })
  }

  #makeTemporaryFolder(): Folder {
    const { logger } = this.#options
    return makeTemporaryFolder(
      () => this.#worker.kill(),
      (error) => reportFailure(logger, 'the temporary folder could not be claimed', error),
    )
  }

  /** After a death the same generation, under the same lease: whatever others have built meanwhile. */
  async #ensure(signal: AbortSignal): Promise<Environment> {
    const held = this.#environment
    if (held && this.#wasReady && existsSync(held.python)) return held
    const { baseDir, environment } = this.#options
    const { home, uvPath, pixiPath } = environment
    const tools = { ...(uvPath !== undefined && { uvPath }), ...(pixiPath !== undefined && { pixiPath }) }
    const place =
      baseDir === undefined ? { ...(home !== undefined && { home }) } : { baseDir: this.#folder?.baseDir ?? baseDir }
    const provisioner = new Provisioner({ ...place, ...tools })
    const onEvent = (event: ProvisionEvent) => this.#onProvisionEvent(event)
    this.#environment = await provisioner.ensure(environmentSpec(this.#options), { signal, onEvent })
    held?.release()
    return this.#environment
  }

  #onProvisionEvent(event: ProvisionEvent): void {
    const { logger } = this.#options
    try {
      if (event.type === 'log') this.#tails?.[event.stream].write(Buffer.from(`${event.line}\n`))
    } catch (error) {
      reportFailure(logger, "the installer's output could not be kept", error)
    }
    for (const display of this.#progress) {
      callSafely(
        () => display(event),
        (error) => reportFailure(logger, 'a progress callback failed', error),
      )
    }
  }

  #makeTails(directory: string): { stdout: TailFile; stderr: TailFile } {
    const capBytes = this.#options.outputBufferKb * 1024
    const tail = (name: string) => new TailFile({ directory, name, capBytes })
    return { stdout: tail('stdout'), stderr: tail('stderr') }
  }

  #workerEnvironment(): Record<string, string> {
    const { inherit, set } = this.#options.env
    const host = inherit === false ? {} : hostEnvironment()
    if (!Array.isArray(inherit)) return { ...host, ...set, PYFERRY_WORKER: '1' }
    const named = Object.entries(host).filter(([name]) => inherit.includes(name))
    return { ...Object.fromEntries(named), ...set, PYFERRY_WORKER: '1' }
  }
}

/** @throws OptionError */
function checkedName(fn: string): string {
  if (typeof fn !== 'string' || fn === '') throw new OptionError('fn', fn, 'the name of a Python function')
  return fn
}

function failedOutcome(call: PendingCall, error: Error, isClosed: boolean): Outcome<unknown, Failure> {
  const failure: Failure = { error, callSite: call.context as string | undefined }
  if (isClosed) failure.copy = () => copyOfClosed(error as ClosedError)
  return { state: 'failed', error: failure }
}

/** `close()` tells everybody who waits, each with an error of their own. */
function copyOfClosed({ message, environment, function: name, callId, pid, incarnation }: ClosedError): ClosedError {
  const facts = { environment, function: name, callId, pid, incarnation }
  const known = Object.entries(facts).filter(([, value]) => value !== undefined)
  return new ClosedError(message, {}, Object.fromEntries(known))
}

function captureCallSite(below: (...args: never[]) => unknown): string {
  const holder: { stack?: string } = {}
  Error.captureStackTrace(holder, below)
  return (holder.stack ?? '').split('\n').slice(1).join('\n')
}

interface SeparatedOptions {
  call: CallOptions
  wait: AwaitOptions
}

/**
 * What is the call's, and what is the wait's. Checked before anything is sent: a wait that cannot be would leave a call nobody knows of.
 *
 * @throws OptionError
 */
function separate(options: AwaitOptions & CallOptions): SeparatedOptions {
  assertKnownOptions(options, ['signal', 'timeoutMs', 'values'])
  const { values, ...wait } = options
  resolveWaitOptions(wait)
  return { call: wanted({ values }), wait }
}

/** What a call says of its result. @throws OptionError */
function wanted(options: { values?: unknown } | undefined): CallOptions {
  return options?.values === undefined ? {} : { values: readValues(options.values, 'values') }
}
