/**
 * One owner of a folder at a time, by a mark that the kernel takes away with the owner: a listening Unix socket with a name of
 * its own. It needs no process beside us, works in threads, cluster workers and containers that share a kernel (where process
 * ids do not), and is gone with a SIGKILL.
 *
 * First listen, then look. Whoever finds nobody else owns the folder, and says so with a second file. Of two that look at the
 * same time at least one sees the other, so never do both own it. When both see each other, the greater token goes and the
 * smaller one waits for it to be gone; one that owns already never goes.
 *
 * A socket that refuses connections belongs to the dead and is removed. It must therefore never be seen between its `bind` and
 * its `listen`: it gets its name when it listens.
 *
 * On Windows (not tested): a named pipe, of which there can be one.
 */
import { chmod, rename, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { prepareBaseDir, sweepBaseDir } from './base-dir.js'
import { BaseDirInUseError, MachineError } from './errors.js'
import { errnoOf, explainSystemError, listNames, removeTree, tryRead } from './files.js'
import { sha256 } from './key.js'
import type { BaseDirLayout } from './layout.js'
import { isOwnerFile, isUnbornSocket, newOwnerName, type OwnerName, parseOwnerSocket } from './owner-files.js'
import { SocketFolder } from './socket-folder.js'

export interface BaseDirClaim {
  /** Absolute, with no symbolic link in it. */
  readonly baseDir: string
  /** For tails and logs: `<name>.log` files here go with `removeBaseDir`. */
  readonly metaDir: string
  /** Give the folder back. Safe to call again, and after the folder was removed. */
  release(): Promise<void>
}

/** Of folders owned by this copy of the module, by path: what `ensure` may build in without a claim of its own. */
const owned = new Set<string>()

export function isOwnedHere(baseDir: string): boolean {
  return owned.has(baseDir)
}

/**
 * Own `baseDir` until `release()`, or until this process or thread ends in whatever way. Creates it (0700) when it is missing,
 * and removes what builds that were killed left in it. Owning keeps no process alive.
 *
 * @throws BaseDirInUseError when somebody else owns it: another process, thread, or part of this program
 * @throws SpecError, MachineError as the folder may deserve, naming it and what was expected
 */
export async function claimBaseDir(baseDir: string): Promise<BaseDirClaim> {
  const layout = await prepareBaseDir(baseDir)
  let giveBack: () => Promise<void>
  try {
    giveBack = process.platform === 'win32' ? await claimPipe(layout) : await claimSocket(layout)
  } catch (error) {
    throw explainSystemError(error, layout.metaDir) ?? explainNoSockets(error, layout) ?? error
  }
  let released: Promise<void> | undefined
  owned.add(layout.baseDir)
  const release = () => {
    released ??= giveBack().finally(() => owned.delete(layout.baseDir))
    return released
  }
  try {
    await sweepBaseDir(layout)
  } catch (error) {
    await release()
    throw explainSystemError(error, layout.baseDir) ?? error
  }
  return { baseDir: layout.baseDir, metaDir: layout.metaDir, release }
}

/** How often a claimant looks whether one with a greater token has gone. */
const LOOK_INTERVAL_MS = 5

/** A claimant that is stopped neither goes nor says that it owns: who waits longer than this takes it for an owner. */
const UNDECIDED_LIMIT_MS = 2_000

async function claimSocket(layout: BaseDirLayout): Promise<() => Promise<void>> {
  const self = newOwnerName()
  const sockets = await SocketFolder.open(layout.metaDir, self.socket.length + 8)
  let server: Server | undefined
  const leave = async () => {
    await removeTree(join(layout.metaDir, self.mark))
    await removeTree(join(layout.metaDir, self.socket))
    if (server) await closeServer(server)
    await sockets.close()
  }
  try {
    server = await sockets.listen(self.unborn)
    await chmod(join(layout.metaDir, self.unborn), 0o600)
    await rename(join(layout.metaDir, self.unborn), join(layout.metaDir, self.socket))
    await waitUntilAlone(layout, sockets, self)
    const mark = { pid: self.pid, since: new Date().toISOString() }
    await writeFile(join(layout.metaDir, self.mark), `${JSON.stringify(mark)}\n`, { mode: 0o600 })
    await removeDeadFiles(layout, self)
    return leave
  } catch (error) {
    await leave()
    // Swept in the moment before it got its name: by an owner, then.
    if (errnoOf(error) === 'ENOENT') throw new BaseDirInUseError(layout.baseDir, await findOwnerPid(layout, sockets))
    throw error
  }
}

async function waitUntilAlone(layout: BaseDirLayout, sockets: SocketFolder, self: OwnerName): Promise<void> {
  const limitMs = performance.now() + UNDECIDED_LIMIT_MS
  for (;;) {
    const others = await findLiveOthers(layout, sockets, self)
    if (others.length === 0) return
    for (const other of others) {
      const isSure = (await tryRead(join(layout.metaDir, other.mark))) !== undefined
      if (isSure || other.token < self.token || performance.now() > limitMs) {
        throw new BaseDirInUseError(layout.baseDir, other.pid)
      }
    }
    await delay(LOOK_INTERVAL_MS)
  }
}

/** The others that listen; the files of those that do not are removed. */
async function findLiveOthers(layout: BaseDirLayout, sockets: SocketFolder, self: OwnerName): Promise<OwnerName[]> {
  const live: OwnerName[] = []
  for (const name of await listNames(layout.metaDir)) {
    const other = parseOwnerSocket(name)
    if (!other || other.token === self.token) continue
    if (await sockets.isAlive(other.socket)) live.push(other)
    else await removeTree(join(layout.metaDir, other.socket))
  }
  return live
}

/** For the owner alone: whatever owner files are not its own are of the dead, or of a claimant that will find us. */
async function removeDeadFiles(layout: BaseDirLayout, self: OwnerName): Promise<void> {
  for (const name of await listNames(layout.metaDir)) {
    const isDeadMark = isOwnerFile(name) && name.endsWith('.json') && name !== self.mark
    if (isDeadMark || isUnbornSocket(name)) await removeTree(join(layout.metaDir, name))
  }
}

async function findOwnerPid(layout: BaseDirLayout, sockets: SocketFolder): Promise<number | undefined> {
  const nobody = { ...newOwnerName(), token: '' }
  return (await findLiveOthers(layout, sockets, nobody))[0]?.pid
}

async function claimPipe(layout: BaseDirLayout): Promise<() => Promise<void>> {
  const path = `\\\\.\\pipe\\pyferry-${sha256(layout.baseDir.toLowerCase()).slice(-32)}`
  const server = createServer((socket) => socket.destroy())
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ path, exclusive: true }, resolve)
    })
  } catch (error) {
    if (errnoOf(error) === 'EADDRINUSE') throw new BaseDirInUseError(layout.baseDir, undefined)
    throw error
  }
  server.unref()
  return () => closeServer(server)
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}

function explainNoSockets(error: unknown, layout: BaseDirLayout): MachineError | undefined {
  if (!['ENOTSUP', 'EOPNOTSUPP', 'EINVAL', 'ENOSYS'].includes(errnoOf(error) ?? '')) return undefined
  return new MachineError('HOME_UNSAFE', `${layout.metaDir} must be on a disk that can hold sockets, and is not`, {
    cause: error,
    hint: 'choose a baseDir on a local disk',
    facts: { path: layout.metaDir },
  })
}
