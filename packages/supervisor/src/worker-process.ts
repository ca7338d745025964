/**
 * One worker process from spawn to gone: its descriptors, its end, its tree. The only long-lived child processes of pyferry
 * are started here.
 *
 * *Gone* means: the process has ended, and its channel was read to the end, at most `DRAIN_MS` later. Its stdout and stderr
 * are never waited for: a grandchild may hold them open for ever (V-14).
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import type { Launch } from './launch.js'
import { type OutputSink, OutputStream, outputStdio } from './output.js'
import { isGroupAlive, killTree, listEscapedDescendants, type ProcessIdentity } from './process-tree.js'
import type { TailFile } from './tail-file.js'

/** Answers the worker had written before it ended are local by then; this is for a channel that somebody else holds open. */
const DRAIN_MS = 250
/** A killed group disappears within milliseconds; a process in an uninterruptible wait may not, and is not waited for longer. */
const GROUP_GONE_MS = 1_000
const GROUP_POLL_MS = 5
/** Turns of the event loop that may bring output which was already in the pipe when the process ended. */
const OUTPUT_TURNS = 16

export interface ProcessExit {
  exitCode: number | null
  signal: NodeJS.Signals | null
  /** The process could not be started at all. */
  spawnError?: Error | undefined
}

export interface WorkerProcessOptions {
  stdout: { sink: OutputSink; tail: TailFile | undefined }
  stderr: { sink: OutputSink; tail: TailFile | undefined }
  /** An output sink failed. */
  onOutputError: (error: unknown) => void
}

export class WorkerProcess {
  readonly #child: ChildProcess
  readonly #stdout: OutputStream | undefined
  readonly #stderr: OutputStream | undefined
  readonly #exit: Promise<ProcessExit>
  #exited: ProcessExit | undefined
  #escaped: ProcessIdentity[] = []
  #stderrTail: string | undefined

  /** The stream the worker's frames arrive on. */
  readonly input: Readable
  /** The stream the host's frames leave on. */
  readonly output: Writable

  /** @throws the error of `spawn` where Node throws it at once (an argument with a NUL byte) */
  constructor(launch: Launch, options: WorkerProcessOptions) {
    const isFd = launch.transport === 'fd'
    const child = spawn(launch.command, [...launch.args], {
      cwd: launch.cwd,
      env: launch.env,
      // Its own process group, so that a signal reaches what the worker has started, and Ctrl-C does not reach it.
      detached: true,
      shell: false,
      windowsHide: true,
      stdio: isFd
        ? ['ignore', outputStdio(options.stdout.sink), outputStdio(options.stderr.sink), 'pipe', 'pipe', 'pipe']
        : ['pipe', 'pipe', outputStdio(options.stderr.sink)],
    })
    this.#child = child
    this.output = (isFd ? child.stdio[3] : child.stdin) as Writable
    this.input = (isFd ? child.stdio[4] : child.stdout) as Readable
    if (isFd) {
      // Node makes every descriptor above 2 two-way. Nothing comes back on these, but their end must be noticed.
      for (const extra of [child.stdio[3], (child.stdio as readonly unknown[])[5]] as Readable[])
        extra.on('error', () => {}).resume()
    }
    const { onOutputError: onError } = options
    this.#stdout = isFd && child.stdout ? new OutputStream(child.stdout, { ...options.stdout, onError }) : undefined
    this.#stderr = child.stderr ? new OutputStream(child.stderr, { ...options.stderr, onError }) : undefined

    this.#exit = new Promise((resolve) => {
      const onExit = (exit: ProcessExit) => {
        if (this.#exited) return
        this.#exited = exit
        resolve(exit)
      }
      child.once('exit', (exitCode, signal) => {
        // The group outlives its leader for as long as it has members; after that its number is free for others.
        killTree(this.pid, this.#escaped)
        onExit({ exitCode, signal })
      })
      child.on('error', (error) => {
        if (child.pid === undefined)
          onExit({ exitCode: null, signal: null, spawnError: explainSpawnError(error, launch) })
      })
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
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
    const child = this.#child
    if (keepsAlive) child.ref()
    else child.unref()
    for (const stream of child.stdio) {
      const socket = stream as { ref?(): void; unref?(): void } | null | undefined
      // The channel's reader counts with the process: after its exit the last answers are still to be read.
      if (keepsAlive && stream === this.input) socket?.ref?.()
      else socket?.unref?.()
    }
  }

  /**
   * Resolve when the process is gone.
   *
   * @param channelEnd resolves when the reader has seen the end of `input`
   */
  async gone(channelEnd: Promise<void>): Promise<ProcessExit> {
    const exit = await this.#exit
    await settledWithin(channelEnd, DRAIN_MS)
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
    if (this.#child.pid === undefined) return
    if (this.isRunning) {
      // Those that left the group can be told as ours only while their parents live.
      this.#escaped = listEscapedDescendants(this.pid)
      await settledWithin(this.#exit, graceMs)
    }
    await this.kill()
  }

  /** Kill the whole tree now. Resolves as `end` does. */
  async kill(): Promise<void> {
    if (this.#child.pid === undefined) return
    this.killNow()
    await this.#exit
    const deadline = performance.now() + GROUP_GONE_MS
    while (isGroupAlive(this.pid) && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, GROUP_POLL_MS))
    }
  }

  /** Kill the whole tree without waiting for its end. */
  killNow(): void {
    if (this.#child.pid === undefined || !this.isRunning) return
    const known = new Set(this.#escaped.map(({ pid }) => pid))
    this.#escaped.push(...listEscapedDescendants(this.pid).filter(({ pid }) => !known.has(pid)))
    killTree(this.pid, this.#escaped)
  }

  /** What was in the pipes when the process ended is read by the event loop in its next turns. */
  async #readLastOutput(): Promise<void> {
    const chunkCount = () => (this.#stdout?.chunkCount ?? 0) + (this.#stderr?.chunkCount ?? 0)
    let quietTurns = 0
    for (let turn = 0; turn < OUTPUT_TURNS && quietTurns < 2; turn += 1) {
      const before = chunkCount()
      await new Promise((resolve) => setImmediate(resolve))
      quietTurns = chunkCount() === before ? quietTurns + 1 : 0
    }
  }

  #release(): void {
    this.#stdout?.close()
    this.#stderr?.close()
    for (const stream of this.#child.stdio) stream?.destroy()
  }
}

/** Node says ENOENT for a missing command and for a missing cwd alike. */
function explainSpawnError(error: Error, { command, cwd }: Launch): Error {
  const { code } = error as NodeJS.ErrnoException
  if (cwd !== undefined && !statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) {
    return new Error(`cwd ${cwd} is not a folder`, { cause: error })
  }
  if (code === 'ENOENT') return new Error(`${command} was not found`, { cause: error })
  if (code === 'EACCES') return new Error(`${command} may not be executed`, { cause: error })
  return error
}

async function settledWithin(promise: Promise<unknown>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs)
  })
  await Promise.race([promise, limit])
  clearTimeout(timer)
}
