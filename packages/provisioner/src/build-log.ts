/** What the installers of a build printed, redacted, kept beside the environments: what an error's `logPath` leads to. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isAbsent, removeTree } from './files.js'

/** The newest ones stay. */
const MAX_LOGS = 20

export class BuildLog {
  readonly path: string
  #lines: string[] = []
  #isBroken = false

  constructor(path: string) {
    this.path = path
    this.#attempt(() => {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
      writeFileSync(path, '', { mode: 0o600 })
    })
  }

  /** Lines are written together: an installer prints thousands. */
  write(line: string): void {
    this.#lines.push(line)
    if (this.#lines.length >= 64) this.flush()
  }

  flush(): void {
    if (this.#lines.length === 0) return
    const text = `${this.#lines.join('\n')}\n`
    this.#lines = []
    this.#attempt(() => appendFileSync(this.path, text))
  }

  /** A log that cannot be written is no reason to fail: a full disk says so by the build itself. */
  #attempt(write: () => void): void {
    if (this.#isBroken) return
    try {
      write()
    } catch {
      this.#isBroken = true
    }
  }
}

/** Remove all but the newest logs of a folder. */
export async function removeOldLogs(folder: string): Promise<void> {
  const logs: { path: string; mtimeMs: number }[] = []
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.log')) continue
    const path = join(folder, name)
    try {
      logs.push({ path, mtimeMs: (await stat(path)).mtimeMs })
    } catch (error) {
      if (!isAbsent(error)) throw error
    }
  }
  const newestFirst = logs.sort((left, right) => right.mtimeMs - left.mtimeMs)
  for (const { path } of newestFirst.slice(MAX_LOGS)) await removeTree(path)
}
