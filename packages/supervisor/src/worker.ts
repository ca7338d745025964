/**
 * One supervised worker: a place where a process lives, ends, and may be started again. It runs the table of `lifecycle.ts`
 * against one `Incarnation` after another, reports the end of every call exactly once, and keeps no finished result.
 */
import type { Conversions, ValueForm } from '@pyferry/codec'
import { isPyferryError } from '@pyferry/errors'
import { type Definition, emptyDefinition } from './definition.js'
import {
  addFacts,
  type CallFacts,
  ClosedError,
  DiedError,
  NotStartedError,
  QueueFullError,
  StartError,
  UnsupportedByWorkerError,
} from './errors.js'
import { type LivenessCallback, LivenessFeed, type LivenessState, type Logger, reportFailure } from './events.js'
import { Incarnation } from './incarnation.js'
import type { Launch } from './launch.js'
import { nextState, type WorkerEvent, type WorkerState } from './lifecycle.js'
import { type OutputSink, outputStdio } from './output.js'
import type { CallEnd, Passed, PendingCall } from './pending.js'
import { SharedStart } from './shared-start.js'
import { hasTwoCpus, resolveSpin, type Spin } from './spin.js'
import type { TailFile } from './tail-file.js'
import { holdTemplate, type Template } from './template.js'
import { makeTransport, type Transport } from './transports/transport.js'
import type { Forked } from './worker-process.js'

export interface WorkerOptions {
  /** The end of a call: told once for each call that `submit` took. `isClosed`: it ended because of `close()`. */
  onCallEnd: (call: PendingCall, end: CallEnd, isClosed: boolean) => void
  /** What to load before the worker is ready. @default nothing */
  definition?: Definition
  /** Calls that run at once; as the launch has it. @default 1 */
  threads?: number
  /** Calls that may wait beyond those that run. @default none */
  maxQueue?: number
  /** Largest frame body in bytes. @default 64 MiB */
  maxFrameBytes?: number
  /** Largest arguments of a call in bytes, text and attachments together. @default none */
  maxPayloadBytes?: number
  /** Largest result in bytes. @default none */
  maxResultBytes?: number
  /** From the spawn to ready. @default 120_000 */
  startTimeoutMs?: number
  /** From the request to end until the kill. @default 5_000 */
  closeGraceMs?: number
  /** `'base'`: use nothing beyond the base protocol. @default 'auto' */
  protocol?: 'auto' | 'base'
  /** A result that no rule carries fails its call, rather than arriving as its `repr`. @default false */
  strictValues?: boolean
  /** How results are wanted whose calls do not say it. @default 'faithful' */
  values?: ValueForm
  /** What becomes of values that the protocol does not know. @default nothing: they are refused */
  conversions?: Conversions
  /**
   * Who looks for what is to come without sleeping, for at most 50 µs, as long as it comes that soon. With one CPU of quota `'both'` is `'off'`.
   *
   * @default 'host' with two CPUs or more, else 'off'
   */
  spin?: Spin
  /** @default 'tail' */
  stdout?: OutputSink
  /** @default 'tail' */
  stderr?: OutputSink
  /** Where output is kept; absent: only the last bytes, for errors. Asked at each start. */
  tails?: () => { stdout: TailFile; stderr: TailFile } | undefined
  logger?: Logger
}

const DEFAULT_MAX_FRAME_BYTES = 64 * 1024 * 1024

export class Worker {
  readonly #options: WorkerOptions
  readonly #threads: number
  readonly #liveness: LivenessFeed
  readonly #starts: SharedStart
  #state: WorkerState = 'idle'
  #incarnation: Incarnation | undefined
  #incarnationCount = 0
  #pythonVersion: string | undefined
  #death: DiedError | undefined
  /** Of the latest process that was ready. */
  #facts: CallFacts = {}
  #template: Template | undefined
  #closing: Promise<void> | undefined
  #keepAliveCount = 0

  constructor(options: WorkerOptions) {
    this.#options = options
    this.#threads = options.threads ?? 1
    this.#liveness = new LivenessFeed(options.logger)
    this.#starts = new SharedStart()
  }

  get state(): WorkerState {
    return this.#state
  }

