/** What the installers of a build printed, redacted, kept beside the environments: what an error's `logPath` leads to. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { listNames, removeTree, timeOf } from './files.js'

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
  for (const path of await listOldLogs(folder)) await removeTree(path)
}

/** The paths of all but the newest logs of a folder. */
export async function listOldLogs(folder: string): Promise<string[]> {
  const logs: { path: string; mtimeMs: number }[] = []
  for (const name of await listNames(folder)) {
    // `<id>-<gen>.log`; what else is there is not ours.
    if (!/^[a-z2-7]{16}-g[0-9a-f]{8}\.log$/.test(name)) continue
    const path = join(folder, name)
    const mtimeMs = await timeOf(path)
    if (mtimeMs !== undefined) logs.push({ path, mtimeMs })
  }
  const newestFirst = logs.sort((left, right) => right.mtimeMs - left.mtimeMs)
  return newestFirst.slice(MAX_LOGS).map(({ path }) => path)
}
