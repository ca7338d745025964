/** The home that the programs of a user share: where it is, and made ready. */
import { accessSync, constants, existsSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import type { Variables } from './child-environment.js'
import { errnoOf, explainSystemError } from './files.js'
import { type HomeLayout, homeLayout } from './layout.js'
import { type FolderRules, findFolder, makeInnerFolder, prepareFolder } from './own-folder.js'

const RULES: FolderRules = {
  option: 'home',
  markerOf: (folder) => homeLayout(folder).marker,
  // Built into an image by its administrator, run by a user without rights.
  mayBelongToRoot: true,
  isClosedToOthers: true,
}

export interface HomeChoice {
  path: string
  /** Why it is not where one would look for it. */
  warning?: string
}

/**
 * Choose the home: `given`, else PYFERRY_HOME, else `pyferry` in the cache folder of the platform. Only when nobody named one, and
 * the user has no folder that can be written (a service account), it is in the temporary folder: an explicit choice must fail
 * rather than drift.
 */
export function chooseHome(given: string | undefined, env: Variables): HomeChoice {
  const named = given ?? env.PYFERRY_HOME
  if (named) return { path: resolve(named) }
  const path = join(cacheFolder(env) ?? '', 'pyferry')
  if (isAbsolute(path) && (existsSync(path) || isCreatable(path))) return { path }
  const user = process.geteuid?.() ?? 'user'
  const temporary = join(tmpdir(), `pyferry-${user}`)
  const warning = `there is no cache folder for this user that can be written: environments are kept in ${temporary}`
  return { path: temporary, warning }
}

/** Make the home ready to be written. @throws SpecError, MachineError, see `prepareFolder` */
export async function prepareHome(home: string): Promise<HomeLayout> {
  const layout = homeLayout(await prepareFolder(home, RULES))
  try {
    for (const folder of innerFolders(layout)) await makeInnerFolder(folder, 'home')
    writeOnce(
      join(layout.home, 'CACHEDIR.TAG'),
      `${CACHEDIR_SIGNATURE}\n# Python environments; they can be built again.\n`,
    )
    writeOnce(join(layout.home, '.gitignore'), '*\n')
    // As if everything had been collected: in a new home there is nothing yet.
    writeOnce(layout.collectMark, '')
  } catch (error) {
    throw explainSystemError(error, layout.home) ?? error
  }
  return layout
}

/** The layout of a home that may not be there, for reading only. @throws SpecError, MachineError, see `findFolder` */
export async function findHome(home: string): Promise<HomeLayout> {
  return homeLayout(await findFolder(home, RULES))
}

/** https://bford.info/cachedir/: backup programs leave such a folder out. */
const CACHEDIR_SIGNATURE = 'Signature: 8a477f597d28d172789f06886806bc55'

function innerFolders(layout: HomeLayout): string[] {
  const { environmentsDir, locksDir, leasesDir, toolsDir, cachesDir, probesDir, logsDir } = layout
  return [environmentsDir, locksDir, leasesDir, toolsDir, cachesDir, probesDir, logsDir]
}

function cacheFolder(env: Variables): string | undefined {
  if (process.platform === 'win32' && env.LOCALAPPDATA) return env.LOCALAPPDATA
  // The specification has relative ones ignored.
  if (env.XDG_CACHE_HOME && isAbsolute(env.XDG_CACHE_HOME)) return env.XDG_CACHE_HOME
  const home = userFolder()
  if (home === undefined) return undefined
  return process.platform === 'darwin' ? join(home, 'Library', 'Caches') : join(home, '.cache')
}

/** Of accounts without a folder of their own it is empty, `/`, or not to be had at all. */
function userFolder(): string | undefined {
  try {
    const folder = homedir()
    return folder === '' || folder === '/' ? undefined : folder
  } catch {
    return undefined
  }
}

/** Whether the nearest folder above `path` that is there can be written. */
function isCreatable(path: string): boolean {
  let folder = dirname(path)
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder)
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}

function writeOnce(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
  }
}
