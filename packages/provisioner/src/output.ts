/** The output of a command as it comes: lines for whoever listens, and the last of it for an error. */
import { StringDecoder } from 'node:string_decoder'

/** In UTF-16 units, per stream. */
const MAX_TAIL_LENGTH = 64 * 1024

/** A longer line is cut: it is no text for people, and it must not be kept whole to be redacted. */
const MAX_LINE_LENGTH = 16 * 1024

export class OutputLines {
  readonly #decoder = new StringDecoder('utf8')
  readonly #redact: (text: string) => string
  readonly #onLine: (line: string) => 'keep' | 'drop'
  #pending = ''
  /** The rest of a line that was cut, up to its end, is dropped. */
  #isDropping = false
  #lines: string[] = []
  #length = 0

  constructor(redact: (text: string) => string, onLine: (line: string) => 'keep' | 'drop') {
    this.#redact = redact
    this.#onLine = onLine
  }

  /** The most recent lines, redacted. */
  get tail(): string {
    return this.#lines.join('\n')
  }

  push(chunk: Uint8Array): void {
    this.#take(this.#decoder.write(Buffer.from(chunk)))
  }

  /** The stream has ended: what has no line end is a line too. */
  end(): void {
    const rest = this.#decoder.end()
    if (this.#pending !== '' || rest !== '') this.#take(`${rest}\n`)
  }

  #take(text: string): void {
    // A carriage return alone is how programs write over a line: each writing is one of ours.
    const lines = (this.#pending + text).split(/\r\n|\n|\r(?!$)/)
    this.#pending = lines.pop() ?? ''
    for (const line of lines) {
      if (!this.#isDropping) this.#add(line)
      this.#isDropping = false
    }
    if (this.#pending.length > MAX_LINE_LENGTH) {
      // Cut at a blank: half of a URL would show the login in it.
      if (!this.#isDropping) this.#add(`${this.#pending.slice(0, MAX_LINE_LENGTH).replace(/\S*$/, '')}…`)
      this.#isDropping = true
      this.#pending = ''
    }
  }

  #add(raw: string): void {
    const line = this.#redact(raw)
    if (this.#onLine(line) === 'drop') return
    this.#lines.push(line)
    this.#length += line.length + 1
    while (this.#length > MAX_TAIL_LENGTH && this.#lines.length > 1) {
      this.#length -= (this.#lines.shift() ?? '').length + 1
    }
  }
}
