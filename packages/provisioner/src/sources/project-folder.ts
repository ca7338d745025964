/** Which files that a project could go by lie in a folder. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { explainUnreadable, isNoFile, tryStat } from './source-file.js'

/** In a project without `pyproject.toml`, the first of these. */
export const REQUIREMENTS_FILES = [
  'requirements.lock',
  'requirements.txt',
  'requirements/prod.txt',
  'requirements/base.txt',
]

/** The names in a folder; none when no folder is there. */
export async function listFolder(folder: string): Promise<Set<string>> {
  try {
    return new Set(readdirSync(folder))
  } catch (error) {
    if (isNoFile(error)) return new Set()
    throw explainUnreadable(error, folder)
  }
}

/** What is there of all that may decide, in the order of its rank; a `pyproject.toml` is told by its content. */
export async function listCandidates(folder: string, names: ReadonlySet<string>): Promise<string[]> {
  const candidates = ['uv.lock', 'pylock.toml', ...REQUIREMENTS_FILES, 'pixi.toml']
  const isThere = await Promise.all(
    candidates.map(async (name) => {
      const [first = name] = name.split('/')
      return names.has(first) && ((await tryStat(join(folder, name)))?.isFile() ?? false)
    }),
  )
  return candidates.filter((_, index) => isThere[index])
}
