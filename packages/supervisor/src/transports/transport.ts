/**
 * How frames travel between a host and one worker process (W-5). Every transport ends in two byte streams, one for each direction and
 * never one for both: Node destroys a socket in which a write has failed, and with it the last answers that wait there to be read.
 *
 *     fd      descriptors 3 and 4 of the process           its lifeline is descriptor 5
 *     stdio   its stdin and stdout                         the end of stdin
 *     unix    two connections to a private socket          its stdin, on which it was told where to
 *     tcp     two connections to a port on loopback        connect, and what to say there
 *
 * Nothing above this folder knows which one it is.
 */
import type { Socket } from 'node:net'
import type { Duplex, Readable, Writable } from 'node:stream'
import type { HandshakeError } from '../errors.js'
import { tryMakePair } from './direct-pair.js'
import { InheritedTransport } from './inherited.js'
import { Rendezvous } from './rendezvous.js'

export type TransportName = 'fd' | 'unix' | 'tcp' | 'stdio'

/** What one descriptor of the process is, in the words of `spawn`. */
export type Stdio = 'pipe' | 'inherit' | 'ignore' | Socket

/** Who takes what is read, and says where to. */
export interface Sink {
  /** Where the next bytes are to be written, from its beginning; asked before each read, and never empty. */
  room: () => Uint8Array
  /** So many bytes were, into memory that `room` has told, or at first into other memory; it is the reader's again when this returns. */
  filled: (memory: Uint8Array, count: number) => void
}

export type ReadInto = (sink: Sink) => void

/** The two streams between host and worker. */
export interface Channel {
  /** The worker's frames arrive on it: where there is no `readInto`, in its 'data' events. */
  input: Readable
  /** Have what comes on `input` written where it belongs; once, before anything has come. */
  readInto?: ReadInto
  /** The host's frames leave on it. */
  output: Writable
}

export interface TransportEvents {
  /** Called once: at once where the streams come with the process, later where the worker has to connect. */
  onOpen: (channel: Channel) => void
  /** There will be no channel. */
  onFailure: (error: HandshakeError) => void
}

/** One for each process. */
export interface Transport {
  /** The descriptors of the process, from 0; `stdout` and `stderr` are where its output is to go, if nothing else is there. */
  stdio: (stdout: Stdio, stderr: Stdio) => Stdio[]
  /** @param streams the host's ends of the descriptors, by number, as `child.stdio` has them */
  open: (streams: readonly (Duplex | undefined)[], events: TransportEvents) => void
  /** Why there is no channel yet; `undefined` once it is open. */
  missing: () => HandshakeError | undefined
  /** Nobody is expected any more: give up what was opened for it. The channel's streams stay the caller's. Idempotent, synchronous. */
  close: () => void
}

/** @throws HandshakeError when no place for it can be made */
export async function makeTransport(name: TransportName, socketFolder?: string): Promise<Transport> {
  if (name === 'unix' || name === 'tcp') return new Rendezvous(name, [], socketFolder)
  return new InheritedTransport(name, name === 'fd' ? await tryMakePair() : undefined)
}

/** Windows hands no descriptors above 2 to a process. */
export function defaultTransport(platform: NodeJS.Platform = process.platform): TransportName {
  return platform === 'win32' ? 'tcp' : 'fd'
}
