/**
 * One command to its end: its own process group, the null device as input, no shell, the last output of both streams. And helpers,
 * which run beside us. The only file of this package that starts processes.
 *
 * It ends in one way: the process has exited, what is left of its group is killed and gone, its output is read.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { stat } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import type { Variables } from './child-environment.js'
import { MachineError, type ProvisionFailure } from './errors.js'
import { errnoOf } from './files.js'
import { LIFELINE_DESCRIPTOR, LIFELINE_LAUNCHER } from './lifeline.js'
import { OutputLines } from './output.js'
import { isGroupAlive, signalGroup } from './process-group.js'

export interface Command {
  /** Absolute path of the executable. */
  file: string
  /** Never a secret: anybody on the machine can read them. */
  args: readonly string[]
  env: Variables
  /** An existing folder. */
  cwd: string
  /** Whether the command takes the lifeline that makes it die with this process. */
  hasLifeline: boolean
  /** A Python that arms the lifeline for a program that cannot, and is then replaced by it. */
  launcher?: string | undefined
}

export interface RunOptions {
  /** Ends the whole group: SIGTERM, and SIGKILL after five seconds. */
  signal: AbortSignal
  redact: (text: string) => string
  /** Told of every line; one it answers with `'drop'` is not kept for the tail. */
  onLine?: (stream: 'stdout' | 'stderr', line: string) => 'keep' | 'drop'
}

export interface RunResult {
  /** `null` when a signal ended it. */
  exitCode: number | null
  endedBy: NodeJS.Signals | null
  stdoutTail: string
  stderrTail: string
}

const TERMINATE_GRACE_MS = 5_000

/** Output that is still open after the group has gone is held by somebody who left it; nobody waits for that. */
const OUTPUT_GRACE_MS = 250

/** How long a killed group may take to go: longer only when the kernel cannot end it (a stuck disk). */
const GROUP_GONE_LIMIT_MS = 5_000

/**
 * Run `command` and wait until nothing of it is left.
 *
 * @returns also when it fails: see `exitCode`
 * @throws `signal.reason` when the signal was aborted, before or during the run
 * @throws MachineError (SPAWN_FAILED) when it could not be started
 */
export async function run(command: Command, { signal, redact, onLine }: RunOptions): Promise<RunResult> {
  signal.throwIfAborted()
  const child = await start(command, redact)
  const stdout = new OutputLines(redact, (line) => onLine?.('stdout', line) ?? 'keep')
  const stderr = new OutputLines(redact, (line) => onLine?.('stderr', line) ?? 'keep')
  child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk))
  const { exitCode, endedBy } = await waitForEnd(child, signal)
  stdout.end()
  stderr.end()
  signal.throwIfAborted()
  return { exitCode, endedBy, stdoutTail: stdout.tail, stderrTail: stderr.tail }
}

/** A helper that runs beside us until its input ends, and dies with us. */
export interface Helper {
  /** Its next line, or `undefined` at the end of its output. */
  nextLine(): Promise<string | undefined>
  /** Write a line to its input. */
  tell(line: string): void
  /** End its input, and wait until it has gone. */
  end(): Promise<void>
  /** End it now: it may be waiting for something else than its input. */
  kill(): Promise<void>
  /** Resolves when it has gone, for whatever reason. */
  readonly ended: Promise<void>
}

/**
 * Start a helper that speaks in lines. It keeps this process alive only while somebody waits for a line.
 *
 * @throws MachineError (SPAWN_FAILED)
 */
export async function startHelper(command: Command, redact: (text: string) => string): Promise<Helper> {
  const child = await start(command, redact, 'pipe')
  const { stdin, stdout, stderr } = child
  if (!stdin || !stdout || !stderr) throw new Error('a helper has all three streams')
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  stdin.on('error', () => {})
  stderr.resume()
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]()
  const streams = [stdin, stdout, stderr, child.stdio[LIFELINE_DESCRIPTOR]] as (Socket | undefined)[]
  const handles = [child, ...streams]
  const unref = () => {
    for (const each of handles) each?.unref()
  }
  const ref = () => {
    for (const each of handles) each?.ref()
  }
  unref()
  const leave = async (graceMs: number) => {
    ref()
    stdin.end()
    // One that has gone is left alone: its id may be somebody else's by now.
    const hasGone = () => child.exitCode !== null || child.signalCode !== null
    const kill = () => void (hasGone() || signalGroup(child.pid as number, 'SIGKILL'))
    const timer = graceMs === 0 ? kill() : setTimeout(kill, graceMs)
    await ended
    clearTimeout(timer ?? undefined)
    for (const stream of streams) stream?.destroy()
  }
  return {
    nextLine: async () => {
      ref()
      try {
        const { done, value } = await lines.next()
        return done ? undefined : value
      } finally {
        unref()
      }
    },
    tell: (line) => void stdin.write(`${line}\n`),
    end: () => leave(TERMINATE_GRACE_MS),
    kill: () => leave(0),
    ended,
  }
}

