/**
 * A pair of connected Unix sockets, of which one end is a worker's and the other reads right into memory that is chosen for what comes next
 * (`onread`). Node does so for sockets that it has connected itself, and not for the descriptors that it makes for a child: what those bring is in
 * new memory, 64 KiB at a time, and has to be copied to where it belongs. To touch new memory takes longer than to read (docs/performance.md).
 *
 * Node has no `socketpair`. So there is a folder for this user alone, for as long as it takes to connect: no turn of the event loop ends while it
 * is there, and a host that is killed has hardly a moment to leave it behind.
 */
import { once } from 'node:events'
import { mkdtempSync, rmdirSync, rmSync } from 'node:fs'
import { connect, createServer, type OnReadOpts, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { makeSocketFolder } from './socket-folder.js'
import type { ReadInto, Sink } from './transport.js'

export interface DirectPair {
  /** The host's end, to be read by `readInto`. */
  own: Socket
  readInto: ReadInto
  /** The end for the process; once it has it, to be destroyed here. It does not block, and whoever wants it to has to say so. */
  other: Socket
}

/** For what comes before anybody reads: nothing. */
const FIRST_BYTES = 1024

/** @returns `undefined` where there can be none: on Windows, without a temporary folder, or out of descriptors */
export async function tryMakePair(platform: NodeJS.Platform = process.platform): Promise<DirectPair | undefined> {
  if (platform === 'win32') return undefined
  const first = new Uint8Array(FIRST_BYTES)
  let sink: Sink | undefined
  const onread: OnReadOpts = {
    buffer: () => sink?.room() ?? first,
    callback: (count, memory) => {
      sink?.filled(memory as Uint8Array, count)
      return true
    },
  }
  const readInto = (given: Sink) => {
    sink = given
  }
  const ends: { own?: Socket; other?: Socket } = {}
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    ends.other = socket
  })
  const waits = new AbortController()
  try {
    ends.own = connectWithin(makeFolder(platform), server, onread)
    await untilConnected(server, ends.own, waits.signal)
    return { own: ends.own, readInto, other: ends.other! }
  } catch {
    ends.own?.destroy()
    ends.other?.destroy()
    return undefined
  } finally {
    waits.abort()
    server.close()
  }
}

/** Both calls are done when they return, and only told later: the folder is not needed any more. */
function connectWithin(folder: string, server: Server, onread: OnReadOpts): Socket {
  const path = join(folder, 's')
  try {
    // `exclusive`: under `cluster` the listening would be done in another process.
    server.listen({ path, exclusive: true })
    return connect({ path, onread })
  } finally {
    // Each by itself, which takes no descriptor.
    rmSync(path, { force: true })
    rmdirSync(folder)
  }
}

/** Out of descriptors a connection is accepted and closed at once, and the server not told. */
async function untilConnected(server: Server, own: Socket, signal: AbortSignal): Promise<void> {
  const closed = once(own, 'close', { signal }).then(() => {
    throw new Error('closed before it was connected')
  })
  const connected = Promise.all([once(server, 'connection', { signal }), once(own, 'connect', { signal })])
  await Promise.race([connected, closed])
}

/** In memory where there is such a place: on a disk it takes a start 2 ms. */
function makeFolder(platform: NodeJS.Platform): string {
  if (platform === 'linux') {
    try {
      return mkdtempSync('/dev/shm/pyferry-')
    } catch {
      // Not there, or not for us.
    }
  }
  return makeSocketFolder()
}
