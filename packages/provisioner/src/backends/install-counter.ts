/** Installers say nothing while they install: what stands in the environment is counted. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { BuildJob } from './backend.js'

const COUNT_INTERVAL_MS = 100

export class InstallCounter {
  readonly #job: BuildJob
  #counting: NodeJS.Timeout | undefined

  constructor(job: BuildJob) {
    this.#job = job
  }

  /** Count up to `total` until it is closed. */
  start(total: number): void {
    const folder = sitePackages(this.#job)
    let told = 0
    const count = async () => {
      const names = await readdir(folder).catch(() => [])
      const installed = names.filter((name) => name.endsWith('.dist-info')).length
      if (this.#counting === undefined || installed === told) return
      told = installed
      this.#progress(Math.min(installed, total), total)
    }
    this.#counting ??= setInterval(() => void count(), COUNT_INTERVAL_MS).unref()
  }

  close(): void {
    clearInterval(this.#counting)
    this.#counting = undefined
  }

  #progress(current: number, total: number): void {
    const { reporter } = this.#job
    reporter.progress({ phase: reporter.phase, current, total, unit: 'packages' })
  }
}

function sitePackages({ generation, python }: BuildJob): string {
  if (process.platform === 'win32') return join(generation.prefix, 'Lib', 'site-packages')
  const [major, minor] = (python?.info.release ?? '').split('.')
  return join(generation.prefix, 'lib', `python${major}.${minor}`, 'site-packages')
}
