import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What `sockaddr_un` holds where it is smallest (macOS: 104, with the final NUL). */
const MAX_PATH_BYTES = 103

/**
 * Make a folder for this user alone, with mode 0700, by a name that leaves room for that of a socket, `s`.
 *
 * @param wanted where; too long a name for a socket, or none, and it is one among the temporary files
 * @throws the error of `mkdir`
 */
export function makeSocketFolder(wanted?: string): string {
  const isShort = (folder: string) => Buffer.byteLength(join(folder, 's')) <= MAX_PATH_BYTES
  if (wanted !== undefined && isShort(wanted)) {
    mkdirSync(wanted, { recursive: true, mode: 0o700 })
    return wanted
  }
  const prefix = 'pyferry-'
  return mkdtempSync(join(isShort(join(tmpdir(), `${prefix}XXXXXX`)) ? tmpdir() : '/tmp', prefix))
}
