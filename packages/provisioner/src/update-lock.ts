/** `lockMode: 'update'`: a project's lock file is brought up to date before it is read for the key. pixi does so by itself. */
import { uvLock } from './backends/uv-commands.js'
import type { Choice, ChoiceRequest } from './choose-backend.js'
import { classifyFailure } from './classify.js'
import type { FoundPython } from './find-python.js'
import { type Command, describeResult, run } from './run.js'
import { readSettings } from './settings.js'

/**
 * Run `uv lock` in the project.
 *
 * @returns whether there was a lock file of uv's; one that is not there is not made
 * @throws ProvisionError, classified
 */
export async function updateLock(
  { source, tool, backend }: Choice,
  python: FoundPython | undefined,
  { spec, env, place, reporter, signal, redact }: ChoiceRequest,
): Promise<boolean> {
  if (source.lock?.kind !== 'uv' || !tool || !python) return false
  reporter.enter('resolve', source.lock.path)
  const settings = await readSettings(spec, backend.name, { host: env, source })
  const command: Command = {
    file: tool.path,
    args: uvLock(spec, python.base.path),
    env: { ...settings.env, ...place.cacheVariables },
    cwd: source.lock.folder,
    hasLifeline: false,
    launcher: python.base.path,
  }
  const onLine = (stream: 'stdout' | 'stderr', line: string) => {
    reporter.log(stream, line)
    return 'keep' as const
  }
  const result = await run(command, { signal, redact, onLine })
  if (result.exitCode === 0) return true
  throw classifyFailure(result, { ...describeResult(command, result, redact), phase: reporter.phase })
}
