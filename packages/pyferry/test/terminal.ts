/** A real terminal for a program, and a screen that understands what the program writes to it. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { makeFolder, python, writeProgram } from './support.js'

/** What happens once `seen` was shown: keys are typed, or the terminal changes its width. */
export type Step = { seen: string } & ({ type: string } | { columns: number })

/**
 * Run a Node program on a pseudo-terminal; `code` finds what `runProgram` gives, and `drawn()`, which resolves when stderr was
 * written to again. `rc` is 128 and the signal when one ended it.
 */
export async function runOnTerminal(
  code: string,
  { columns = 80, steps = [], env = {} }: { columns?: number; steps?: Step[]; env?: Record<string, string> } = {},
): Promise<{ rc: number; output: string }> {
  const prelude = `
    let written = 0
    const drawn = async () => {
      while (process.stderr.bytesWritten === written) await new Promise((resolve) => setTimeout(resolve, 5))
      written = process.stderr.bytesWritten
    }
  `
  const program = await writeProgram(prelude + code)
  const terminal = fileURLToPath(new URL('./fixtures/terminal.py', import.meta.url))
  // Of the variables that say how to show things the test's own count, and nobody else's.
  const { CI, NO_COLOR, FORCE_COLOR, ...inherited } = process.env
  const child = spawn(python, [terminal, String(columns), JSON.stringify(steps), process.execPath, program], {
    cwd: makeFolder(),
    env: { ...inherited, TERM: 'xterm-256color', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const rc = await new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)))
  return { rc, output }
}

/** As much of a terminal as one line needs. Whatever else it is sent is refused: it would be somebody else's. */
export class Screen {
  readonly #columns: number
  #rows = ['']
  #row = 0
  #column = 0
  #doesWrap = true
  isCursorVisible = true

  constructor(columns: number) {
    this.#columns = columns
  }

  /** What can be read, without the blanks at the ends. */
  get lines(): string[] {
    return this.#rows.map((row) => row.trimEnd()).filter((row) => row !== '')
  }

  write(output: string): this {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    for (const piece of output.match(/\u001b\[\??\d*[a-zA-Z]|[\s\S]/gu) ?? []) this.#obey(piece)
    return this
  }

  #obey(piece: string): void {
    if (piece === '\r') this.#column = 0
    else if (piece === '\n') this.#down()
    else if (piece === '\u001b[?25l') this.isCursorVisible = false
    else if (piece === '\u001b[?25h') this.isCursorVisible = true
    else if (piece === '\u001b[?7l') this.#doesWrap = false
    else if (piece === '\u001b[?7h') this.#doesWrap = true
    else if (piece === '\u001b[J') this.#rows = [...this.#rows.slice(0, this.#row), this.#before()]
    else if (piece !== '\u001b[36m' && piece !== '\u001b[39m') this.#show(piece)
  }

  #before(): string {
    return (this.#rows[this.#row] ?? '').slice(0, this.#column)
  }

  #down(): void {
    this.#row += 1
    this.#rows[this.#row] ??= ''
  }

  #show(character: string): void {
    if (/\p{C}/u.test(character)) throw new Error(`a terminal was sent ${JSON.stringify(character)}`)
    if (this.#column === this.#columns && this.#doesWrap) {
      this.#down()
      this.#column = 0
    }
    const column = Math.min(this.#column, this.#columns - 1)
    const row = this.#rows[this.#row] ?? ''
    this.#rows[this.#row] = row.slice(0, column).padEnd(column) + character + row.slice(column + 1)
    this.#column = column + 1
  }
}
