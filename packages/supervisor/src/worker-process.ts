/**
 * One worker process from its start to gone: its descriptors, its end, its tree.
 *
 * *Gone* means: the process has ended, and its channel was read to the end, at most `DRAIN_MS` later. Its stdout and stderr
 * are never waited for: a grandchild may hold them open for ever (V-14).
 */
import type { Socket } from 'node:net'
import { type Child, type ProcessExit, spawnChild } from './child.js'
import type { HandshakeError } from './errors.js'
import type { Launch } from './launch.js'
import { type OutputSink, OutputStream, outputStdio } from './output.js'
import { isGroupAlive, killTree, listEscapedDescendants, type ProcessIdentity } from './process-tree.js'
import type { TailFile } from './tail-file.js'
import type { Channel, Transport, TransportEvents } from './transports/transport.js'

/** Answers the worker had written before it ended are local by then; this is for a channel that somebody else holds open. */
const DRAIN_MS = 250
/** A killed group disappears within milliseconds; a process in an uninterruptible wait may not, and is not waited for longer. */
const GROUP_GONE_MS = 1_000
const GROUP_POLL_MS = 5
/** Turns of the event loop that may bring what was already in the pipes when the process ended: 64 KiB of each a turn. */
const OUTPUT_TURNS = 4_096

export interface WorkerProcessOptions {
  stdout: { sink: OutputSink; tail: TailFile | undefined }
  stderr: { sink: OutputSink; tail: TailFile | undefined }
  /** An output sink failed. */
  onOutputError: (error: unknown) => void
}

/** What may be counted among what keeps the host alive. */
interface Counting {
  ref?(): void
  unref?(): void
}

/** A process that was not spawned here, and its channel, which is open unless it has ended. */
export interface Forked {
  child: Child
  transport: Transport
}

export class WorkerProcess {
  readonly #child: Child
  readonly #transport: Transport
  readonly #stdout: OutputStream | undefined
  readonly #stderr: OutputStream | undefined
  readonly #exit: Promise<ProcessExit>
  #exited: ProcessExit | undefined
  #escaped: ProcessIdentity[] = []
  #stderrTail: string | undefined
  #channel: Channel | undefined
  #keepsHostAlive = true

  /**
   * @param transport is closed when this throws
   * @param forked the process, where a template has made it
   * @throws the error of `spawn` where Node throws it at once (an argument with a NUL byte)
   */
  constructor(launch: Launch, transport: Transport, options: WorkerProcessOptions, forked?: Child) {
    this.#transport = transport
    const child = forked ?? this.#spawn(launch, options)
    this.#child = child
    this.#exit = new Promise((resolve) => {
      child.onExit((exit) => {
        if (this.#exited) return
        // The group outlives its leader for as long as it has members; after that its number is free for others.
        if (child.pid !== undefined) killTree(child.pid, this.#escaped)
        this.#exited = exit
        resolve(exit)
      })
    })
    const { onOutputError: onError } = options
    const [, first, stderr] = child.stdio
    const stdout = launch.transport === 'stdio' ? undefined : first
    this.#stdout = stdout ? new OutputStream(stdout, { ...options.stdout, onError }) : undefined
    this.#stderr = stderr ? new OutputStream(stderr, { ...options.stderr, onError }) : undefined
    this.#unrefStreams()
  }

