/**
 * How the last build of a key failed. Whoever had asked for it before that gets its error instead of building the same once more:
 * a queue of programs does not repeat a failure one after the other. What may come out differently the next time is not kept.
 */
import { randomBytes } from 'node:crypto'
import { type ProvisionError, recreateError, StoppedError } from './errors.js'
import { parseJson, readNow, writeWhole } from './files.js'
import type { KeyFolder } from './layout.js'

interface FailedBuild {
  schema: 1
  /** Of this failure, random: whether it is the one that stood there before. */
  token: string
  name: string
  code: string
  message: string
  fields: Record<string, unknown>
}

/** Keep a failure for those who wait. */
export async function writeFailure(key: KeyFolder, error: ProvisionError): Promise<void> {
  if (error.retryable || error instanceof StoppedError) return
  const { name, code, message } = error
  const token = randomBytes(6).toString('hex')
  const failed: FailedBuild = { schema: 1, token, name, code, message, fields: { ...error } }
  await writeWhole(key.failed, `${JSON.stringify(failed)}\n`)
}

/** Which failure stands there now; `undefined`: none. */
export function readFailureToken(key: KeyFolder): string | undefined {
  return readFailed(key)?.token
}

/** The failure that came since `before` stood there; `undefined` when none has. */
export function readNewFailure(key: KeyFolder, before: string | undefined): ProvisionError | undefined {
  const failed = readFailed(key)
  if (!failed || failed.token === before) return undefined
  return recreateError(failed, failed.fields)
}

function readFailed(key: KeyFolder): FailedBuild | undefined {
  const failed = parseJson(readNow(key.failed) ?? '') as FailedBuild | undefined | null
  return failed?.schema === 1 && typeof failed.token === 'string' ? failed : undefined
}
