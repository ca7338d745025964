/** A place in a text that moves forward by what is recognised there. */
export class TextReader {
  readonly #text: string
  readonly #refuse: (expected: string, position: number) => never
  #position = 0

  /** `refuse` is called with what was expected and where; it throws. */
  constructor(text: string, refuse: (expected: string, position: number) => never) {
    this.#text = text
    this.#refuse = refuse
  }

  get position(): number {
    return this.#position
  }

  skipBlanks(): void {
    this.#match(/[ \t]*/y)
  }

  /** Whether `pattern` (sticky) matches here; nothing is taken. */
  isAt(pattern: RegExp): boolean {
    pattern.lastIndex = this.#position
    return pattern.test(this.#text)
  }

  /** Take `text` when it stands here. */
  tryText(text: string): boolean {
    if (!this.#text.startsWith(text, this.#position)) return false
    this.#position += text.length
    return true
  }

  /** Take what `pattern` (sticky) matches here; `undefined` when it does not. */
  tryTake(pattern: RegExp): string | undefined {
    return this.#match(pattern)
  }

  take(pattern: RegExp, expected: string): string {
    return this.#match(pattern) ?? this.fail(expected)
  }

  expectText(text: string): void {
    if (!this.tryText(text)) this.fail(JSON.stringify(text))
  }

  expectEnd(expected: string): void {
    if (this.#position < this.#text.length) this.fail(expected)
  }

  fail(expected: string): never {
    return this.#refuse(expected, this.#position)
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#position
    const found = pattern.exec(this.#text)
    if (!found) return undefined
    this.#position += found[0].length
    return found[0]
  }
}
