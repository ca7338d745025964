/**
 * A new generation, from nothing to published. Whatever interrupts it, and wherever, the one before stays what it was until
 * `current.json` names the new one.
 */
import type { Backend, BuildJob } from './backends/backend.js'
import { BuildLog, removeOldLogs } from './build-log.js'
import { ProvisionError } from './errors.js'
import { errnoOf, explainSystemError, removeTree, writeWhole } from './files.js'
import type { Key, KeyDocument } from './key.js'
import { generationLayout, newGeneration } from './layout.js'
import type { Lease } from './lease.js'
import type { Place } from './place.js'
import { ownIdentity } from './process-identity.js'
import { makeStamp, publish, type Stamp, writeStamp } from './stamp.js'
import { verify } from './verify.js'

export interface BuildRequest extends Omit<BuildJob, 'generation' | 'home'> {
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
  const job: BuildJob = { ...request, generation, home: place.home?.home }
  const traces = [requirements, constraints, report, building]
  const log = new BuildLog(place.logPath(key.id, gen))
  reporter.onLog = (line) => log.write(line)
  let lease: Lease | undefined
  try {
    const owner = { ...ownIdentity(), since: new Date().toISOString() }
    await writeWhole(building, `${JSON.stringify(owner)}\n`, { isSynced: false })
    const built = await backend.build(job)
    reporter.enter('verify')
    const verified = await verify(job, built)
    reporter.enter('publish')
    const stamp = makeStamp({ ...request, generation, built, verified })
    request.signal.throwIfAborted()
    await writeWhole(folder.spec, `${JSON.stringify(request.document)}\n`, { isSynced: false })
    await writeStamp(generation, stamp)
    // Before anybody can find it: it is never there without a lease of ours.
    lease = request.wantsLease ? place.takeLease(key.id, gen) : undefined
    await publish(folder, stamp)
    await removeAll([...traces, folder.failed], reporter)
    await tidy(request)
    return { stamp, lease }
  } catch (error) {
    lease?.release()
    await removeAll([prefix, ...traces], reporter)
    const explained = explainSystemError(error, place.path) ?? error
    if (explained instanceof ProvisionError) explained.logPath ??= log.path
    throw explained
  } finally {
    log.flush()
    reporter.onLog = undefined
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

async function removeAll(paths: readonly string[], reporter: BuildJob['reporter']): Promise<void> {
  for (const path of paths) {
    try {
      await removeTree(path)
    } catch (error) {
      reporter.warning('left-over', `${path} could not be removed: ${errnoOf(error)}`)
    }
  }
}
