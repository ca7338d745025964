/** The names of the files by which owners of a folder find each other. */
import { randomBytes } from 'node:crypto'

export interface OwnerName {
  /** Random; orders claimants that meet. */
  token: string
  pid: number
  /** `owner-<token>-<pid>.sock`: somebody listens here. */
  socket: string
  /** `owner-<token>-<pid>.json`: and is sure to be alone. */
  mark: string
  /** Where the socket is until it listens. */
  unborn: string
}

export function newOwnerName(): OwnerName {
  return ownerName(randomBytes(6).toString('hex'), process.pid)
}

/** The owner whose socket `file` is. */
export function parseOwnerSocket(file: string): OwnerName | undefined {
  const [, token, pid] = /^owner-([0-9a-f]{12})-(\d+)\.sock$/.exec(file) ?? []
  return token === undefined ? undefined : ownerName(token, Number(pid))
}

export function isUnbornSocket(file: string): boolean {
  return /^unborn-[0-9a-f]{12}\.sock$/.test(file)
}

export function isOwnerFile(file: string): boolean {
  return isUnbornSocket(file) || /^owner-[0-9a-f]{12}-\d+\.(sock|json)$/.test(file)
}

function ownerName(token: string, pid: number): OwnerName {
  const stem = `owner-${token}-${pid}`
  return { token, pid, socket: `${stem}.sock`, mark: `${stem}.json`, unborn: `unborn-${token}.sock` }
}
