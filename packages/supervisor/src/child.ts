/** A process to watch and to end, whoever its parent is: one that is spawned here, or one that a template has forked. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import type { Launch } from './launch.js'
import type { Stdio } from './transports/transport.js'

export interface ProcessExit {
  exitCode: number | null
  signal: NodeJS.Signals | null
  /** The process could not be started at all. */
  spawnError?: Error | undefined
}

export interface Child {
  /** `undefined` when it could not be started. */
  readonly pid: number | undefined
  /** The host's ends of its descriptors, by number. Node gives a child none when it is out of descriptors; its end is still to come. */
  readonly stdio: readonly (Duplex | undefined)[]
  /** Told once, in the turn in which the end is known; soon, when it is known already. */
  onExit: (listener: (exit: ProcessExit) => void) => void
  ref: () => void
  unref: () => void
}

/** What is started, but for its descriptors. */
export type Command = Pick<Launch, 'command' | 'args' | 'env' | 'cwd'>

/**
 * Start a process that leads a group of its own, so that a signal reaches what it has started, and Ctrl-C does not reach it.
 *
 * @throws the error of `spawn` where Node throws it at once (an argument with a NUL byte)
 */
export function spawnChild(command: Command, stdio: Stdio[]): Child {
  const options: SpawnOptions = {
    cwd: command.cwd,
    env: command.env,
    detached: true,
    shell: false,
    windowsHide: true,
    stdio,
  }
  let child: ChildProcess
  try {
    child = spawn(command.command, [...command.args], options)
  } catch (error) {
    throw explainSpawnError(error as Error, command)
  }
  return {
    get pid() {
      return child.pid
    },
    get stdio() {
      return (child.stdio ?? []) as readonly unknown[] as readonly (Duplex | undefined)[]
    },
    onExit(listener) {
      child.once('exit', (exitCode, signal) => listener({ exitCode, signal }))
      child.on('error', (error) => {
        const spawnError = explainSpawnError(error, command)
        if (child.pid === undefined) listener({ exitCode: null, signal: null, spawnError })
      })
    },
    ref: () => child.ref(),
    unref: () => child.unref(),
  }
}

/** "exited with code 3" */
export function describeExit({ exitCode, signal, spawnError }: ProcessExit): string {
  if (spawnError) return `could not be started (${spawnError.message})`
  return signal === null ? `exited with code ${exitCode}` : `was ended by ${signal}`
}

/** @throws Error when `cwd` is no folder */
export function assertFolder(cwd: string | undefined, cause?: Error): void {
  if (cwd !== undefined && !statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Error(`cwd ${cwd} is not a folder`, { cause })
  }
}

/** Node says ENOENT for a missing command and for a missing cwd alike. */
function explainSpawnError(error: Error, { command, cwd }: Command): Error {
  const { code } = error as NodeJS.ErrnoException
  try {
    assertFolder(cwd, error)
  } catch (explained) {
    return explained as Error
  }
  if (code === 'ENOENT') return new Error(`${command} was not found`, { cause: error })
  if (code === 'EACCES') return new Error(`${command} may not be executed`, { cause: error })
  return error
}
