/**
 * A process that workers are forked from (`docs/forked-start.md`), and the forked ones as processes of ours. The other end is
 * `python/src/pyferry/template.py`: a line of JSON each way.
 *
 *     { fork: 1, cwd, arguments, meet } ──▶
 *                                       ◀── { ready: true }  or  { failed: { … } }
 *                                       ◀── { forked: 1, pid }  or  { unforked: 1, reason }
 *                                       ◀── { ended: 1, status }
 *
 * One for each command and environment; held by each worker from its start to its end, and ended by the last one.
 */
import { constants } from 'node:os'
import { type Duplex, PassThrough } from 'node:stream'
import type { WireFailure } from '@pyferry/codec'
import { assertFolder, type Child, describeExit, type ProcessExit, spawnChild } from './child.js'
import { StartError } from './errors.js'
import { failureToError } from './failure.js'
import type { Launch } from './launch.js'
import { OutputStream } from './output.js'
import { killTree } from './process-tree.js'
import { type Connections, type Invitation, Rendezvous, type Role } from './transports/rendezvous.js'
import type { Stdio, Transport, TransportEvents } from './transports/transport.js'
import type { Forked } from './worker-process.js'

/** An idle template that is asked to end does so within a few milliseconds. */
const END_MS = 1_000

const templates = new Map<string, Template>()

/**
 * Take part in the template for this launch, which is started when there is none.
 *
 * @param outputs what its stdout and stderr are to `spawn`; what is piped each worker has one of its own of
 * @throws the error of `spawn` where Node throws it at once
 */
export function holdTemplate(launch: Launch, outputs: readonly [stdout: Stdio, stderr: Stdio]): Template {
  const { command, args, env } = launch
  const key = JSON.stringify([command, args, env, outputs])
  const known = templates.get(key)
  if (known) return known.hold()
  const template: Template = new Template({ command, args, env }, outputs, () => {
    // There may be another one by now.
    if (templates.get(key) === template) templates.delete(key)
  })
  templates.set(key, template)
  return template.hold()
}

export class Template {
  readonly #child: Child
  readonly #control: Duplex
  readonly #stderr: OutputStream | undefined
  readonly #piped: readonly Role[]
  readonly #forget: () => void
  readonly #exit: Promise<void>
  /** By number: those that were asked for, until they have ended. */
  readonly #forked = new Map<number, ForkedChild>()
  readonly #keepers = new Set<unknown>()
  #holderCount = 0
  #count = 0
  #isReady = false
  #received = ''
  #failure: Error | undefined
  /** Why nothing is forked any more. */
  #end: StartError | undefined

