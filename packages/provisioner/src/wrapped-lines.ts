/**
 * The output of a tool as lines that each say one thing. uv prints an error as a head and its reasons, wrapped for people; older
 * versions draw a tree, newer ones indent:
 *
 *       × Failed to fetch:                      error: Request failed after 1 retry
 *       │ `https://index.example/tiny/`           cause: Failed to fetch: https://index.example/tiny/
 *       ╰─▶ invalid peer certificate              cause: invalid peer certificate
 *
 * Both become one line: head, reasons, with a colon between. What is not such an error stays as it is.
 */

const HEAD = /^\s*(?:× |error: |hint: |help: )/
const REASON = /^\s*(?:[├╰]─▶|cause:|Caused by:) +(.*)$/
/** Deeper than a head ever is, or beside the line that the tree draws. */
const CONTINUATION = /^(?: {4,}| {2,}│ +)(\S.*)$/

export function joinWrappedLines(text: string): string[] {
  const joined: string[] = []
  let isOpen = false
  for (const line of text.split('\n')) {
    const reason: string | undefined = isOpen ? REASON.exec(line)?.[1] : undefined
    const more: string | undefined = isOpen ? CONTINUATION.exec(line)?.[1] : undefined
    if (HEAD.test(line)) joined.push(line.trim())
    else if (reason !== undefined) append(joined, /:$/.test(joined.at(-1) ?? '') ? ` ${reason}` : `: ${reason}`)
    else if (more !== undefined) append(joined, ` ${more}`)
    else joined.push(line)
    isOpen = HEAD.test(line) || reason !== undefined || more !== undefined
  }
  return joined
}

function append(lines: string[], text: string): void {
  lines.push(`${lines.pop()}${text}`)
}
