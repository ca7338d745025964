/** What pip prints while it works, as phases and numbers. It prints for people: what is not recognised is only a line. */
import type { Phase } from '../events.js'
import type { BuildJob } from './backend.js'
import { InstallCounter } from './install-counter.js'

/** In their order: pip goes to and fro between the first two, a phase does not. */
const PHASES: readonly Phase[] = ['resolve', 'download', 'build', 'install']

export class PipOutput {
  readonly #job: BuildJob
  #collected = 0
  #downloading: string | undefined
  readonly #counter: InstallCounter

  constructor(job: BuildJob) {
    this.#job = job
    this.#counter = new InstallCounter(job)
  }

  /** Take one line. @returns `'drop'` for the numbers that pip repeats several times a second */
  read(stream: 'stdout' | 'stderr', line: string): 'keep' | 'drop' {
    const bytes = stream === 'stdout' ? /^Progress (\d+) of (\d+)$/.exec(line.trim()) : null
    if (bytes) {
      this.#progressBytes(Number(bytes[1]), Number(bytes[2]))
      return 'drop'
    }
    if (stream === 'stdout') this.#readText(line.trim())
    this.#job.reporter.log(stream, line)
    return 'keep'
  }

  /** pip has ended. */
  close(): void {
    this.#counter.close()
  }

  #readText(line: string): void {
    const [, word = '', rest = ''] =
      /^(\S+(?: wheels for collected packages:| collected packages:)?)\s+(.*)$/.exec(line) ?? []
    switch (word) {
      // A file of a folder is "processed", one of an index "collected".
      case 'Collecting':
      case 'Processing':
        this.#collected += 1
        this.#progressPackages(this.#collected, null, nameOf(rest))
        return
      case 'Downloading':
        this.#downloading = nameOf(rest)
        this.#enter('download')
        return
      case 'Building wheels for collected packages:':
        this.#enter('build')
        for (const name of rest.split(/,\s*/)) this.#warnOfBuild(name)
        return
      case 'Installing collected packages:':
        this.#enter('install')
        this.#countInstalled(rest.split(',').length)
    }
  }

  #warnOfBuild(name: string): void {
    this.#job.reporter.warning('built-from-source', `${name} has no wheel here and is built from source`)
  }

  #enter(phase: Phase): void {
    const { reporter } = this.#job
    if (PHASES.indexOf(phase) > PHASES.indexOf(reporter.phase)) reporter.enter(phase)
  }

  #progressBytes(current: number, total: number): void {
    const { reporter } = this.#job
    // pip writes 0 for a length that the server did not tell.
    const item = this.#downloading === undefined ? {} : { item: this.#downloading }
    reporter.progress({ phase: reporter.phase, current, total: total > 0 ? total : null, unit: 'bytes', ...item })
  }

  #progressPackages(current: number, total: number | null, item?: string): void {
    const { reporter } = this.#job
    reporter.progress({ phase: reporter.phase, current, total, unit: 'packages', ...(item !== undefined && { item }) })
  }

  #countInstalled(total: number): void {
    this.#progressPackages(0, total)
    this.#counter.start(total)
  }
}

/** `six==1.16.0 (from -r …)` and `http://host/six-1.16.0-py2.py3-none-any.whl (11 kB)`, for people. */
function nameOf(text: string): string {
  const word = /^\S*/.exec(text)?.[0] ?? ''
  return word.includes('://') ? word.replace(/[?#].*$/, '').replace(/^.*\//, '') : word
}
