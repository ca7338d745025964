/**
 * One life of a worker: a process, the connection to it, and the calls it has not answered. A worker that is started again gets
 * a new one, so a stale exit has nothing to touch but what was its own.
 *
 * It ends once, for the first cause: the process ended, the connection broke, or it was told to. Whatever the cause, `ended`
 * resolves after the process is gone and every call was reported.
 */
import {
  type CallDoneMessage,
  type CallId,
  type CallMessage,
  type Conversions,
  type ErrorMessage,
  type HostMessage,
  type OpDoneMessage,
  ProtocolError,
  type ReadyMessage,
  type ValueForm,
  type WorkerMessage,
} from '@pyferry/codec'
import { type Child, describeExit, type ProcessExit } from './child.js'
import { Connection } from './connection.js'
import { type Definition, encodeDefinition } from './definition.js'
import {
  type CallFacts,
  DiedError,
  type ExitFacts,
  HandshakeError,
  StartError,
  UnsupportedByWorkerError,
} from './errors.js'
import { failureToError } from './failure.js'
import type { Launch } from './launch.js'
import { type CallEnd, callFacts, type Passed, type PendingCall, PendingCalls } from './pending.js'
import { SPIN_US, type Spin, Spinner } from './spin.js'
import type { Channel, Transport } from './transports/transport.js'
import { WorkerProcess, type WorkerProcessOptions } from './worker-process.js'

export interface IncarnationOptions {
  launch: Launch
  transport: Transport
  /** 1 for the first life of a worker. */
  number: number
  process: WorkerProcessOptions
  /** The process, where it is there already. */
  child?: Child | undefined
  maxFrameBytes: number
  maxPayloadBytes: number | undefined
  maxResultBytes: number | undefined
  /** Whether calls start in the order in which they were submitted, however large they are. */
  keepsOrder: boolean
  /** `'base'`: use nothing beyond the base protocol, whatever the worker offers. */
  protocol: 'auto' | 'base'
  /** A result that no rule carries fails its call. */
  strictValues: boolean
  /** How results are wanted whose calls do not say it. */
  values: ValueForm
  conversions?: Conversions | undefined
  /** Who looks for what is to come without sleeping for a moment. */
  spin: Spin
  /** The process is gone. Told before its unanswered calls are, so that who hears of a call's end finds a worker that can be started. */
  onGone: (died: DiedError) => void
  /** A call has ended; told once per call. */
  onCallEnd: (call: PendingCall, end: CallEnd) => void
}

/** What the worker said of itself when it was ready. */
export interface WorkerGreeting {
  features: ReadonlySet<string>
  pythonVersion: string | undefined
}

/** How long a worker whose channel is closed on one side may still answer and exit before it is ended. */
const DEAF_GRACE_MS = 250

export class Incarnation {
  readonly #options: IncarnationOptions
  readonly #process: WorkerProcess
  /** From the moment the channel is open; nothing is sent before `ready`. */
  #connection: Connection | undefined
  readonly #pending = new PendingCalls()
  readonly #spinner: Spinner | undefined
  readonly #ready = deferred<WorkerGreeting>()
  readonly #facts: CallFacts
  #defining: { opID: string; resolve: () => void; reject: (error: Error) => void } | undefined
  #features: ReadonlySet<string> = new Set()
  /** Of the next call; `undefined` in the base protocol, where a call goes by its own id. */
  #nextWireId: number | undefined
  #isReady = false
  #isEnding = false
  #isGone = false
  /** First cause wins. */
  #cause: Error | undefined

  /** Resolves, never rejects, when the process is gone and every call has been reported. */
  readonly ended: Promise<DiedError>

  /** @throws the error of `spawn` where Node throws it at once */
  constructor(options: IncarnationOptions) {
    this.#options = options
    this.#process = new WorkerProcess(options.launch, options.transport, options.process, options.child)
    if (options.spin !== 'off') this.#spinner = new Spinner({ countInFlight: () => this.#pending.size })
    this.#facts = { incarnation: options.number }
    if (this.#process.pid !== undefined) this.#facts.pid = this.#process.pid
    if (options.launch.environment !== undefined) this.#facts.environment = options.launch.environment
    this.#ready.promise.catch(() => {})
    const channelEnd = new Promise<void>((resolve) => {
      this.#process.open({
        onOpen: (channel) => this.#connect(channel, resolve),
        onFailure: (error) => this.#onConnectionEnd(error),
      })
    })
    this.ended = this.#process.gone(channelEnd).then((exit) => this.#onGone(exit))
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  get isGone(): boolean {
    return this.#isGone
  }

  get pendingCount(): number {
    return this.#pending.size
  }

  /** Rejects with a `StartError` when the worker ends or breaks before its ready frame. */
  get ready(): Promise<WorkerGreeting> {
    return this.#ready.promise
  }

  /** The last of what the process wrote to stderr, at most 8 KiB. */
  stderrTail(): string {
    return this.#process.stderrTail()
  }

