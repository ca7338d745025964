/** What of a pixi manifest points to files beside it: with such a one only its own folder will do. */

export interface LocalReference {
  /** From 1. */
  line: number
  text: string
  what: string
}

/**
 * Find the first thing in a manifest that names a path: a dependency, an activation script, a channel.
 *
 * A manifest is read by its lines, as people and pixi itself write them, not as all of TOML: a key in a table of dependencies, an
 * inline table on one line. What is found too much costs a clear error; what is missed fails in pixi, which names the path.
 */
export function findLocalReference(manifest: string): LocalReference | undefined {
  let table = ''
  let key = ''
  for (const [index, line] of manifest.split(/\r?\n/).entries()) {
    const text = withoutComment(line).trim()
    const header = /^\[+\s*([^\]]+?)\s*\]+$/.exec(text)?.[1]
    if (header !== undefined) {
      table = header
      key = ''
      continue
    }
    // An array goes on over lines without a key of their own.
    key = /^([\w.\-"' ]+?)\s*=/.exec(text)?.[1] ?? key
    const what = whatIsLocal(text, `${table}.${key}`)
    if (what !== undefined) return { line: index + 1, text, what }
  }
  return undefined
}

/** @param place the table and the key, joined by dots */
function whatIsLocal(text: string, place: string): string | undefined {
  const hasInlinePath = /[{,]\s*path\s*=/.test(text)
  // `path = "*"` straight below `dependencies` is a package of that name.
  if (/dependencies\.[^.]+\.path$/.test(place) || (/dependencies/.test(place) && hasInlinePath)) {
    return 'a path dependency'
  }
  if (/pypi-options/.test(place) && hasInlinePath) return 'a folder of packages'
  const isScript = /activation\.scripts$/.test(place) ? /["']/ : /\bscripts\s*=\s*\[\s*["']/
  if (/activation(?:\.scripts)?$/.test(place) && isScript.test(text)) return 'an activation script'
  if (/channels$/.test(place) && /["']\.{1,2}\//.test(text)) return 'a channel in a folder beside it'
  return undefined
}

/** A `#` within a string is none. */
function withoutComment(line: string): string {
  return /^(?:[^#"']|"(?:[^"\\]|\\.)*"|'[^']*')*/.exec(line)?.[0] ?? line
}