  /** Process id while a process lives. */
  get pid(): number | undefined {
    return this.#incarnation?.pid
  }

  /** Of the latest worker that was ready, where it says so; `'3.11.7'`. */
  get pythonVersion(): string | undefined {
    return this.#pythonVersion
  }

  /** Processes started so far. */
  get incarnation(): number {
    return this.#incarnationCount
  }

  /** Calls handed to the worker and not answered. */
  get pendingCount(): number {
    return this.#incarnation?.pendingCount ?? 0
  }

  /** Listen to `ready` and `died`, or to both with `undefined`. Returns what stops it. */
  onLiveness(state: LivenessState | undefined, callback: LivenessCallback): () => void {
    return this.#liveness.add(state, callback)
  }

  /**
   * Start a process and resolve when it is ready; at once when one is. Calls while one start is under way share it, and
   * abort it only together. While it runs it keeps the host alive.
   *
   * @param prepare makes the launch; what it throws is what `start` throws
   * @throws StartError, UnsupportedByWorkerError, ClosedError, `signal.reason`, or what `prepare` threw
   */
  async start(
    prepare: (signal: AbortSignal) => Launch | Promise<Launch>,
    options: { signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    if (this.#isClosed) throw new ClosedError('this worker is closed')
    options.signal?.throwIfAborted()
    if (this.#state === 'ready') return
    await this.#starts.join((signal) => this.#start(prepare, signal), options.signal)
  }

  /**
   * Hand a call to the worker. Everything that can be told now is thrown now; the end of the call is reported later.
   *
   * @throws NotStartedError, DiedError, ClosedError by the worker's state
   * @param call - kept until its end, and told with it
   * @throws QueueFullError, UnsupportedByWorkerError, UnserializableError, FrameTooLargeError
   */
  submit(call: PendingCall, passed: Passed): void {
    try {
      const incarnation = this.#incarnationForCall()
      const { maxQueue } = this.#options
      if (maxQueue !== undefined && incarnation.pendingCount - this.#threads >= maxQueue)
        throw new QueueFullError(maxQueue)
      incarnation.submit(call, passed)
    } catch (error) {
      // Whatever refuses a call, its error says which.
      if (isPyferryError(error)) addFacts(error, { ...this.#facts, function: call.func, callId: call.id })
      throw error
    }
  }

  /** Whether a call that was submitted waits or runs; `undefined` when it has ended. */
  stateOf(id: string): 'queued' | 'running' | undefined {
    return this.#incarnation?.stateOf(id, this.#threads)
  }

  /** Keep the host alive while there is a reason to: a start, a close, and each `hold()` until it is released. */
  hold(): () => void {
    this.#setKeepAlive(+1)
    let isHeld = true
    return () => {
      if (isHeld) this.#setKeepAlive(-1)
      isHeld = false
    }
  }

  /**
   * End the worker and its whole process tree: its calls end in `ClosedError`, it is asked to exit, and killed after
   * `closeGraceMs`. Safe to call at any moment, any number of times.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Kill the process tree now, without waiting for anything: for a host that is in its `exit` event. */
  kill(): void {
    this.#incarnation?.kill()
  }

  async #start(prepare: (signal: AbortSignal) => Launch | Promise<Launch>, signal: AbortSignal): Promise<void> {
    // Asked again: this start may have waited for the end of one that everybody had left.
    if (this.#isClosed) throw new ClosedError('this worker is closed')
    if (this.#state === 'ready') return
    await this.#makeReady(prepare, signal)
    this.#liveness.tell('ready')
  }

  async #makeReady(prepare: (signal: AbortSignal) => Launch | Promise<Launch>, signal: AbortSignal): Promise<void> {
    this.#move('start')
    const release = this.hold()
    let incarnation: Incarnation | undefined
    try {
      const launch = await prepare(signal)
      signal.throwIfAborted()
      const limit = this.#limitStart(signal, () => incarnation)
      try {
        const forked = launch.forked && (await this.#fork(launch, limit.stopped))
        incarnation = await this.#spawn(launch, signal, forked)
        await this.#untilReady(incarnation, limit.stopped, signal)
      } finally {
        limit.stop()
      }
      // Its death belongs to the start as long as nobody has been told that it is ready.
      if (incarnation.isGone) throw this.#asStartError(await incarnation.ended, incarnation, signal)
      this.#death = undefined
      this.#facts = incarnation.facts
      this.#move('started')
    } catch (error) {
      // A start that fails leaves no process, and no second worker can meet the first one's.
      if (incarnation) {
        await incarnation.end(0, error as Error)
        if (this.#incarnation === incarnation) this.#incarnation = undefined
      }
      await this.#releaseTemplate()
      this.#move('failed')
      throw error
    } finally {
      release()
    }
  }

  /** Have it forked by the template, which is ours from the first start to the end. */
  async #fork(launch: Launch, stopped: Promise<never>): Promise<Forked> {
    const { stdout = 'tail', stderr = 'tail' } = this.#options
    const given = new AbortController()
    stopped.catch((reason) => given.abort(reason))
    try {
      const former = this.#template
      this.#template = holdTemplate(launch, [outputStdio(stdout), outputStdio(stderr)])
      // After the new one is held, which may be the same.
      await former?.release()
      return await this.#template.fork(launch, given.signal)
    } catch (error) {
      throw given.signal.aborted || error instanceof StartError ? error : notStarted(error)
    }
  }

  async #releaseTemplate(): Promise<void> {
    const template = this.#template
    this.#template = undefined
    await template?.release()
  }

  async #makeTransport({ transport: name, socketFolder }: Launch, signal: AbortSignal): Promise<Transport> {
    const transport = await makeTransport(name, socketFolder)
    if (signal.aborted) transport.close()
    signal.throwIfAborted()
    return transport
  }

  async #spawn(launch: Launch, signal: AbortSignal, forked?: Forked): Promise<Incarnation> {
    this.#incarnationCount += 1
    const { onCallEnd, maxFrameBytes = DEFAULT_MAX_FRAME_BYTES, protocol = 'auto', logger } = this.#options
    const tails = this.#options.tails?.()
    try {
      // Nothing is waited for where the process is there already.
      const transport = forked ? forked.transport : await this.#makeTransport(launch, signal)
      const incarnation: Incarnation = new Incarnation({
        launch,
        transport,
        child: forked?.child,
        number: this.#incarnationCount,
        process: {
          stdout: { sink: this.#options.stdout ?? 'tail', tail: tails?.stdout },
          stderr: { sink: this.#options.stderr ?? 'tail', tail: tails?.stderr },
          onOutputError: (error) => reportFailure(logger, "a sink for the worker's output failed", error),
        },
        maxFrameBytes,
        maxPayloadBytes: this.#options.maxPayloadBytes,
        maxResultBytes: this.#options.maxResultBytes,
        keepsOrder: this.#threads === 1,
        protocol,
        strictValues: this.#options.strictValues ?? false,
        values: this.#options.values ?? 'faithful',
        conversions: this.#options.conversions,
        spin: resolveSpin(this.#options.spin, canUseTwoCpus()),
        onGone: (died) => this.#onGone(incarnation, died),
        onCallEnd: (call, end) => onCallEnd(call, end, this.#isClosed),
      })
      this.#incarnation = incarnation
      incarnation.setKeepsHostAlive(this.#keepAliveCount > 0)
      return incarnation
    } catch (error) {
      throw notStarted(error)
    }
  }

  /** `stopped` rejects when the start is aborted, or has taken too long. */
  #limitStart(
    signal: AbortSignal,
    incarnation: () => Incarnation | undefined,
  ): { stopped: Promise<never>; stop: () => void } {
    const { startTimeoutMs = 120_000 } = this.#options
    let stop!: () => void
    const stopped = new Promise<never>((_, reject) => {
      const onAbort = () => reject(signal.reason)
      const onTimeout = () => reject(this.#startTimeout(incarnation(), startTimeoutMs))
      const timer = setTimeout(onTimeout, startTimeoutMs)
      signal.addEventListener('abort', onAbort, { once: true })
      stop = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
      }
    })
    stopped.catch(() => {})
    return { stopped, stop }
  }

  /** Ready frame, then the definition. */
  async #untilReady(incarnation: Incarnation, stopped: Promise<never>, signal: AbortSignal): Promise<void> {
    const { definition = emptyDefinition } = this.#options
    try {
      const greeting = await Promise.race([incarnation.ready, stopped])
      this.#pythonVersion = greeting.pythonVersion
      await Promise.race([incarnation.define(definition), stopped])
    } catch (error) {
      throw this.#asStartError(error, incarnation, signal)
    }
  }

  #startTimeout(incarnation: Incarnation | undefined, limitMs: number): StartError {
    const exit = { exitCode: null, signal: null, stderrTail: incarnation?.stderrTail() ?? '' }
    const message = `the worker was not ready within ${limitMs} ms (startTimeoutMs)`
    const hint = 'raise startTimeoutMs if it only needs longer'
    return new StartError(message, exit, { cause: incarnation?.missingChannel(), hint }, incarnation?.facts)
  }

  /** An error in a source, or an end during the definition, is a failed start (V-4). */
  #asStartError(error: unknown, incarnation: Incarnation, signal: AbortSignal): unknown {
    if (error instanceof StartError || error instanceof UnsupportedByWorkerError || signal.aborted) return error
    if (error instanceof DiedError) {
      const message = error.message.replace(/^the worker/, 'while its sources were loaded the worker')
      return new StartError(message, error, { cause: error.cause }, incarnation.facts)
    }
    const exit = { exitCode: null, signal: null, stderrTail: incarnation.stderrTail() }
    const message = `the sources could not be loaded: ${(error as Error).message}`
    return new StartError(message, exit, { cause: error }, incarnation.facts)
  }

  /** From ready on, an end nobody asked for is a death (V-13). */
  #onGone(incarnation: Incarnation, died: DiedError): void {
    if (this.#incarnation !== incarnation || this.#state !== 'ready') return
    this.#incarnation = undefined
    this.#move('exited')
    this.#death = died
    void incarnation.ended.then(() => this.#liveness.tell('died', died))
  }

  async #close(): Promise<void> {
    this.#move('close')
    const release = this.hold()
    const closed = new ClosedError('this worker was closed')
    try {
      // The calls end first: whoever waits learns of it now, not after the grace.
      this.#incarnation?.abandonCalls((facts) => new ClosedError('the worker was closed before it answered', {}, facts))
      await this.#starts.abort(closed)
      const incarnation = this.#incarnation
      await incarnation?.end(this.#options.closeGraceMs ?? 5_000, closed)
      if (this.#incarnation === incarnation) this.#incarnation = undefined
      await this.#releaseTemplate()
      this.#move('ended')
    } finally {
      release()
    }
  }

  get #isClosed(): boolean {
    return this.#state === 'closing' || this.#state === 'closed'
  }

  #incarnationForCall(): Incarnation {
    if (this.#isClosed) throw new ClosedError('this worker is closed')
    if (this.#state === 'ready' && this.#incarnation) return this.#incarnation
    if (this.#state === 'died' && this.#death) {
      const { message, exitCode, signal, stderrTail } = this.#death
      const hint = 'call start() to start a new worker; the environment is reused'
      throw new DiedError(message, { exitCode, signal, stderrTail }, { cause: this.#death.cause, hint })
    }
    const hint = this.#state === 'starting' ? 'await start() first' : 'call and await start() first'
    throw new NotStartedError('the worker is not started', { hint })
  }

  #setKeepAlive(change: number): void {
    const before = this.#keepAliveCount > 0
    this.#keepAliveCount += change
    const now = this.#keepAliveCount > 0
    if (now !== before) this.#incarnation?.setKeepsHostAlive(now)
  }

  #move(event: WorkerEvent): void {
    this.#state = nextState(this.#state, event)
  }
}

function notStarted(cause: unknown): StartError {
  const exit = { exitCode: null, signal: null, stderrTail: '' }
  return new StartError(`the worker could not be started (${(cause as Error).message})`, exit, { cause })
}

let hasTwoHere: boolean | undefined

function canUseTwoCpus(): boolean {
  hasTwoHere ??= hasTwoCpus()
  return hasTwoHere
}
