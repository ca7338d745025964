/** Streams that the process is born with: descriptors of its own, or its stdin and stdout. */
import { type Duplex, PassThrough } from 'node:stream'
import type { DirectPair } from './direct-pair.js'
import type { Stdio, Transport, TransportEvents } from './transport.js'

export class InheritedTransport implements Transport {
  readonly #name: 'fd' | 'stdio'
  readonly #pair: DirectPair | undefined
  #isOpen = false

  /** @param pair what the worker's answers come by over `'fd'`; without one they come by descriptors that Node makes */
  constructor(name: 'fd' | 'stdio', pair?: DirectPair) {
    this.#name = name
    this.#pair = pair
  }

  stdio(stdout: Stdio, stderr: Stdio): Stdio[] {
    if (this.#name === 'stdio') return ['pipe', 'pipe', stderr]
    return ['ignore', stdout, stderr, 'pipe', this.#pair?.other ?? 'pipe', 'pipe']
  }

  open(streams: readonly (Duplex | undefined)[], { onOpen }: TransportEvents): void {
    const [output, input] = this.#name === 'fd' ? [streams[3], streams[4]] : [streams[0], streams[1]]
    // Node makes every descriptor above 2 two-way. Nothing comes back on these, but their end must be noticed.
    if (this.#name === 'fd') for (const extra of [streams[3], streams[5]]) extra?.on('error', () => {}).resume()
    // Node gives a child no streams when it is out of descriptors; its 'error' is still to come.
    const channel = { input: input ?? new PassThrough().end(), output: output ?? new PassThrough() }
    this.#isOpen = true
    if (this.#pair) {
      const { own, other, readInto } = this.#pair
      other.destroy()
      onOpen({ ...channel, input: own, readInto })
    } else onOpen(channel)
  }

  missing(): undefined {}

  close(): void {
    if (this.#isOpen) return
    this.#pair?.other.destroy()
    this.#pair?.own.destroy()
  }
}
