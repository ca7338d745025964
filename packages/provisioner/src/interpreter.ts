/** Asking an interpreter what it is. */
import { currentFolder, installerEnvironment, type Variables } from './child-environment.js'
import { InterpreterError, MachineError } from './errors.js'
import { type InterpreterInfo, PROBE_SCRIPT, tryParseProbe } from './probe.js'
import { makeRedactor } from './redact.js'
import { type Command, describeResult, run } from './run.js'
import { makeStop } from './stop.js'

export type { InterpreterInfo } from './probe.js'

export interface InspectOptions {
  /** Ends the question: ABORTED. */
  signal?: AbortSignal | undefined
  /** The host's variables; a shim may look at them. @default process.env */
  env?: Variables
}

/** A Python answers within a tenth of a second; a shim with a slow disk within some. */
const PROBE_TIMEOUT_MS = 10_000

/**
 * Run an interpreter and ask what it is. It runs isolated (`-I -S`): neither variables nor site packages nor the current folder
 * have a say, but the current folder is where it runs, for the shims that look at it.
 *
 * @param path of the executable, absolute or relative to the current folder
 * @throws InterpreterError (PYTHON_BROKEN) when it cannot be started, ends with an error, or answers nothing in ten seconds
 * @throws StoppedError (ABORTED)
 */
export async function inspectInterpreter(path: string, options: InspectOptions = {}): Promise<InterpreterInfo> {
  const { signal, env = process.env } = options
  const redact = makeRedactor(env)
  const command: Command = {
    file: path,
    args: ['-I', '-S', '-c', PROBE_SCRIPT],
    env: installerEnvironment(env),
    cwd: currentFolder(),
    hasLifeline: false,
  }
  const stop = makeStop(signal, { limitMs: PROBE_TIMEOUT_MS, what: `asking ${path} what it is` })
  try {
    const result = await run(command, { signal: stop.signal, redact })
    const info = result.exitCode === 0 ? tryParseProbe(result.stdoutTail) : undefined
    if (info) return info
    const said = result.stderrTail.split('\n').findLast((line) => line.trim() !== '')
    const ending = result.endedBy ?? `exit code ${result.exitCode}`
    throw broken(
      path,
      said === undefined ? ending : `${ending}: ${said.trim()}`,
      describeResult(command, result, redact),
    )
  } catch (error) {
    const isUnusable = error instanceof MachineError || (stop.signal.reason === error && !signal?.aborted)
    if (isUnusable) throw broken(path, (error as Error).message, { cause: error })
    throw error
  } finally {
    stop.dispose()
  }
}

function broken(path: string, reason: string, failure: ConstructorParameters<typeof InterpreterError>[2]) {
  return new InterpreterError('PYTHON_BROKEN', `${path} does not work as a Python: ${reason}`, {
    ...failure,
    facts: { path, reason },
  })
}
