/**
 * Unix sockets in one folder, by name. The path of such a socket has room for about a hundred bytes, which a folder of ours
 * may well exceed; so the folder itself is reached by a short way: on Linux through a descriptor of it, elsewhere through a
 * link in the temporary folder.
 */
import { randomBytes } from 'node:crypto'
import { closeSync, constants, openSync } from 'node:fs'
import { symlink, unlink } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { errnoOf } from './files.js'

/** `sun_path` is 104 bytes on macOS and 108 on Linux, with a 0 at its end; a few are kept for the way to it. */
const MAX_SOCKET_PATH_BYTES = 100

export class SocketFolder {
  readonly #way: string
  readonly #close: () => Promise<void>

  private constructor(way: string, close: () => Promise<void>) {
    this.#way = way
    this.#close = close
  }

  /** @param longestName in bytes */
  static async open(folder: string, longestName: number): Promise<SocketFolder> {
    const longest = Buffer.byteLength(folder) + 1 + longestName
    if (longest <= MAX_SOCKET_PATH_BYTES) return new SocketFolder(folder, async () => {})
    if (process.platform === 'linux') {
      const descriptor = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY)
      return new SocketFolder(`/proc/self/fd/${descriptor}`, async () => closeSync(descriptor))
    }
    const link = join(tmpdir(), `pf-${randomBytes(4).toString('hex')}`)
    await symlink(folder, link)
    return new SocketFolder(link, () => unlink(link))
  }

  /** Listen at `name`. Whoever connects is let go at once; neither keeps this process alive. */
  listen(name: string): Promise<Server> {
    return new Promise((resolve, reject) => {
      const server = createServer((socket) => {
        socket.unref()
        socket.on('error', () => socket.destroy())
        socket.destroy()
      })
      server.once('error', reject)
      // `exclusive`: in a cluster worker the primary would listen for it, and go on after its death.
      server.listen({ path: join(this.#way, name), exclusive: true }, () => {
        server.off('error', reject)
        resolve(server)
      })
      server.unref()
    })
  }

  /** Whether anybody listens at `name`. The kernel answers, even for a process that is busy or stopped. */
  isAlive(name: string): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(join(this.#way, name))
      socket.once('connect', () => {
        socket.destroy()
        resolve(true)
      })
      // Anything but these two (such as a full queue) says that there is somebody.
      socket.once('error', (error) => resolve(!['ECONNREFUSED', 'ENOENT'].includes(errnoOf(error) ?? '')))
    })
  }

  close(): Promise<void> {
    return this.#close()
  }
}
