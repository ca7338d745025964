/**
 * What installers write on their way, and leave where it is when they are killed: pip's `pip-*` and `tmp*_cacert.pem`, whatever a build of
 * a package makes. Each build gives them a folder of its own for it, inside the one that they would use, and removes that at its end,
 * whatever the end. Of a host that was killed the mark of its build is left, and tells whoever sweeps where the folder is.
 *
 * The mark tells what the folder is in, and never which it is: its name follows from the generation's, which nobody else can have
 * given. So a mark that is not ours, or not whole, can have nothing else removed.
 */
import { lstat, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import type { Variables } from './child-environment.js'
import { isAbsent, removeTree, tryReadJson } from './files.js'
import type { GenerationLayout } from './layout.js'

/** Where a process with these variables has its temporary files: the first that Python takes, and uv, but for those that cannot be written. */
export function temporaryParent(env: Variables, workingFolder: string): string {
  const named = [env.TMPDIR, env.TEMP, env.TMP].find((each) => each !== undefined && each !== '')
  return named === undefined ? tmpdir() : resolve(workingFolder, named)
}

/** @returns the variables that have a process use the folder */
export async function makeTemporary(parent: string, { gen }: Named): Promise<Record<string, string>> {
  const folder = temporaryOf(parent, gen)
  await mkdir(folder, { mode: 0o700 })
  return temporaryVariables(folder)
}

export function temporaryVariables(folder: string): Record<string, string> {
  // Elsewhere than on Windows nobody looks at the other two when there is the first.
  return process.platform === 'win32' ? { TMPDIR: folder, TEMP: folder, TMP: folder } : { TMPDIR: folder }
}

/** Nothing there is fine. What is there and is not ours stays. */
export async function removeTemporary(parent: string, { gen }: Named, remove = removeTree): Promise<void> {
  const folder = temporaryOf(parent, gen)
  if (await isOwnFolder(folder)) await remove(folder)
}

/** Remove the folder that the mark of a build which was killed tells of; before the mark. */
export async function removeTemporaryOf(generation: Marked, remove = removeTree): Promise<void> {
  const mark = (await tryReadJson(generation.building)) as { temporaryIn?: unknown } | undefined | null
  const parent = mark?.temporaryIn
  if (typeof parent === 'string' && isAbsolute(parent)) await removeTemporary(parent, generation, remove)
}

type Named = Pick<GenerationLayout, 'gen'>
type Marked = Pick<GenerationLayout, 'gen' | 'building'>

function temporaryOf(parent: string, gen: string): string {
  return join(parent, `pyferry-${gen}`)
}

/** Not a link, and not somebody else's: everybody writes in the folder that it is in. */
async function isOwnFolder(path: string): Promise<boolean> {
  try {
    const found = await lstat(path)
    return found.isDirectory() && (process.geteuid === undefined || found.uid === process.geteuid())
  } catch (error) {
    if (isAbsent(error)) return false
    throw error
  }
}
