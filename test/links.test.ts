/** Links from one page of the repository to another, and to a heading in it. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { pagesBelow } from './support/code-blocks.js'
import { root } from './support/workspace.js'

/** On a package index, pages are read without the others around them. */
const OURS = 'https://github.com/pyferry/pyferry/blob/main/'

test('every link to a page of ours leads to a page and a heading that are there', () => {
  const pages = pagesBelow(root)
  expect(pages.length).toBeGreaterThan(15)
  expect(pages.flatMap(findBroken)).toEqual([])
})

function findBroken(page: string): string[] {
  const targets = [...withoutCode(readFileSync(page, 'utf8')).matchAll(/\]\(([^)\s]+)\)/g)].map(
    ([, target = '']) => target,
  )
  return targets.flatMap((target) => {
    const isOurs = target.startsWith(OURS)
    if (!isOurs && /^[a-z]+:/.test(target)) return []
    const [path = '', heading] = (isOurs ? target.slice(OURS.length) : target).split('#')
    const file = path === '' ? page : resolve(isOurs ? root : dirname(page), path)
    const isThere = existsSync(file) && (heading === undefined || headingsOf(file).includes(heading))
    return isThere ? [] : [`${relative(root, page)}: ${target}`]
  })
}

/** As they are named in addresses: lower case, without punctuation, blanks as hyphens. */
function headingsOf(file: string): string[] {
  return [...withoutCode(readFileSync(file, 'utf8')).matchAll(/^#+ (.*)$/gm)].map(([, text = '']) =>
    text
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\- _]/gu, '')
      .replaceAll(' ', '-'),
  )
}

function withoutCode(text: string): string {
  return text.replaceAll(/^( *)(```+)[\s\S]*?^ *\2$/gm, '')
}
