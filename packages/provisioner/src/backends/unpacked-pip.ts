/**
 * pip out of its wheel is slow to start: a second, most of it spent compiling itself anew, because from an archive nothing can be kept.
 * Unpacked once into the home it takes a quarter of that, and the first time no longer than before.
 *
 *     <home>/t/pip/.tmp-<random>/          unpacked here by the process that is about to run pip
 *     → <home>/t/pip/<version>-<wheel>/    by one rename; whoever comes second takes the other's
 */
import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Pip } from './pip.js'

/**
 * Where a wheel is kept unpacked. In its name is what tells whether it is still the same wheel: packagers change theirs and keep the version.
 *
 * @returns `undefined` for a pip that is no wheel, and where there is no home
 */
export function unpackedFolder({ place, version }: Pip, home: string | undefined): string | undefined {
  if (home === undefined || !place.endsWith('.whl')) return undefined
  const { size, mtimeMs } = statSync(place)
  const wheel = createHash('sha256').update(`${place}\0${size}\0${mtimeMs}`).digest('hex').slice(0, 8)
  return join(home, 't', 'pip', `${version}-${wheel}`)
}

/** The version in the name of such a folder; `undefined` for what is not ours. */
export function unpackedVersion(name: string): string | undefined {
  return /^(\d+(?:\.\d+)*[^-]*)-[0-9a-f]{8}$/.exec(name)?.[1]
}

/**
 * Defines `unpack(wheel, folder)`: the folder, made when it is not there; the wheel itself when it cannot be made, or is not whole. That
 * is told by the sizes of its files: they are not synced, and a crash of the machine may have cut them short.
 */
export const UNPACK_PIP = `
def unpack(wheel, folder):
    import os, zipfile
    try:
        with zipfile.ZipFile(wheel) as archive:
            if not os.path.isdir(folder):
                parent = os.path.dirname(folder)
                temporary = os.path.join(parent, ".tmp-" + os.urandom(8).hex())
                os.makedirs(parent, 0o700, exist_ok=True)
                try:
                    archive.extractall(temporary)
                    os.rename(temporary, folder)
                except OSError:
                    import shutil
                    shutil.rmtree(temporary, ignore_errors=True)
            for entry in archive.infolist():
                if os.path.getsize(os.path.join(folder, entry.filename)) != entry.file_size:
                    return wheel
            return folder
    except OSError:
        return wheel
`
