/** Streams that the process is born with: descriptors of its own, or its stdin and stdout. */
import { type Duplex, PassThrough } from 'node:stream'
import type { Stdio, Transport, TransportEvents } from './transport.js'

export class InheritedTransport implements Transport {
  readonly #name: 'fd' | 'stdio'

  constructor(name: 'fd' | 'stdio') {
    this.#name = name
  }

  stdio(stdout: Stdio, stderr: Stdio): Stdio[] {
    return this.#name === 'fd' ? ['ignore', stdout, stderr, 'pipe', 'pipe', 'pipe'] : ['pipe', 'pipe', stderr]
  }

  open(streams: readonly (Duplex | undefined)[], { onOpen }: TransportEvents): void {
    const [output, input] = this.#name === 'fd' ? [streams[3], streams[4]] : [streams[0], streams[1]]
    // Node makes every descriptor above 2 two-way. Nothing comes back on these, but their end must be noticed.
    if (this.#name === 'fd') for (const extra of [streams[3], streams[5]]) extra?.on('error', () => {}).resume()
    // Node gives a child no streams when it is out of descriptors; its 'error' is still to come.
    onOpen({ input: input ?? new PassThrough().end(), output: output ?? new PassThrough() })
  }

  missing(): undefined {}

  close(): void {}
}
