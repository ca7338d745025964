import { randomFillSync } from 'node:crypto'

/** 128 random bits in lower-case hex: safe in a URL, a file name and a database key (V-5). */
const ID_BYTES = 16
/** Random bytes are asked for in bulk: one request a call costs 2 µs, a slice of a pool a twentieth of that. */
const pool = Buffer.alloc(256 * ID_BYTES)
let used = pool.length

export function newCallId(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += ID_BYTES
  return pool.toString('hex', used - ID_BYTES, used)
}
