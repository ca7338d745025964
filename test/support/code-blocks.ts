/**
 * The fenced blocks of our pages. What each page promises about its code:
 *
 *     js mjs cjs ts py    run as they stand
 *     json                parse
 *     sh                  parse, and what they ask of this repository exists
 *     jsonc text …        are for reading
 *
 * `<!-- no-run: why -->` on the line before a block leaves it unrun; its syntax, or its types, are checked all the same. With
 * `<!-- file: pyproject.toml -->` it is a file that the blocks after it, up to the next heading, find in their current folder.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { root } from './workspace.js'

export interface CodeBlock {
  /** Path of the page from the repository's root, and the line of the fence. */
  place: string
  language: string
  code: string
  /** Why it is not run; absent when it is. */
  noRun?: string
  /** Texts by path, in the folder that it is run in; absent when there is none. */
  files?: Readonly<Record<string, string>>
}

export function codeBlocks(): CodeBlock[] {
  return pagesBelow(root).flatMap((path) => parseCodeBlocks(relative(root, path), readFileSync(path, 'utf8')))
}

/** Every page of the repository; a changelog tells of the past, whose code need not run any more. */
export function pagesBelow(folder: string): string[] {
  const isOurs = (name: string) => !name.startsWith('.') && !['node_modules', 'dist', 'CHANGELOG.md'].includes(name)
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => isOurs(name))
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return pagesBelow(path)
      return entry.name.endsWith('.md') ? [path] : []
    })
}

const FILE = /^\s*<!-- file: (\S+) -->\s*$/

export function parseCodeBlocks(page: string, text: string): CodeBlock[] {
  const blocks: CodeBlock[] = []
  let open: { fence: string; indent: number; block: CodeBlock; lines: string[]; file?: string } | undefined
  let before = ''
  let files: Record<string, string> = {}
  for (const [index, line] of text.split('\n').entries()) {
    if (open === undefined) {
      const opening = /^(\s*)(```+|~~~+)\s*([^\s`]*)/.exec(line)
      if (opening) {
        const [, indent = '', fence = '', language = ''] = opening
        const file = FILE.exec(before)?.[1]
        const noRun = file !== undefined ? 'a file' : /^\s*<!-- no-run: (.+) -->\s*$/.exec(before)?.[1]
        const block = { place: `${page}:${index + 1}`, language, code: '', ...(noRun !== undefined && { noRun }) }
        open = { fence, indent: indent.length, block, lines: [], ...(file !== undefined && { file }) }
      } else if (/^#{1,6} /.test(line)) files = {}
    } else if (line.trim().startsWith(open.fence) && line.trim().replaceAll(open.fence[0]!, '') === '') {
      const code = `${open.lines.join('\n')}\n`
      if (open.file !== undefined) files[open.file] = code
      const hasFiles = open.file === undefined && Object.keys(files).length > 0
      blocks.push({ ...open.block, code, ...(hasFiles && { files: { ...files } }) })
      open = undefined
    } else {
      open.lines.push(line.slice(Math.min(open.indent, line.length - line.trimStart().length)))
    }
    before = line
  }
  if (open) throw new Error(`${open.block.place}: the block is never closed`)
  return blocks
}
