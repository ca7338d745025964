/** A process group as a whole: its id is the process id of the one that began it. */
import { readdirSync, readFileSync } from 'node:fs'

/** Send a signal to every process of the group. One that has gone already is fine. On Windows: to the first one only. */
export function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(process.platform === 'win32' ? group : -group, signal)
  } catch (error) {
    // EPERM: macOS says so of a group of which only zombies are left.
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'ESRCH' && code !== 'EPERM') throw error
  }
}

/** Whether any process of the group still runs. Zombies do not: in a container there may be nobody to bury them. */
export function isGroupAlive(group: number): boolean {
  try {
    process.kill(-group, 0)
  } catch {
    return false
  }
  return process.platform !== 'linux' || listGroup(group).length > 0
}

/** The running processes of a group, from /proc (Linux). */
export function listGroup(group: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      // The name, in parentheses, may hold anything; after it: state, parent, group.
      const [state, , itsGroup] = readStatus(pid).slice(2).split(' ')
      return Number(itsGroup) === group && state !== 'Z' && state !== 'X'
    })
}

function readStatus(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')'))
  } catch {
    return ''
  }
}
