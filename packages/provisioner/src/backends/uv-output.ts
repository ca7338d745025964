/** What uv prints while it works, as phases and numbers. It prints for people: what is not recognised is only a line. */
import type { Phase } from '../events.js'
import type { BuildJob } from './backend.js'
import { InstallCounter } from './install-counter.js'

const PHASES: readonly Phase[] = ['resolve', 'download', 'build', 'install']

export class UvOutput {
  readonly #job: BuildJob
  readonly #counter: InstallCounter
  #downloaded = 0
  #total: number | null = null

  constructor(job: BuildJob) {
    this.#job = job
    this.#counter = new InstallCounter(job)
  }

  /** Take one line. */
  read(stream: 'stdout' | 'stderr', line: string): 'keep' {
    const text = line.trim()
    const resolved = /^Resolved (\d+) packages? in /.exec(text)
    const prepared = /^Prepared (\d+) packages? in /.exec(text)
    // `Downloading numpy (16.1MiB)`: only of the larger files.
    const downloading = /^Downloading (\S+)/.exec(text)
    const downloaded = /^Downloaded (\S+)/.exec(text)
    // `Building six==1.16.0`; a folder that was named (`Building app @ file:///…`) is built as a matter of course.
    const building = /^Building (\S+)(?: @ (file:))?/.exec(text)
    if (resolved) {
      this.#total = Number(resolved[1])
      this.#progress(0)
      this.#counter.start(this.#total)
    } else if (downloading) this.#enter('download')
    else if (downloaded) {
      this.#downloaded += 1
      this.#progress(this.#downloaded, downloaded[1])
    } else if (building) {
      this.#enter('build')
      if (building[2] === undefined) this.#warnOfBuild(building[1])
    } else if (prepared) this.#enter('install')
    this.#job.reporter.log(stream, line)
    return 'keep'
  }

  /** uv has ended. */
  close(): void {
    this.#counter.close()
  }

  #enter(phase: Phase): void {
    const { reporter } = this.#job
    if (PHASES.indexOf(phase) > PHASES.indexOf(reporter.phase)) reporter.enter(phase)
  }

  #warnOfBuild(name = ''): void {
    this.#job.reporter.warning('built-from-source', `${name} has no wheel here and is built from source`)
  }

  #progress(current: number, item?: string): void {
    const { reporter } = this.#job
    reporter.progress({
      phase: reporter.phase,
      current,
      total: this.#total,
      unit: 'packages',
      ...(item !== undefined && { item }),
    })
  }
}
