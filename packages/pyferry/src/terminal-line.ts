/*!
 * This file includes signal-exit 4: The ISC License, Copyright (c) 2015-2023 Benjamin Coe, Isaac Z. Schlueter, and Contributors.
 *
 * Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted,
 * provided that the above copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED
 * WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT, INDIRECT, OR
 * CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT,
 * NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */
/**
 * One line on a terminal that is drawn over and over, and is gone in the end, however the program ends.
 *
 *     ███████░░░░░░░ download 9.1/16.8 MB numpy
 *     ▲ the cursor, hidden, waits in the first column
 *
 * There, because a terminal that gets narrower may break the line into several, and takes the cursor along with the character
 * it stands on: all of the old line is then at or below the cursor, and nothing of anybody else's is.
 */
import { onExit } from 'signal-exit'

const HIDE_CURSOR = '\u001b[?25l'
const SHOW_CURSOR = '\u001b[?25h'
const ERASE_BELOW = '\u001b[J'
// A terminal that has just become narrower is drawn to by its old width until the program hears of it.
const KEEP_TO_LINE = '\u001b[?7l'
const WRAP_AGAIN = '\u001b[?7h'

export class TerminalLine {
  readonly #stream: NodeJS.WritableStream
  #text = ''
  #columns = 0
  #forgetExit: (() => void) | undefined

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream
  }

  /** Draw `text`, which has to be narrower than `columns`; the same text on the same terminal is not drawn again. */
  draw(text: string, columns: number): void {
    if (text === this.#text && columns === this.#columns) return
    if (text === '') {
      this.erase()
      return
    }
    // Ends by signal too, and lets the program die of it; a listener of our own would keep it alive, or end it against the
    // will of the program's own listeners.
    this.#forgetExit ??= onExit(() => this.#clear())
    const start = this.#text === '' ? HIDE_CURSOR : ''
    this.#text = text
    this.#columns = columns
    writeTo(this.#stream, start + pictureOf(text))
  }

  /** Leave `text` above the line. */
  print(text: string): void {
    const again = this.#text === '' ? '' : pictureOf(this.#text)
    writeTo(this.#stream, `\r${ERASE_BELOW}${text}\n${again}`)
  }

  /** Take the line away and give the cursor back. */
  erase(): void {
    this.#forgetExit?.()
    this.#forgetExit = undefined
    this.#clear()
  }

  /** Apart from `erase`: a listener that takes itself off while signal-exit calls them makes it skip the next one. */
  #clear(): void {
    if (this.#text === '') return
    this.#text = ''
    writeTo(this.#stream, `\r${ERASE_BELOW}${SHOW_CURSOR}`)
  }
}

/** In one piece, so that a program that ends in between leaves the terminal as it was. */
const pictureOf = (text: string) => `\r${KEEP_TO_LINE}${text}${ERASE_BELOW}${WRAP_AGAIN}\r`

/** A display that has nowhere to write any more is no reason to fail. */
export function writeTo(stream: NodeJS.WritableStream, text: string): void {
  if (stream.writable !== false) stream.write(text)
}