  /** Ask for the channel to the process, once. */
  open({ onOpen, onFailure }: TransportEvents): void {
    this.#transport.open(this.#child.stdio, {
      onOpen: (channel) => {
        this.#channel = channel
        this.#unrefStreams()
        this.setKeepsHostAlive(this.#keepsHostAlive)
        onOpen(channel)
      },
      onFailure,
    })
  }

  /** Why there is no channel yet; `undefined` once there is. */
  missingChannel(): HandshakeError | undefined {
    return this.#transport.missing()
  }

  /** `undefined` when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  get isRunning(): boolean {
    return this.#exited === undefined
  }

  /** The last of what this process wrote to stderr. */
  stderrTail(): string {
    return this.#stderrTail ?? this.#stderr?.recent() ?? ''
  }

  /** Let this process keep the host alive, or not. */
  setKeepsHostAlive(keepsAlive: boolean): void {
    this.#keepsHostAlive = keepsAlive
    // The channel's reader counts with the process: after its exit the last answers are still to be read.
    const input = this.#channel?.input as Counting | undefined
    if (keepsAlive) {
      this.#child.ref()
      input?.ref?.()
    } else {
      this.#child.unref()
      input?.unref?.()
    }
  }

  /** None of them keeps the host alive by itself. */
  #unrefStreams(): void {
    for (const stream of [...this.#child.stdio, this.#channel?.output]) (stream as Counting | undefined)?.unref?.()
  }

  /**
   * Resolve when the process is gone.
   *
   * @param channelEnd resolves when the reader has seen the end of the channel's input
   */
  async gone(channelEnd: Promise<void>): Promise<ProcessExit> {
    const exit = await this.#exit
    // Without a channel there is none any more: the worker waits for the host's word before it writes.
    this.#transport.close()
    if (this.#channel) await settledWithin(channelEnd, DRAIN_MS)
    await this.#readLastOutput()
    this.#stderrTail = this.stderrTail()
    this.#release()
    return exit
  }

  /**
   * End the whole tree: wait up to `graceMs` for the process to end by itself after its channel was closed, then kill. Resolves
   * when the process has ended and nothing is left in its group.
   */
  async end(graceMs: number): Promise<void> {
    const { pid } = this
    if (pid === undefined) return
    // Those that left the group can be told as ours only while their parents live.
    if (this.isRunning) this.#escaped = listEscapedDescendants(pid)
    await this.exitsWithin(graceMs)
    await this.kill()
  }

  /** Whether the process ends by itself within so many milliseconds. */
  async exitsWithin(limitMs: number): Promise<boolean> {
    await settledWithin(this.#exit, limitMs)
    return !this.isRunning
  }

  /** Kill the whole tree now. Resolves as `end` does. */
  async kill(): Promise<void> {
    const { pid } = this
    if (pid === undefined) return
    this.killNow()
    await this.#exit
    const deadline = performance.now() + GROUP_GONE_MS
    while (isGroupAlive(pid) && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, GROUP_POLL_MS))
    }
  }

  /** Kill the whole tree without waiting for its end. */
  killNow(): void {
    this.#transport.close()
    const { pid } = this
    if (pid === undefined || !this.isRunning) return
    const known = new Set(this.#escaped.map((each) => each.pid))
    this.#escaped.push(...listEscapedDescendants(pid).filter((each) => !known.has(each.pid)))
    killTree(pid, this.#escaped)
  }

  /**
   * What was in the pipes when the process ended is read by the event loop in its next turns. The channel too: a host that takes long
   * over each answer has spent the time limit before it has seen them all.
   */
  async #readLastOutput(): Promise<void> {
    const channel = this.#channel?.input as Partial<Socket> | undefined
    const progress = () => (channel?.bytesRead ?? 0) + (this.#stdout?.chunkCount ?? 0) + (this.#stderr?.chunkCount ?? 0)
    let quietTurns = 0
    for (let turn = 0; turn < OUTPUT_TURNS && quietTurns < 2; turn += 1) {
      const before = progress()
      await new Promise((resolve) => setImmediate(resolve))
      quietTurns = progress() === before ? quietTurns + 1 : 0
    }
  }

  #release(): void {
    this.#stdout?.close()
    this.#stderr?.close()
    for (const stream of this.#child.stdio) stream?.destroy()
    this.#channel?.input.destroy()
    this.#channel?.output.destroy()
  }

  #spawn(launch: Launch, { stdout, stderr }: WorkerProcessOptions): Child {
    try {
      return spawnChild(launch, this.#transport.stdio(outputStdio(stdout.sink), outputStdio(stderr.sink)))
    } catch (error) {
      this.#transport.close()
      throw error
    }
  }
}

async function settledWithin(promise: Promise<unknown>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs)
  })
  await Promise.race([promise, limit])
  clearTimeout(timer)
}