  /** Why there is no channel to the process yet; `undefined` once there is. */
  missingChannel(): HandshakeError | undefined {
    return this.#process.missingChannel()
  }

  get facts(): CallFacts {
    return this.#facts
  }

  /** Whether more is spoken than the base protocol. */
  get isNegotiated(): boolean {
    return this.#nextWireId !== undefined
  }

  hasFeature(feature: string): boolean {
    return this.#features.has(feature)
  }

  /**
   * Load the definition. Rejects with the `PythonError` of a source, or when the worker ends first.
   *
   * @throws UnsupportedByWorkerError, UnserializableError, FrameTooLargeError
   */
  async define(definition: Definition): Promise<void> {
    const message = encodeDefinition(definition, this.#features, 'define-1')
    if (!message) return
    await new Promise<void>((resolve, reject) => {
      this.#connection!.send(message)
      this.#defining = { opID: message.opID, resolve, reject }
    })
  }

  /**
   * Register the call, and have it written at the end of this turn.
   *
   * @throws UnsupportedByWorkerError, UnserializableError, ValueTooLargeError, FrameTooLargeError before either
   */
  submit(call: PendingCall, passed: Passed): void {
    // Taken at once: a getter among the values may submit a call itself.
    const wireId = this.#nextWireId === undefined ? call.id : this.#nextWireId++
    this.#connection!.send(this.#messageOf(wireId, call.func, passed))
    this.#pending.add(wireId, call)
    this.#spinner?.touch()
  }

  #messageOf(callID: CallId, func: string, { args = null, spread, values }: Passed): CallMessage {
    const message: CallMessage = { type: 'call', callID, func, args }
    if (values !== undefined) {
      if (!this.isNegotiated) throw baseOnly('values')
      message.values = values
    }
    if (spread === undefined) return message
    const keywordCount = Object.keys(spread.kwargs).length
    if (spread.args.length === 1 && keywordCount === 0) {
      // What the base protocol carries anyway.
      message.args = spread.args[0] ?? null
    } else if (this.hasFeature('spread')) {
      message.spread = { args: [...spread.args], kwargs: { ...spread.kwargs } }
    } else {
      throw new UnsupportedByWorkerError(
        'spread',
        `this worker speaks only the base protocol, in which a call passes exactly one argument, not ${spread.args.length} and ${keywordCount} keywords`,
        { hint: 'pass one object with call(fn, value)' },
      )
    }
    return message
  }

  stateOf(id: string, threads: number): 'queued' | 'running' | undefined {
    return this.#pending.stateOf(id, threads)
  }

  setKeepsHostAlive(keepsAlive: boolean): void {
    this.#process.setKeepsHostAlive(keepsAlive)
  }

  /** Report every unanswered call with an error of the caller's making; later answers to them are nobody's. */
  abandonCalls(makeError: (facts: CallFacts) => Error): void {
    for (const call of this.#pending.takeAll())
      this.#report(call, { state: 'failed', error: makeError(this.#callFacts(call)) })
  }

  /** End it: close the channel, wait `graceMs` for the process, kill what is left of the tree. */
  async end(graceMs: number, cause: Error): Promise<void> {
    this.#cause ??= cause
    this.#isEnding = true
    this.#connection?.close()
    if (graceMs > 0) await this.#process.end(graceMs)
    else await this.#process.kill()
    await this.ended
  }

  /** Kill the process tree now, without waiting for its end. */
  kill(): void {
    this.#process.killNow()
  }

  #connect({ input, output, readInto }: Channel, onChannelEnd: () => void): void {
    this.#connection = new Connection({
      input,
      output,
      readInto,
      maxFrameBytes: this.#options.maxFrameBytes,
      ...(this.#options.conversions && { conversions: this.#options.conversions }),
      maxPayloadBytes: this.#options.maxPayloadBytes,
      maxResultBytes: this.#options.maxResultBytes,
      keepsOrder: this.#options.keepsOrder,
      onMessage: (message) => this.#onMessage(message),
      onEnd: (error) => {
        onChannelEnd()
        this.#onConnectionEnd(error)
      },
      onUnsent: (message, error) => this.#onUnsent(message, error),
      onWriteError: (error) => this.#onWriteError(error),
    })
    if (this.#isEnding) this.#connection.close()
  }

  #onMessage(message: WorkerMessage): void {
    if (message.type === 'error') this.#onError(message)
    else if (message.type === 'ready') this.#onReady(message)
    else if (!this.#isReady) this.#fail(`expected ready first, not ${message.type}`)
    else if (message.type === 'call_done') this.#onCallDone(message)
    else if (message.type === 'op_done') this.#onDefined(message)
    // A pong has done its work by arriving, and an unknown type is none of ours.
  }

