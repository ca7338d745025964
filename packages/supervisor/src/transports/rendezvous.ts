/**
 * A place where the worker meets the host: a Unix socket in a private folder, or a port on loopback (PROTOCOL.md, "Meeting on a socket").
 *
 *     host                                         worker
 *       listens
 *       connect { where, three secrets }  ─stdin─▶  reads it; stdin is its lifeline from then on
 *                                       ◀─────────  connects twice, says `in` on one and `out` on the other
 *       says `host` on both             ─────────▶  compares, and begins
 *       stops listening
 *
 * A port is open to every user of the machine, and Node cannot ask the kernel who is on the other end of either kind of socket. So each
 * end says what only the other can have told it. It was told on stdin, which no other process can see, as argv and the
 * environment can. Who does not know it is dropped, and the worker is waited for on.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { rmSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { HandshakeError } from '../errors.js'
import { makeSocketFolder } from './socket-folder.js'
import type { Channel, Stdio, Transport, TransportEvents } from './transport.js'

/** 256 bits. As text they are twice as many bytes. */
const SECRET_BYTES = 32
const PROOF_BYTES = 2 * SECRET_BYTES
/** A worker says its part right after it has connected. This is for a machine that is out of breath, and bounds strangers only. */
const PROOF_MS = 10_000
/** Strangers that may be waited for at once; the oldest goes first, which the worker never is. */
const MAX_STRANGERS = 16

/** What a connection is to the worker: where it reads, where it writes, and what else comes this way. */
export type Role = 'in' | 'out' | 'lifeline' | 'stdout' | 'stderr'

/** Who has come, each with what only the worker was told. */
export type Connections = Record<'in' | 'out', Socket> & Partial<Record<Role, Socket>>

/** What the worker is to be told. */
export type Invitation = Readonly<Record<string, string>>

export interface MeetingEvents {
  /** Somebody listens: the worker can be told. */
  onListening: (invitation: Invitation) => void
  onMet: (connections: Connections) => void
  onFailure: (error: HandshakeError) => void
}

export class Rendezvous implements Transport {
  readonly #name: 'unix' | 'tcp'
  readonly #folder: string | undefined
  readonly #server: Server
  /** By the connection it is said on. */
  readonly #secrets: ReadonlyMap<Role, string>
  readonly #answer = makeSecret()
  readonly #strangers = new Set<Socket>()
  readonly #proven: Partial<Record<Role, Socket>> = {}
  #events: MeetingEvents | undefined
  #refusedCount = 0
  #isOpen = false
  #isClosed = false

  /**
   * @param more what else there is to be a connection for
   * @param folder to make for the socket; where that is not given, or its path is too long for a socket, it is one among the temporary files
   * @throws HandshakeError when the folder cannot be made
   */
  constructor(name: 'unix' | 'tcp', more: readonly Role[] = [], folder?: string) {
    this.#name = name
    const roles: Role[] = ['in', 'out', ...more]
    this.#secrets = new Map(roles.map((role) => [role, makeSecret()]))
    if (name === 'unix') this.#folder = makeFolder(folder)
    this.#server = createServer({ noDelay: true }, (socket) => this.#onConnection(socket))
  }

  stdio(stdout: Stdio, stderr: Stdio): Stdio[] {
    return ['pipe', stdout, stderr]
  }

  open([stdin]: readonly (Duplex | undefined)[], { onOpen, onFailure }: TransportEvents): void {
    // A worker that does not read it is one that ends, and that is told elsewhere.
    stdin?.on('error', () => {})
    this.listen({
      onListening: (invitation) => stdin?.write(connectFrame(invitation)),
      onMet: ({ in: output, out: input }) => onOpen({ input, output } satisfies Channel),
      onFailure,
    })
  }

