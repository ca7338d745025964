/**
 * Where one of the worker's output streams goes: always the tail file and the last bytes kept for errors, and beside
 * them the caller's own sink.
 */
import type { Readable, Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { callSafely } from './events.js'
import { decodeTail, type TailFile } from './tail-file.js'

/**
 * - `'tail'`: kept in the tail files only
 * - `'inherit'`: the host's own stream; nothing is kept
 * - `'ignore'`: thrown away; nothing is kept
 * - a `Writable`: also written there; it is never ended. While it is full the worker's output waits
 * - a function: also called with each line, without its end; a line over 64 KiB comes in pieces
 */
export type OutputSink = 'tail' | 'inherit' | 'ignore' | Writable | ((line: string) => void)

/** What `spawn` is to do with the stream. */
export function outputStdio(sink: OutputSink): 'pipe' | 'inherit' | 'ignore' {
  return sink === 'inherit' || sink === 'ignore' ? sink : 'pipe'
}

export interface OutputOptions {
  sink: OutputSink
  tail: TailFile | undefined
  /** A sink or the tail file failed; the worker is not to suffer for it. Told once per cause. */
  onError: (error: unknown) => void
}

/** For errors: enough for a traceback, little enough to log. */
const RECENT_BYTES = 8 * 1024
const MAX_LINE_LENGTH = 64 * 1024

/** One stream of one process. */
export class OutputStream {
  readonly #source: Readable
  readonly #options: OutputOptions
  readonly #decoder = new StringDecoder('utf8')
  #recent: Buffer[] = []
  #recentBytes = 0
  #line = ''
  #isTailBroken = false
  #chunkCount = 0
  /** Stops waiting for a full sink. */
  #stopWaiting: (() => void) | undefined

  constructor(source: Readable, options: OutputOptions) {
    this.#source = source
    this.#options = options
    source.on('data', this.#onData)
    source.once('end', () => this.#flushLine())
    // A reset pipe is the end of the output and no more; the process tells how it ended.
    source.on('error', () => {})
  }

  /** Grows with every chunk read: tells whether there was anything new. */
  get chunkCount(): number {
    return this.#chunkCount
  }

  /** The last of this process's output, at most 8 KiB. */
  recent(): string {
    const joined = Buffer.concat(this.#recent)
    return decodeTail(joined.subarray(Math.max(0, joined.byteLength - RECENT_BYTES)))
  }

  /** Read no more: whoever still holds the other end is not ours. */
  close(): void {
    this.#source.off('data', this.#onData)
    this.#flushLine()
    this.#stopWaiting?.()
    this.#source.destroy()
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#chunkCount += 1
    this.#remember(chunk)
    this.#writeTail(chunk)
    const { sink } = this.#options
    try {
      if (typeof sink === 'function') this.#splitLines(chunk, sink)
      else if (typeof sink === 'object') this.#forward(chunk, sink)
    } catch (error) {
      this.#options.onError(error)
    }
  }

  #remember(chunk: Buffer): void {
    this.#recent.push(chunk.byteLength > RECENT_BYTES ? chunk.subarray(chunk.byteLength - RECENT_BYTES) : chunk)
    this.#recentBytes += this.#recent.at(-1)!.byteLength
    if (this.#recentBytes <= 2 * RECENT_BYTES && this.#recent.length < 64) return
    const joined = Buffer.concat(this.#recent)
    // Copied, so that the chunks it came from can be freed.
    this.#recent = [Buffer.from(joined.subarray(Math.max(0, joined.byteLength - RECENT_BYTES)))]
    this.#recentBytes = this.#recent[0]!.byteLength
  }

  #writeTail(chunk: Buffer): void {
    try {
      this.#options.tail?.write(chunk)
      this.#isTailBroken = false
    } catch (error) {
      // A full disk would report every chunk.
      if (!this.#isTailBroken) this.#options.onError(error)
      this.#isTailBroken = true
    }
  }

  #forward(chunk: Buffer, sink: Writable): void {
    if (sink.destroyed || sink.writableEnded) return
    if (sink.write(chunk) || this.#stopWaiting) return
    const resume = () => {
      this.#stopWaiting = undefined
      sink.off('drain', resume)
      sink.off('close', resume)
      this.#source.resume()
    }
    sink.on('drain', resume)
    // A sink that is closed while it is full never drains.
    sink.on('close', resume)
    this.#stopWaiting = resume
    this.#source.pause()
  }

  #splitLines(chunk: Buffer, onLine: (line: string) => void): void {
    const lines = (this.#line + this.#decoder.write(chunk)).split('\n')
    this.#line = lines.pop()!
    for (const line of lines) {
      const rest = this.#emitPieces(line, onLine)
      this.#emitLine(rest.endsWith('\r') ? rest.slice(0, -1) : rest, onLine)
    }
    this.#line = this.#emitPieces(this.#line, onLine)
  }

  /** What is left of a line after its pieces of the greatest length. */
  #emitPieces(line: string, onLine: (line: string) => void): string {
    let rest = line
    while (rest.length > MAX_LINE_LENGTH) {
      this.#emitLine(rest.slice(0, MAX_LINE_LENGTH), onLine)
      rest = rest.slice(MAX_LINE_LENGTH)
    }
    return rest
  }

  #flushLine(): void {
    const { sink } = this.#options
    if (typeof sink !== 'function') return
    const rest = this.#line + this.#decoder.end()
    this.#line = ''
    if (rest) this.#emitLine(rest, sink)
  }

  #emitLine(line: string, onLine: (line: string) => void): void {
    callSafely(() => onLine(line), this.#options.onError)
  }
}
