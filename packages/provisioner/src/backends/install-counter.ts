/** Installers say nothing while they install: what stands in the environment is counted. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { BuildJob } from './backend.js'

const COUNT_INTERVAL_MS = 100

export class InstallCounter {
  readonly #job: BuildJob
  #timer: NodeJS.Timeout | undefined
  #total = 0
  #told = 0

  constructor(job: BuildJob) {
    this.#job = job
  }

  /** Count up to `total` until it is closed. */
  start(total: number): void {
    this.#total = total
    this.#timer ??= setInterval(() => this.#count(), COUNT_INTERVAL_MS).unref()
  }

  /** The installer has ended: count for the last time. */
  close(): void {
    if (this.#timer === undefined) return
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#count()
  }

  #count(): void {
    const { reporter } = this.#job
    const installed = listNow(sitePackages(this.#job)).filter((name) => name.endsWith('.dist-info')).length
    if (installed === this.#told) return
    this.#told = installed
    const current = Math.min(installed, this.#total)
    reporter.progress({ phase: reporter.phase, current, total: this.#total, unit: 'packages' })
  }
}

function listNow(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    // Not there yet.
    return []
  }
}

function sitePackages({ generation, python }: BuildJob): string {
  if (process.platform === 'win32') return join(generation.prefix, 'Lib', 'site-packages')
  const [major, minor] = (python?.info.release ?? '').split('.')
  return join(generation.prefix, 'lib', `python${major}.${minor}`, 'site-packages')
}