  /** Wait for the worker, which is told in whatever way; once. */
  listen(events: MeetingEvents): void {
    this.#events = events
    this.#server.on('error', (cause) => {
      this.close()
      const where = this.#name === 'unix' ? this.#path : 'the loopback interface'
      events.onFailure(new HandshakeError(`${where} cannot be listened on: ${cause.message}`, this.#name, 0, { cause }))
    })
    this.#server.once('listening', () => events.onListening(this.#invitation()))
    // `exclusive`: under `cluster` the listening would be done in another process.
    if (this.#name === 'unix') this.#server.listen({ path: this.#path, exclusive: true })
    else this.#server.listen({ host: '127.0.0.1', port: 0, exclusive: true })
    this.#server.unref()
  }

  missing(): HandshakeError | undefined {
    if (this.#isOpen) return undefined
    const refused = this.#refusedCount
    const strangers =
      refused === 0 ? '' : `; ${refused} that did not know the secret ${refused === 1 ? 'was' : 'were'} refused`
    return new HandshakeError(`the worker has not connected${strangers}`, this.#name, refused)
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    // Takes the socket's file away as well.
    this.#server.close()
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true })
    for (const stranger of this.#strangers) stranger.destroy()
    this.#strangers.clear()
    if (!this.#isOpen) for (const socket of Object.values(this.#proven)) socket.destroy()
  }

  get #path(): string {
    return join(this.#folder!, 's')
  }

  #address(): string {
    return this.#name === 'unix' ? this.#path : `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  #invitation(): Invitation {
    const place = { type: 'connect', transport: this.#name, address: this.#address() }
    return { ...place, ...Object.fromEntries(this.#secrets), host: this.#answer }
  }

  #onConnection(socket: Socket): void {
    if (this.#isClosed) {
      socket.destroy()
      return
    }
    if (this.#strangers.size === MAX_STRANGERS) this.#refuse(this.#strangers.values().next().value!)
    this.#strangers.add(socket)
    socket.unref()
    let said = Buffer.alloc(0)
    const limit = setTimeout(() => this.#refuse(socket), PROOF_MS).unref()
    const onData = (chunk: Buffer) => {
      said = Buffer.concat([said, chunk])
      if (said.length < PROOF_BYTES) return
      forget()
      this.#onProof(socket, said)
    }
    const onClose = () => {
      forget()
      this.#refuse(socket)
    }
    const forget = () => {
      clearTimeout(limit)
      socket.off('data', onData).off('close', onClose).off('end', onClose)
    }
    socket.on('data', onData).once('close', onClose).once('end', onClose)
    // 'close' follows.
    socket.on('error', () => {})
  }

  #onProof(socket: Socket, said: Buffer): void {
    const role = [...this.#secrets.keys()].find((each) => isSame(said, this.#secrets.get(each)!))
    if (role === undefined || this.#proven[role]) {
      this.#refuse(socket)
      return
    }
    this.#strangers.delete(socket)
    this.#proven[role] = socket
    const proven = Object.values(this.#proven)
    if (proven.length < this.#secrets.size) return
    // The worker says nothing before it has this, and so nothing is lost before somebody listens.
    for (const each of proven) each.write(this.#answer)
    const connections = this.#proven as Connections
    // Nothing comes back on these, but their end must be noticed.
    for (const each of [connections.in, connections.lifeline]) each?.resume()
    this.#isOpen = true
    this.close()
    this.#events?.onMet(connections)
  }

  #refuse(socket: Socket): void {
    socket.destroy()
    if (this.#strangers.delete(socket) && !this.#isClosed) this.#refusedCount += 1
  }
}

/** The one thing that is said on stdin: a frame of the base protocol. */
function connectFrame(invitation: Invitation): Buffer {
  const body = Buffer.from(JSON.stringify(invitation))
  const header = Buffer.alloc(4)
  header.writeUInt32BE(body.length)
  return Buffer.concat([header, body])
}

function makeSecret(): string {
  return randomBytes(SECRET_BYTES).toString('hex')
}

function isSame(said: Buffer, secret: string): boolean {
  return said.length === PROOF_BYTES && timingSafeEqual(said, Buffer.from(secret))
}

function makeFolder(wanted: string | undefined): string {
  try {
    return makeSocketFolder(wanted)
  } catch (cause) {
    throw new HandshakeError(`no folder for a socket can be made: ${(cause as Error).message}`, 'unix', 0, { cause })
  }
}
