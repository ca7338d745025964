/**
 * Who a process is, so that another can tell later whether it still lives. A process id alone does not: ids are used again, and
 * mean something else in another container or on another machine.
 */
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

export interface ProcessIdentity {
  host: string
  /** Of the running system; `null` where it does not tell. */
  bootId: string | null
  /** In which the id is valid; `null` where there is only one. */
  pidNamespace: string | null
  pid: number
  /** In the system's own ticks; `null` where it does not tell. */
  startTime: string | null
}

/** `'unknown'`: of another machine or container, whose processes cannot be asked. */
export type Liveness = 'alive' | 'dead' | 'unknown'

let known: ProcessIdentity | undefined

/** Of this process. */
export function ownIdentity(): ProcessIdentity {
  known ??= { ...place(), pid: process.pid, startTime: readStatus(process.pid)?.startTime ?? null }
  return known
}

/** Whether the process that `identity` describes is still there. */
export function livenessOf(identity: ProcessIdentity): Liveness {
  const here = place()
  if (identity.host !== here.host || identity.pidNamespace !== here.pidNamespace) return 'unknown'
  if (identity.bootId !== here.bootId) return 'dead'
  if (!canBeSignalled(identity.pid)) return 'dead'
  const status = readStatus(identity.pid)
  if (!status || identity.startTime === null) return 'alive'
  const isZombie = status.state === 'Z' || status.state === 'X'
  return isZombie || status.startTime !== identity.startTime ? 'dead' : 'alive'
}

/** Whether `value`, read from a file, is an identity. */
export function isProcessIdentity(value: unknown): value is ProcessIdentity {
  const { host, pid } = (value ?? {}) as Partial<ProcessIdentity>
  return typeof host === 'string' && typeof pid === 'number' && Number.isInteger(pid) && pid > 0
}

function place(): Pick<ProcessIdentity, 'host' | 'bootId' | 'pidNamespace'> {
  return {
    host: hostname(),
    bootId: tryFile(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pidNamespace: tryFile(() => readlinkSync('/proc/self/ns/pid')),
  }
}

function canBeSignalled(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Another user's is alive all the same.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** From /proc (Linux). */
function readStatus(pid: number): { state: string; startTime: string } | undefined {
  const text = tryFile(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  if (text === null) return undefined
  // The name, in parentheses, may hold anything; after it: state (field 3) … start time (field 22).
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0] ?? '', startTime: fields[19] ?? '' }
}

function tryFile(read: () => string): string | null {
  try {
    return read()
  } catch {
    return null
  }
}
