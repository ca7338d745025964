/** What was learnt of executables while it was found out what is wanted: written down only when something is written anyway. */
import type { Candidate } from './candidates.js'
import { openProbeCache, type ProbeCache, type ProbeKind } from './probe-cache.js'

export class DeferredProbes implements ProbeCache {
  readonly #cache: ProbeCache
  #learnt: (() => Promise<void>)[] = []

  /** @param folder need not be there */
  constructor(folder: string) {
    this.#cache = openProbeCache(folder)
  }

  recall<T>(kind: ProbeKind, candidate: Candidate): Promise<T | undefined> {
    return this.#cache.recall<T>(kind, candidate)
  }

  async remember<T>(kind: ProbeKind, candidate: Candidate, answer: T): Promise<void> {
    this.#learnt.push(() => this.#cache.remember(kind, candidate, answer))
  }

  async save(): Promise<void> {
    const learnt = this.#learnt
    this.#learnt = []
    for (const write of learnt) await write()
  }
}
