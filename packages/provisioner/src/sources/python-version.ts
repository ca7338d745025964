/** `.python-version`: which Python somebody wants in a folder. */
import { join } from 'node:path'
import { tryParsePythonRange } from '../version.js'
import { tryReadText } from './source-file.js'

/**
 * The first line that is a version (`3.12`, `3.12.1`) or a range (`>=3.11`) in the `.python-version` of the first of `folders` that has
 * one. Other forms (`system`, `pypy3.10-7.3.12`, `3.13t`, names of pyenv's environments) say nothing here.
 */
export async function readPythonVersion(...folders: string[]): Promise<string | null> {
  for (const folder of new Set(folders)) {
    const text = await tryReadText(join(folder, '.python-version'))
    if (text !== undefined) return parsePythonVersion(text)
  }
  return null
}

export function parsePythonVersion(text: string): string | null {
  const lines = text.split(/\r\n|\r|\n/).map((line) => line.replace(/#.*$/, '').trim())
  return lines.find((line) => tryParsePythonRange(line) !== undefined) ?? null
}
