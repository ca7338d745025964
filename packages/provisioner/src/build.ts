/**
 * A new generation, from nothing to published. Whatever interrupts it, and wherever, the one before stays what it was until
 * `current.json` names the new one.
 */
import type { Backend, BuildJob } from './backends/backend.js'
import { BuildLog, removeOldLogs } from './build-log.js'
import { makeTemporary, removeTemporary, temporaryParent } from './build-temporary.js'
import { ProvisionError } from './errors.js'
import { errnoOf, explainSystemError, isAbsent, removeTree, writeWhole } from './files.js'
import type { Key, KeyDocument } from './key.js'
import { generationLayout, newGeneration } from './layout.js'
import type { Lease } from './lease.js'
import { makeInnerFolder } from './own-folder.js'
import type { Place } from './place.js'
import { ownIdentity } from './process-identity.js'
import { makeStamp, publish, type Stamp, writeStamp } from './stamp.js'
import { verify } from './verify.js'

export interface BuildRequest extends Omit<BuildJob, 'generation' | 'home' | 'temporary'> {
  backend: Backend
  place: Place
  key: Key
  document: KeyDocument
  wantsLease: boolean
}

export interface Built {
  stamp: Stamp
  lease: Lease | undefined
}

/**
 * Build and publish. Only for whoever has the right to, see `Place.exclusively`.
 *
 * @throws ProvisionError with the log's path; nothing of the new generation is left then, as far as the disk allows
 */
export async function build(request: BuildRequest): Promise<Built> {
  const { backend, place, reporter, key } = request
  const folder = place.keyFolder(key.id)
  const generation = generationLayout(folder, newGeneration())
  const { gen, prefix, building, requirements, constraints, report } = generation
  const temporaryIn = temporaryParent(request.env, request.workingFolder)
  const traces = [requirements, constraints, report, building]
  const log = new BuildLog(place.logPath(key.id, gen))
  reporter.onLog = (line) => log.write(line)
  const removeOwnTemporary = () =>
    tryRemove(`what is temporary of ${gen}`, reporter, () => removeTemporary(temporaryIn, { gen }))
  let lease: Lease | undefined
  try {
    await writeMark(request, building, { ...ownIdentity(), since: new Date().toISOString(), temporaryIn })
    const temporary = await tryMakeTemporary(temporaryIn, request, gen)
    const job: BuildJob = { ...request, generation, temporary, home: place.home?.home }
    const built = await backend.build(job)
    reporter.enter('verify')
    const verified = await verify(job, built)
    reporter.enter('publish')
    const stamp = makeStamp({ ...request, generation, built, verified })
    request.signal.throwIfAborted()
    await writeWhole(folder.spec, `${JSON.stringify(request.document)}\n`, { isSynced: false })
    // Without a stamp its mark protects it, with one a lease alone: where the lock was lost, a collector may come between these two.
    lease = request.wantsLease ? place.takeLease(key.id, gen) : undefined
    await writeStamp(generation, stamp)
    await publish(folder, stamp)
    await removeOwnTemporary()
    await removeAll([...traces, folder.failed], reporter)
    await tidy(request)
    return { stamp, lease }
  } catch (error) {
    lease?.release()
    await removeOwnTemporary()
    await removeAll([prefix, ...traces], reporter)
    const explained = explainSystemError(error, place.path) ?? error
    if (explained instanceof ProvisionError) explained.logPath ??= log.path
    throw explained
  } finally {
    log.flush()
    reporter.onLog = undefined
  }
}

/** Where the lock was lost, a collector may remove the empty folder of the key between our making and using it. */
const MAX_ATTEMPTS = 10

async function writeMark({ place, key }: BuildRequest, path: string, mark: object): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await writeWhole(path, `${JSON.stringify(mark)}\n`, { isSynced: false })
    } catch (error) {
      if (!isAbsent(error) || attempt === MAX_ATTEMPTS) throw error
      await makeInnerFolder(place.keyFolder(key.id).folder, place.kind)
    }
  }
}

/** The new one is published: what cannot be removed now goes another time, and is no failure of this one. */
async function tidy({ place, reporter, key }: BuildRequest): Promise<void> {
  try {
    await place.sweep(key.id)
    if (place.home) await removeOldLogs(place.home.logsDir)
  } catch (error) {
    reporter.warning('left-over', `something old below ${place.path} could not be removed: ${errnoOf(error)}`)
  }
}

/** Where there can be none, installers have their temporary files where they would have them without us. */
async function tryMakeTemporary(
  parent: string,
  { reporter }: BuildRequest,
  gen: string,
): Promise<Record<string, string>> {
  try {
    return await makeTemporary(parent, { gen })
  } catch (error) {
    reporter.warning(
      'shared-temporary',
      `no folder can be made in ${parent} (${errnoOf(error)}): of a build that is killed, files may be left`,
    )
    return {}
  }
}

async function removeAll(paths: readonly string[], reporter: BuildJob['reporter']): Promise<void> {
  for (const path of paths) await tryRemove(path, reporter, () => removeTree(path))
}

async function tryRemove(what: string, reporter: BuildJob['reporter'], remove: () => Promise<void>): Promise<void> {
  try {
    await remove()
  } catch (error) {
    reporter.warning('left-over', `${what} could not be removed: ${errnoOf(error)}`)
  }
}
