/**
 * Blocks of metadata in a Python file, by the rules of PEP 723 ("inline script metadata"):
 *
 *     # /// script
 *     # dependencies = ["six"]
 *     # ///
 *
 * The specification's regular expression is followed line by line: the expression itself takes time that grows with the square of
 * a file of opening lines.
 */

export interface ScriptBlock {
  /** `script`. */
  type: string
  /** The lines of the block as they stand in the file, from `# /// script` to `# ///`, with `\n` between. */
  text: string
  /** What is in it, without the comment signs. */
  content: string
  /** Of the first line of `content`, from 1. */
  line: number
}

const OPENING = /^# \/\/\/ ([a-zA-Z0-9-]+)$/
const CLOSING = '# ///'

/** Every block in a text, of any type, in order. Ends of lines may be those of any system. */
export function parseScriptBlocks(text: string): ScriptBlock[] {
  const lines = text.split(/\r\n|\r|\n/)
  const blocks: ScriptBlock[] = []
  let start = 0
  let closing = -1
  for (const [index, line] of [...lines, ''].entries()) {
    // Of one run of comments the last closing line counts, so that a block may hold `# ///` itself.
    if (line === CLOSING) closing = index
    if (isComment(line)) continue
    const block = findBlock(lines, start, closing)
    if (block) blocks.push(block)
    start = index + 1
  }
  return blocks
}

/** A block with one line of content at least; `closing` may lie before `start`. */
function findBlock(lines: readonly string[], start: number, closing: number): ScriptBlock | undefined {
  for (let opening = start; opening < closing - 1; opening += 1) {
    const type = OPENING.exec(lines[opening] as string)?.[1]
    if (type === undefined) continue
    const content = lines.slice(opening + 1, closing).map((line) => line.slice(2))
    return {
      type,
      text: lines.slice(opening, closing + 1).join('\n'),
      content: `${content.join('\n')}\n`,
      line: opening + 2,
    }
  }
  return undefined
}

function isComment(line: string): boolean {
  return line === '#' || line.startsWith('# ')
}
