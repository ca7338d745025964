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
import type { Duplex, Readable, Writable } from 'node:stream'
import type { HandshakeError } from '../errors.js'
import { InheritedTransport } from './inherited.js'
import { Rendezvous } from './rendezvous.js'

export type TransportName = 'fd' | 'unix' | 'tcp' | 'stdio'

/** What one descriptor of the process is, in the words of `spawn`. */
export type Stdio = 'pipe' | 'inherit' | 'ignore'

/** The two streams between host and worker. */
export interface Channel {
  /** The worker's frames arrive on it. */
  input: Readable
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
export function makeTransport(name: TransportName, socketFolder?: string): Transport {
  return name === 'fd' || name === 'stdio' ? new InheritedTransport(name) : new Rendezvous(name, [], socketFolder)
}

/** Windows hands no descriptors above 2 to a process. */
export function defaultTransport(platform: NodeJS.Platform = process.platform): TransportName {
  return platform === 'win32' ? 'tcp' : 'fd'
}