/** The command as one line for people, not for a shell. */
export function formatCommand({ file, args }: Command, redact: (text: string) => string): string {
  const words = [file, ...args].map((word) => {
    const shown = word.includes('\n') ? '<script>' : word
    return /[\s"'$]/.test(shown) ? JSON.stringify(shown) : shown
  })
  return redact(words.join(' '))
}

/** What a result says for an error. */
export function describeResult(
  command: Command,
  result: RunResult,
  redact: (text: string) => string,
): ProvisionFailure {
  const { exitCode, stdoutTail, stderrTail } = result
  return { command: formatCommand(command, redact), exitCode, stdoutTail, stderrTail }
}

async function start(
  command: Command,
  redact: (text: string) => string,
  input: 'ignore' | 'pipe' = 'ignore',
): Promise<ChildProcess> {
  const { env, cwd, launcher } = command
  const lifeline = command.hasLifeline || launcher !== undefined ? (['pipe'] as const) : []
  const launching = ['-I', '-S', '-c', LIFELINE_LAUNCHER, command.file]
  const [file, args] =
    launcher === undefined ? [command.file, command.args] : [launcher, [...launching, ...command.args]]
  const child = spawn(file, args, {
    cwd,
    env,
    detached: process.platform !== 'win32',
    windowsHide: true,
    stdio: [input, 'pipe', 'pipe', ...lifeline],
  })
  // The host closing its end is what ends the command; that it ends by itself is no error of this socket's.
  child.stdio[LIFELINE_DESCRIPTOR]?.on('error', () => {})
  return new Promise((resolve, reject) => {
    child.once('spawn', () => resolve(child))
    child.once('error', async (cause) => reject(await explainSpawnError(command, cause, redact)))
  })
}

/** Node says ENOENT of the file also when it is the folder that is missing. */
async function explainSpawnError(command: Command, cause: unknown, redact: (text: string) => string): Promise<Error> {
  const isFolder = await stat(command.cwd).then(
    (found) => found.isDirectory(),
    () => false,
  )
  const reason = isFolder ? errnoOf(cause) : `its working folder ${command.cwd} is not there`
  return new MachineError('SPAWN_FAILED', `could not start ${command.file}: ${reason}`, {
    cause,
    command: formatCommand(command, redact),
    facts: { path: isFolder ? command.file : command.cwd },
  })
}

async function waitForEnd(
  child: ChildProcess,
  signal: AbortSignal,
): Promise<{ exitCode: number | null; endedBy: NodeJS.Signals | null }> {
  const group = child.pid as number
  let killTimer: NodeJS.Timeout | undefined
  const stop = () => {
    signalGroup(group, 'SIGTERM')
    killTimer ??= setTimeout(() => signalGroup(group, 'SIGKILL'), TERMINATE_GRACE_MS)
  }
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const exited = new Promise<{ exitCode: number | null; endedBy: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (exitCode, endedBy) => resolve({ exitCode, endedBy }))
  })
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    const end = await exited
    await endGroup(group)
    await Promise.race([closed, delay(OUTPUT_GRACE_MS, undefined, { ref: false })])
    return end
  } finally {
    signal.removeEventListener('abort', stop)
    clearTimeout(killTimer)
    for (const stream of child.stdio) stream?.destroy()
  }
}

/** What the command left running goes with it: nobody else knows of it. */
async function endGroup(group: number): Promise<void> {
  if (process.platform === 'win32') return
  signalGroup(group, 'SIGKILL')
  const limitMs = performance.now() + GROUP_GONE_LIMIT_MS
  while (isGroupAlive(group) && performance.now() < limitMs) await delay(5)
}