  #onError(message: ErrorMessage): void {
    this.#fail(`the worker reports ${message.errorType}: ${message.errorMessage}`)
  }

  #onReady(message: ReadyMessage): void {
    if (this.#isReady) {
      this.#fail('a second ready frame')
      return
    }
    this.#isReady = true
    if (this.#options.protocol !== 'base') {
      this.#features = new Set(message.features ?? [])
      if ((message.protocol ?? 0) >= 1) {
        const { strictValues, values, spin } = this.#options
        this.#connection!.negotiate({
          ...(strictValues && { strictValues }),
          ...(values !== 'faithful' && { values }),
          ...(spin === 'both' && { spinUs: SPIN_US }),
        })
        this.#nextWireId = 0
      }
    }
    const { conversions, values } = this.#options
    if (!this.isNegotiated && (conversions?.codecs || values !== 'faithful')) {
      this.#ready.reject(baseOnly(conversions?.codecs ? 'codecs' : 'values'))
      return
    }
    this.#ready.resolve({ features: this.#features, pythonVersion: message.pythonVersion })
  }

  #onCallDone(message: CallDoneMessage): void {
    this.#spinner?.onAnswer()
    const call = this.#pending.take(message.callID)
    if (!call) {
      // The calls of a worker that is being closed have been reported already, and their answers still come.
      if (!this.#isEnding) this.#fail(`an answer to a call nobody made: ${JSON.stringify(message.callID)}`)
    } else if (message.valueError) {
      this.#report(call, { state: 'failed', error: Object.assign(message.valueError, this.#callFacts(call)) })
    } else if (message.ok) {
      this.#report(call, { state: 'done', value: message.result })
    } else {
      this.#report(call, { state: 'failed', error: failureToError(message, this.#callFacts(call)) })
    }
  }

  /** What could not be known when the call was made. It may have ended since, with the worker. */
  #onUnsent(message: HostMessage, error: Error): void {
    const call = message.type === 'call' ? this.#pending.take(message.callID) : undefined
    if (call) this.#report(call, { state: 'failed', error: Object.assign(error, this.#callFacts(call)) })
  }

  #onDefined(message: OpDoneMessage): void {
    const defining = this.#defining
    if (!defining || defining.opID !== message.opID) {
      this.#fail(`an answer to a definition nobody sent: ${JSON.stringify(message.opID)}`)
      return
    }
    this.#defining = undefined
    if (message.ok) defining.resolve()
    else defining.reject(failureToError(message, this.#facts))
  }

  #fail(message: string): void {
    this.#connection!.fail(new ProtocolError(message))
  }

  #onConnectionEnd(error: Error | undefined): void {
    if (this.#isEnding) return
    this.#cause ??= error
    // Without its channel a worker is of no use, and one that talks garbage is not trusted to end by itself.
    if (error) void this.#process.kill()
    else void this.#endDeaf()
  }

  /** A worker that closed its channel: it ends by itself now, or is ended. */
  async #endDeaf(): Promise<void> {
    if (await this.#process.exitsWithin(DEAF_GRACE_MS)) return
    this.#cause ??= new ProtocolError('the worker closed its channel and ran on')
    await this.#process.kill()
  }

  #onWriteError(error: Error): void {
    if (this.#isEnding) return
    this.#cause ??= error
    void this.#process.end(DEAF_GRACE_MS)
  }

  #onGone(exit: ProcessExit): DiedError {
    const missing = this.#process.missingChannel()
    // A worker that has ended by itself tells why on stderr; strangers are another matter.
    const cause = this.#cause ?? exit.spawnError ?? (missing?.refusedCount ? missing : undefined)
    const facts: ExitFacts = { exitCode: exit.exitCode, signal: exit.signal, stderrTail: this.#process.stderrTail() }
    const how = describeEnd(this.#cause, exit)
    this.#ready.reject(new StartError(`the worker ${how} before it was ready`, facts, { cause }, this.#facts))
    const died = new DiedError(`the worker ${how}`, facts, { cause }, this.#facts)
    this.#isGone = true
    this.#options.onGone(died)
    this.#defining?.reject(died)
    this.abandonCalls((call) => new DiedError(`the worker ${how} before it answered`, facts, { cause }, call))
    return died
  }

  #callFacts(call: PendingCall): CallFacts {
    return callFacts(call, this.#facts)
  }

  #report(call: PendingCall, end: CallEnd): void {
    this.#options.onCallEnd(call, end)
  }
}

function describeEnd(cause: Error | undefined, exit: ProcessExit): string {
  if (cause instanceof ProtocolError) return `broke the protocol and was ended (${cause.message})`
  if (cause instanceof HandshakeError) return `could not be given a channel and was ended (${cause.message})`
  return describeExit(exit)
}

/** What a worker lacks that speaks only the base protocol. */
function baseOnly(option: 'codecs' | 'values'): UnsupportedByWorkerError {
  const message = `this worker speaks only the base protocol, which has no ${option}: it carries JSON and bytes as they are`
  return new UnsupportedByWorkerError(option, message, { hint: `leave out ${option}` })
}

/** `Promise.withResolvers`, which Node 20 lacks. */
function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  let resolve!: (value: T) => void
  let reject!: (error: Error) => void
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}