  constructor(
    command: Pick<Launch, 'command' | 'args' | 'env'>,
    [stdout, stderr]: readonly [Stdio, Stdio],
    forget: () => void,
  ) {
    this.#child = spawnChild(command, ['ignore', stdout, stderr, 'pipe', 'pipe'])
    this.#forget = forget
    this.#piped = [...(stdout === 'pipe' ? ['stdout' as const] : []), ...(stderr === 'pipe' ? ['stderr' as const] : [])]
    const { stdio } = this.#child
    // Read, so that it never waits; kept for the error of a start.
    const read = (stream: Duplex | undefined) =>
      stream && new OutputStream(stream, { sink: 'tail', tail: undefined, onError: () => {} })
    read(stdio[1])
    this.#stderr = read(stdio[2])
    this.#control = stdio[3] ?? new PassThrough()
    this.#control.on('data', (chunk) => this.#onData(String(chunk)))
    for (const stream of [this.#control, stdio[4]]) stream?.on('error', () => {})
    stdio[4]?.resume()
    this.#exit = new Promise((resolve) => {
      this.#child.onExit((exit) => {
        this.#onExit(exit)
        resolve()
      })
    })
    for (const stream of stdio) (stream as { unref?(): void } | undefined)?.unref?.()
    this.#child.unref()
  }

  hold(): this {
    this.#holderCount += 1
    return this
  }

  /** Give it back: the last one ends it. Resolves when it has ended then, which keeps the host alive. */
  async release(): Promise<void> {
    this.#holderCount -= 1
    if (this.#holderCount > 0 || this.#end) return
    this.#forget()
    this.#keepHostAlive(this, true)
    this.#control.end()
    // What it imports may take for ever.
    if (this.#isReady) {
      const timer = setTimeout(() => this.#kill(), END_MS)
      void this.#exit.then(() => clearTimeout(timer))
    } else this.#kill()
    await this.#exit
  }

  /**
   * Fork a worker, and resolve when it is connected.
   *
   * @param signal gives it up: rejects with the reason, when nothing of it is left
   * @throws StartError when the template cannot be or has ended, or the worker has; HandshakeError
   * @throws Error when the machine has no room for a process, or `cwd` is no folder
   */
  async fork({ cwd = process.cwd(), forked: args = [], socketFolder }: Launch, signal: AbortSignal): Promise<Forked> {
    signal.throwIfAborted()
    assertFolder(cwd)
    if (this.#end) throw this.#end
    const rendezvous = new Rendezvous('unix', ['lifeline', ...this.#piped], socketFolder)
    this.#count += 1
    const number = this.#count
    const child = new ForkedChild((keeps) => this.#keepHostAlive(child, keeps))
    child.ref()
    this.#forked.set(number, child)
    let isAsked = false
    let connections: Connections | undefined
    try {
      connections = await new Promise<Connections>((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
        child.onExit((exit) => {
          reject(this.#end ?? this.#startError(`the worker ${describeExit(exit)} before it was connected`, exit))
        })
        rendezvous.listen({
          onListening: (meet: Invitation) => {
            if (signal.aborted) return
            isAsked = true
            this.#control.write(`${JSON.stringify({ fork: number, cwd, arguments: args, meet })}\n`)
          },
          onMet: (met) => {
            connections = met
            // Until it is known who has come, and somebody listens.
            for (const socket of [met.out, met.stdout, met.stderr]) socket?.pause()
            child.born.then(() => resolve(met), reject)
          },
          onFailure: reject,
        })
      })
      child.stdio = [undefined, connections.stdout, connections.stderr, connections.lifeline]
      return { child, transport: new Met(connections) }
    } catch (error) {
      rendezvous.close()
      for (const socket of Object.values(connections ?? {})) socket.destroy()
      child.abandon()
      if (!isAsked) this.#forked.delete(number)
      // A template that is not ready yet forks nothing for now.
      else if (this.#isReady) await new Promise<void>((resolve) => child.onExit(() => resolve()))
      child.unref()
      throw error
    }
  }

  /** What is ready to be forked, or has been, keeps the host alive as long as somebody wants it to. */
  #keepHostAlive(keeper: unknown, keeps: boolean): void {
    if (keeps) this.#keepers.add(keeper)
    else this.#keepers.delete(keeper)
    const control = this.#control as { ref?(): void; unref?(): void }
    for (const each of [this.#child, control]) {
      if (this.#keepers.size > 0) each.ref?.()
      else each.unref?.()
    }
  }

  #onData(text: string): void {
    const lines = (this.#received + text).split('\n')
    this.#received = lines.pop()!
    try {
      for (const line of lines) this.#onMessage(JSON.parse(line))
    } catch (error) {
      // Something that was imported writes to descriptors that are not its own.
      this.#failure = error as Error
      this.#kill()
    }
  }

  #onMessage(message: TemplateMessage): void {
    if ('ready' in message) this.#isReady = true
    else if ('failed' in message) this.#failure = failureToError(message.failed, {})
    else if ('forked' in message) this.#forked.get(message.forked)?.onBorn(message.pid)
    else if ('unforked' in message) {
      const child = this.#forked.get(message.unforked)
      this.#forked.delete(message.unforked)
      child?.onEnd({ exitCode: null, signal: null, spawnError: new Error(`fork: ${message.reason}`) })
    } else {
      const child = this.#forked.get(message.ended)
      this.#forked.delete(message.ended)
      child?.onEnd(exitOf(message.status))
    }
  }

  #onExit(exit: ProcessExit): void {
    const how = describeExit(exit)
    const before = this.#isReady ? '' : ' before it was ready'
    const because = this.#failure ? `: ${this.#failure.message}` : ''
    this.#end = this.#startError(`the template of the worker ${how}${before}${because}`, exit)
    this.#forget()
    for (const child of this.#forked.values()) {
      if (child.pid !== undefined) killTree(child.pid, [])
      child.onEnd({ exitCode: null, signal: 'SIGKILL' })
    }
    this.#forked.clear()
    for (const stream of this.#child.stdio) stream?.destroy()
  }

  #startError(message: string, { exitCode, signal, spawnError }: ProcessExit): StartError {
    const exit = { exitCode, signal, stderrTail: this.#stderr?.recent() ?? '' }
    const hint =
      this.#failure &&
      'what cannot be in a template can be in each worker: leave it out of preload, and import it in sources'
    return new StartError(message, exit, { cause: this.#failure ?? spawnError, hint })
  }

  #kill(): void {
    const { pid } = this.#child
    if (pid !== undefined && !this.#end) killTree(pid, [])
  }
}

/** What the template says, by the number that each was asked for with. */
type TemplateMessage =
  | { ready: true }
  | { failed: WireFailure }
  | { forked: number; pid: number }
  | { unforked: number; reason: string }
  | { ended: number; status: number }

/** A child of the template. */
class ForkedChild implements Child {
  pid: number | undefined
  stdio: readonly (Duplex | undefined)[] = []
  /** Resolves when its pid is known; never, when it has ended before. */
  readonly born: Promise<void>
  readonly #keepHostAlive: (keeps: boolean) => void
  readonly #listeners: ((exit: ProcessExit) => void)[] = []
  #onBorn!: () => void
  #exit: ProcessExit | undefined
  #isAbandoned = false

  constructor(keepHostAlive: (keeps: boolean) => void) {
    this.#keepHostAlive = keepHostAlive
    this.born = new Promise((resolve) => {
      this.#onBorn = resolve
    })
  }

  onBorn(pid: number): void {
    this.pid = pid
    this.#onBorn()
    if (this.#isAbandoned) killTree(pid, [])
  }

  /** Nobody waits for it any more: it ends as soon as it is there. */
  abandon(): void {
    this.#isAbandoned = true
    if (this.pid !== undefined && !this.#exit) killTree(this.pid, [])
  }

  onEnd(exit: ProcessExit): void {
    this.#exit = exit
    this.unref()
    for (const listener of this.#listeners) listener(exit)
  }

  onExit(listener: (exit: ProcessExit) => void): void {
    const exit = this.#exit
    if (exit) queueMicrotask(() => listener(exit))
    else this.#listeners.push(listener)
  }

  ref(): void {
    // One that has ended is waited for no more.
    if (!this.#exit) this.#keepHostAlive(true)
  }

  unref(): void {
    this.#keepHostAlive(false)
  }
}

/** A channel to a process that has connected already. */
class Met implements Transport {
  readonly #connections: Connections

  constructor(connections: Connections) {
    this.#connections = connections
  }

  stdio(): Stdio[] {
    return []
  }

  open(_: unknown, { onOpen }: TransportEvents): void {
    const { in: output, out: input, stdout, stderr } = this.#connections
    onOpen({ input, output })
    for (const socket of [input, stdout, stderr]) socket?.resume()
  }

  missing(): undefined {}

  close(): void {}
}

/** From `os.waitstatus_to_exitcode`: a signal is negative. */
function exitOf(status: number): ProcessExit {
  if (status >= 0) return { exitCode: status, signal: null }
  const found = Object.entries(constants.signals).find(([, number]) => number === -status)
  // A real-time signal has no name here.
  return found ? { exitCode: null, signal: found[0] as NodeJS.Signals } : { exitCode: 128 - status, signal: null }
}
