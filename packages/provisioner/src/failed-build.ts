/**
 * How the last build of a key failed. Whoever waited for that build gets its error instead of building the same once more: a
 * queue of programs does not repeat a failure one after the other. What may come out differently the next time is not kept.
 */
import { type ProvisionError, recreateError, StoppedError } from './errors.js'
import { tryReadJson, writeWhole } from './files.js'
import type { KeyFolder } from './layout.js'

interface FailedBuild {
  schema: 1
  /** Of the lock holding in which it failed. */
  token: string
  name: string
  code: string
  message: string
  fields: Record<string, unknown>
}

/** Keep a failure for those who wait. */
export async function writeFailure(key: KeyFolder, token: string, error: ProvisionError): Promise<void> {
  if (error.retryable || error instanceof StoppedError) return
  const { name, code, message } = error
  const failed: FailedBuild = { schema: 1, token, name, code, message, fields: { ...error } }
  await writeWhole(key.failed, `${JSON.stringify(failed)}\n`)
}

/** The failure of the build that held the lock as `token`; `undefined` when that did not fail, or was another. */
export async function readFailure(key: KeyFolder, token: string): Promise<ProvisionError | undefined> {
  const failed = (await tryReadJson(key.failed)) as FailedBuild | undefined
  if (failed?.schema !== 1 || failed.token !== token) return undefined
  return recreateError(failed, failed.fields)
}
