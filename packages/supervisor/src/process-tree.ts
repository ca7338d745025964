/**
 * Who belongs to a process: its group, and its descendants wherever they went. On Linux from /proc; elsewhere only the
 * group is known, which needs no list.
 */
import { readdirSync, readFileSync } from 'node:fs'

export interface ProcessIdentity {
  pid: number
  /** In clock ticks since boot: tells a process from a later one of the same pid. */
  startTime: string
}

interface ProcessStatus extends ProcessIdentity {
  parent: number
  group: number
  isZombie: boolean
}

/**
 * The descendants of `root` that have left its process group (a new session, `setsid`, `start_new_session=True`): a signal
 * to the group does not reach them. Those whose parent has ended already cannot be told from strangers.
 */
export function listEscapedDescendants(root: number): ProcessIdentity[] {
  const byParent = new Map<number, ProcessStatus[]>()
  for (const status of listProcesses()) {
    const siblings = byParent.get(status.parent)
    if (siblings) siblings.push(status)
    else byParent.set(status.parent, [status])
  }
  const escaped: ProcessIdentity[] = []
  const queue = [root]
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    for (const child of byParent.get(pid) ?? []) {
      queue.push(child.pid)
      if (child.group !== root && !child.isZombie) escaped.push({ pid: child.pid, startTime: child.startTime })
    }
  }
  return escaped
}

/** Whether anything that is not a zombie is left in the process group `group`. */
export function isGroupAlive(group: number): boolean {
  try {
    process.kill(-group, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  const processes = listProcesses()
  if (processes.length === 0) return true
  // A zombie whose parent does not reap it (init in many containers) answers signals for ever.
  return processes.some((status) => status.group === group && !status.isZombie)
}

/** Kill the group and those that left it, ignoring what has ended already. */
export function killTree(group: number, escaped: readonly ProcessIdentity[]): void {
  killQuietly(-group)
  for (const { pid, startTime } of escaped) {
    if (readStatus(pid)?.startTime === startTime) killQuietly(pid)
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // EPERM: it has become another user's (sudo, a set-user-ID program): the docs name this as what escapes.
    if (code !== 'ESRCH' && code !== 'EPERM') throw error
  }
}

function listProcesses(): ProcessStatus[] {
  const statuses: ProcessStatus[] = []
  for (const name of listProcFolder()) {
    const status = /^\d+$/.test(name) ? readStatus(Number(name)) : undefined
    if (status) statuses.push(status)
  }
  return statuses
}

function listProcFolder(): string[] {
  if (process.platform !== 'linux') return []
  try {
    return readdirSync('/proc')
  } catch {
    // A jail without /proc: only the group is known there.
    return []
  }
}

/** `undefined` for a process that has ended. Fields by proc_pid_stat(5); the name in brackets may hold anything. */
function readStatus(pid: number): ProcessStatus | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return {
    pid,
    isZombie: fields[0] === 'Z' || fields[0] === 'X',
    parent: Number(fields[1]),
    group: Number(fields[2]),
    startTime: fields[19]!,
  }
}
