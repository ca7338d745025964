/**
 * The mark on a generation that is being taken apart: whoever finds it does not begin to use the generation.
 *
 * It is made by one collector, and taken back by that one alone, when it has found a lease. While its maker lives, every other leaves
 * the generation be: it could not tell whether the mark will stay. When its maker has died, or has given it up, nobody will ever take
 * it back, and anyone may finish. So two collectors that know nothing of each other do no harm, and no lock is needed for that.
 */
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { errnoOf, isAbsent, timeOf, tryReadJson, writeWhole } from './files.js'
import type { GenerationLayout } from './layout.js'
import { isProcessIdentity, livenessOf, ownIdentity } from './process-identity.js'

/** Whose the mark is: ours to take back; nobody's any more; another's, who may yet take it back. */
export type Doom = 'ours' | 'anyones' | 'others'

/** A mark of another machine or container, or one that was cut off by a crash, is nobody's after a day. */
const FOREIGN_MARK_MS = 24 * 60 * 60 * 1000

/** Put the mark on a generation, or find the one that is there. */
export async function doom({ doomed }: Pick<GenerationLayout, 'doomed'>, nowMs: number): Promise<Doom> {
  if (await tryCreate(doomed, `${JSON.stringify(ownIdentity())}\n`)) return 'ours'
  const owner = (await tryReadJson(doomed)) as { abandoned?: unknown } | undefined
  if (owner?.abandoned === true) return 'anyones'
  const liveness = isProcessIdentity(owner) ? livenessOf(owner) : 'unknown'
  if (liveness !== 'unknown') return liveness === 'dead' ? 'anyones' : 'others'
  return nowMs - ((await timeOf(doomed)) ?? nowMs) > FOREIGN_MARK_MS ? 'anyones' : 'others'
}

/** Take back a mark of ours. */
export async function takeBack({ doomed }: Pick<GenerationLayout, 'doomed'>): Promise<void> {
  try {
    await unlink(doomed)
  } catch (error) {
    if (!isAbsent(error)) throw error
  }
}

/** Leave a mark for whoever comes: nobody new uses the generation, and anyone may remove it when its leases have gone. */
export async function abandon({ doomed }: Pick<GenerationLayout, 'doomed'>): Promise<void> {
  await writeWhole(doomed, `${JSON.stringify({ abandoned: true })}\n`)
}

/** @returns whether it was not there */
async function tryCreate(path: string, text: string): Promise<boolean> {
  let file: FileHandle
  try {
    file = await open(path, 'wx', 0o600)
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    throw error
  }
  try {
    await file.writeFile(text)
  } catch (error) {
    // A full disk is what somebody wants to make room on. That the mark is there says enough, until this process dies.
    if (!['ENOSPC', 'EDQUOT'].includes(errnoOf(error) ?? '')) throw error
  } finally {
    await file.close()
  }
  return true
}
