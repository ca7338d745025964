/** How far pixi is: it prints nothing while it works, so what it has written is counted. */
import { join } from 'node:path'
import type { Reporter } from '../events.js'
import { listNames, tryRead } from '../files.js'
import { condaPlatform, countLocked } from './pixi-lock.js'

const COUNT_INTERVAL_MS = 100

export interface PixiWatch {
  reporter: Reporter
  /** Path of `pixi.lock`, which pixi may write first. */
  lock: string
  environment: string
  /** Of the environment that is installed. */
  prefix: string
}

export class PixiProgress {
  readonly #watch: PixiWatch
  readonly #timer: NodeJS.Timeout
  /** One count after the other, or an older one could be told after a newer. */
  #counting: Promise<void> | undefined
  /** Packages that go as others come must not count back. */
  #told = 0

  /** Begin to count. */
  constructor(watch: PixiWatch) {
    this.#watch = watch
    this.#timer = setInterval(() => void this.#count(), COUNT_INTERVAL_MS).unref()
  }

  /** pixi has ended: count for the last time. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#counting
    await this.#tell()
  }

  async #count(): Promise<void> {
    if (this.#counting) return
    this.#counting = this.#tell()
    await this.#counting
    this.#counting = undefined
  }

  async #tell(): Promise<void> {
    const { reporter, lock, environment, prefix } = this.#watch
    const installed = (await listNames(join(prefix, 'conda-meta'))).filter((name) => name.endsWith('.json')).length
    if (installed <= this.#told) return
    this.#told = installed
    // The first package shows that whatever had to be solved is.
    if (reporter.phase === 'resolve') reporter.enter('install')
    const total = countLocked((await tryRead(lock)) ?? '', environment, condaPlatform() ?? '') ?? null
    reporter.progress({
      phase: reporter.phase,
      current: Math.min(installed, total ?? installed),
      total,
      unit: 'packages',
    })
  }
}
