/** Patterns of paths as uv and its kind write them: `packages/*`, `libs/**`, `app-[0-9]?`. */

/**
 * Whether a path fits a pattern, both with `/` between their parts. `*` and `?` also stand for a leading dot, `**` for any number
 * of parts. Its time grows with the product of the two lengths at most: no pattern makes it hang.
 */
export function matchesGlob(path: string, pattern: string): boolean {
  return matchesAll(
    splitPath(path),
    splitPath(pattern),
    (part) => part === '**',
    (part, item) => matchesPart(item, part),
  )
}

function matchesPart(text: string, pattern: string): boolean {
  const tokens = pattern.match(/\[!?\]?[^\]]*\]|[\s\S]/gu) ?? []
  return matchesAll([...text], tokens, (token) => token === '*', matchesLetter)
}

function matchesLetter(token: string, letter: string): boolean {
  if (token === '?' || token === letter) return true
  const [, not, set] = /^\[(!?)(\]?[^\]]*)\]$/u.exec(token) ?? []
  if (set === undefined) return false
  const ranges = set.match(/[\s\S]-[\s\S]|[\s\S]/gu) ?? []
  const isIn = ranges.some((range) => letter >= first(range) && letter <= last(range))
  return isIn !== (not === '!')
}

function matchesAll<Pattern, Item>(
  items: readonly Item[],
  patterns: readonly Pattern[],
  isMany: (pattern: Pattern) => boolean,
  isOne: (pattern: Pattern, item: Item) => boolean,
): boolean {
  let at = 0
  let item = 0
  let retry: { at: number; item: number } | undefined
  while (item < items.length) {
    if (at < patterns.length && isMany(patterns[at] as Pattern)) {
      at += 1
      retry = { at, item }
    } else if (at < patterns.length && isOne(patterns[at] as Pattern, items[item] as Item)) {
      at += 1
      item += 1
    } else if (retry) {
      // The last star takes one more; earlier ones need not be asked again.
      retry.item += 1
      at = retry.at
      item = retry.item
    } else return false
  }
  return patterns.slice(at).every(isMany)
}

const first = (range: string) => [...range][0] as string
const last = (range: string) => [...range].at(-1) as string

function splitPath(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.')
}
