import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import * as pyferry from '../src/index.js'
import { exclusions, resolveOptions } from '../src/options.js'

const page = (name: string) => readFileSync(fileURLToPath(new URL(`../../../docs/${name}`, import.meta.url)), 'utf8')
const rows = (text: string) => text.split('\n').filter((line) => line.startsWith('|'))

describe('the docs', () => {
  it('V-2: the options page has a row for every option, and no other', () => {
    const documented = rows(page('options.md').split('These cannot stand together')[0]!)
      .slice(2)
      .flatMap((row) => [...row.split('|')[1]!.matchAll(/`(\w+)`/g)].map((match) => match[1]))
    expect(documented.sort()).toEqual(Object.keys(resolveOptions({})).sort())
  })

  it('V-2: the options page tells which options exclude each other, as they do', () => {
    const expected = exclusions.map(
      ([option, others, why]) => `| \`${option}\` | ${others.map((each) => `\`${each}\``).join(', ')} | ${why} |`,
    )
    expect(rows(page('options.md').split('These cannot stand together')[1]!).slice(2)).toEqual(expected)
  })

  it('X: the errors page names every error class', () => {
    const text = page('errors.md')
    for (const [name, value] of Object.entries(pyferry)) {
      if (typeof value !== 'function' || !name.endsWith('Error') || name === 'isPyferryError') continue
      expect(text).toContain(`\`${name}\``)
    }
  })
})
