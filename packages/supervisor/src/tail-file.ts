/**
 * The most recent output, on disk, in two files that take turns (V-16).
 *
 *     <name>.log      what is written now, at most `capBytes`
 *     <name>.1.log    what was written before it, until the next rotation
 *
 * A write that does not fit rotates first, so it is never split, and between one and two caps of output are kept. Writes are
 * synchronous: nothing queues up in memory, whatever the worker prints.
 */
import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface TailFileOptions {
  /** Made on the first write when it is missing. */
  directory: string
  name: string
  /** Rotation size in bytes. */
  capBytes: number
}

export class TailFile {
  readonly #current: string
  readonly #previous: string
  readonly #directory: string
  readonly #capBytes: number
  #size: number | undefined
  #kept: string | undefined

  constructor(options: TailFileOptions) {
    this.#directory = options.directory
    this.#current = join(options.directory, `${options.name}.log`)
    this.#previous = join(options.directory, `${options.name}.1.log`)
    this.#capBytes = options.capBytes
  }

  /** Append one write. One larger than the cap keeps its last bytes. @throws the file system's error */
  write(bytes: Uint8Array): void {
    if (this.#kept !== undefined) return
    const kept = bytes.byteLength > this.#capBytes ? bytes.subarray(bytes.byteLength - this.#capBytes) : bytes
    if (kept.byteLength === 0) return
    try {
      this.#append(kept)
    } catch (error) {
      // Cleaned away while it was written: begun anew.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      this.#size = undefined
      this.#append(kept)
    }
  }

  #append(bytes: Uint8Array): void {
    this.#size ??= this.#open()
    if (this.#size > 0 && this.#size + bytes.byteLength > this.#capBytes) {
      renameSync(this.#current, this.#previous)
      this.#size = 0
    }
    if (this.#size === 0) writeFileSync(this.#current, bytes, { mode: 0o600 })
    else appendFileSync(this.#current, bytes, { mode: 0o600 })
    this.#size += bytes.byteLength
  }

  /** What is kept, oldest first; empty before the first write, and never an error. */
  read(): string {
    if (this.#kept !== undefined) return this.#kept
    if (this.#size === undefined) return ''
    return decodeTail(Buffer.concat([readOrEmpty(this.#previous), readOrEmpty(this.#current)]))
  }

  /** Before the folder is removed: keep the tail in memory (at most two caps), and write no more. */
  detach(): void {
    this.#kept ??= this.read()
  }

  /** What an earlier program left is not this one's output. */
  #open(): number {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
    rmSync(this.#previous, { force: true })
    rmSync(this.#current, { force: true })
    return 0
  }
}

/** Decode UTF-8 whose first character may have been cut. */
export function decodeTail(bytes: Uint8Array): string {
  let start = 0
  while (start < 3 && start < bytes.byteLength && (bytes[start]! & 0xc0) === 0x80) start += 1
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, bytes.byteLength - start).toString('utf8')
}

function readOrEmpty(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch {
    // Not written yet, or cleaned away with its folder: either way there is no output to show.
    return Buffer.alloc(0)
  }
}
