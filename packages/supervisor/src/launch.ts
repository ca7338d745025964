import { join } from 'node:path'
import { OptionError } from '@pyferry/errors'
import { defaultTransport, type TransportName } from './transports/transport.js'
import { materializeWorkerFiles } from './worker-files.js'

/** How to start one worker process: plain data, made by anybody. */
export interface Launch {
  /** An executable: a path, or a name on the PATH of `env`. Never a shell line. */
  command: string
  args: readonly string[]
  /** The whole environment of the process. */
  env: Readonly<Record<string, string>>
  /** @default the host's */
  cwd?: string | undefined
  /**
   * Where the frames go: `'fd'`, descriptors 3 and 4 of the process, one for each direction, and a lifeline on 5; `'stdio'`, its stdin
   * and stdout; `'unix'` and `'tcp'`, a socket of which it is told on stdin (PROTOCOL.md, "Meeting on a socket").
   */
  transport: TransportName
  /** The folder to make for the socket of `'unix'`; gone as soon as the worker has connected. @default one among the temporary files */
  socketFolder?: string | undefined
  /** What errors call the place where it runs. */
  environment?: string | undefined
  /**
   * The command line of the worker, where what is to be started is a template, which forks it (`docs/forked-start.md`). Then the transport is
   * `'unix'`.
   */
  forked?: readonly string[] | undefined
}

export interface WorkerLaunchOptions {
  /** Path of an interpreter, CPython 3.9 or later; it needs nothing installed. */
  python: string
  /** Calls that run at once. @default 1 */
  threads?: number
  /** Largest frame body in bytes. @default 64 MiB */
  maxFrameBytes?: number
  /** @default 'fd', on Windows 'tcp' */
  transport?: TransportName | undefined
  /** Over `'stdio'`: how long what runs may go on after the host has ended, or has ended its stream. @default 5_000 */
  closeGraceMs?: number
  /** @default the host's environment */
  env?: Readonly<Record<string, string>>
  cwd?: string | undefined
  environment?: string | undefined
  /** See `Launch`. */
  socketFolder?: string | undefined
  /** `'fork'`: from a template, not on Windows; the transport is `'unix'` then. @default 'spawn' */
  start?: 'spawn' | 'fork' | undefined
  /** What the template imports before it forks. @default [] */
  preload?: readonly string[] | undefined
}

/**
 * How to start our own worker under our own host. `-I` keeps `PYTHON*` variables, the user's site-packages and the current
 * folder out; `-S` leaves `site` until after the ready frame, where the worker runs it itself.
 *
 * @throws WorkerFilesError
 */
export function workerLaunch(options: WorkerLaunchOptions): Launch {
  const { threads = 1, maxFrameBytes, closeGraceMs, preload = [] } = options
  const isForked = options.start === 'fork'
  const transport = isForked ? 'unix' : (options.transport ?? defaultTransport())
  const settings = [
    ...['--max-workers', String(threads)],
    ...(maxFrameBytes === undefined ? [] : ['--max-frame-bytes', String(maxFrameBytes)]),
    ...(transport === 'stdio' && closeGraceMs !== undefined ? ['--close-grace-ms', String(closeGraceMs)] : []),
  ]
  const own = isForked
    ? ['--control', '3', '--lifeline', '4', ...(preload.length > 0 ? ['--preload', preload.join(',')] : [])]
    : [...channelArguments[transport], ...settings]
  return {
    command: options.python,
    args: ['-I', '-S', '-X', 'utf8', bootFile(), ...own],
    env: { ...(options.env ?? hostEnvironment()), PYFERRY_WORKER: '1' },
    cwd: options.cwd,
    transport,
    environment: options.environment ?? options.python,
    ...(options.socketFolder !== undefined && { socketFolder: options.socketFolder }),
    ...(isForked && { forked: settings }),
  }
}

/** How our worker is told where its channel is. */
const channelArguments: Readonly<Record<TransportName, readonly string[]>> = {
  fd: ['--fd-in', '3', '--fd-out', '4', '--lifeline', '5'],
  stdio: ['--stdio'],
  unix: ['--connect'],
  tcp: ['--connect'],
}

export interface WorkerCommandOptions {
  /** Path of an interpreter, CPython 3.9 or later. */
  python: string
  /** The base protocol, on stdin and stdout (W-1). A host that knows more finds out in the ready frame (W-2). */
  protocol: 'base'
  /** Calls that run at once. @default 1 */
  threads?: number
}

/**
 * The command that starts our worker for any host that speaks on the process's stdin and stdout: a foreign one, or ours with a `launcher`.
 *
 * @throws OptionError for another protocol
 * @throws WorkerFilesError
 */
export function workerCommand(options: WorkerCommandOptions): {
  command: string
  args: string[]
  env: Record<string, string>
} {
  if (options.protocol !== 'base') throw new OptionError('protocol', options.protocol, "'base'")
  return {
    command: options.python,
    args: ['-I', '-X', 'utf8', bootFile(), '--stdio', '--max-workers', String(options.threads ?? 1)],
    env: { ...hostEnvironment(), PYFERRY_WORKER: '1' },
  }
}

/** The host's environment, as `spawn` takes it. */
export function hostEnvironment(): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined) environment[name] = value
  }
  return environment
}

function bootFile(): string {
  return join(materializeWorkerFiles(), 'boot.py')
}
