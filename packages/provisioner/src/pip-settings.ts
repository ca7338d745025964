/** What pip's variables and configuration files say about where packages come from: the part of the key that is not ours. */
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Variables } from './child-environment.js'
import { readNow } from './files.js'
import { fingerprint, fingerprintFolder } from './fingerprint.js'
import { type IndexKey, type KeyDocument, sha256 } from './key.js'
import { blankLogins } from './redact.js'
import { readRequirementsFiles } from './requirements-file.js'

export interface PipSettings {
  install: KeyDocument['install']
  configFiles: KeyDocument['source']['files']
}

/** What the key says when nothing is installed: no setting matters then. */
export const unusedPipSettings: PipSettings = {
  install: {
    index: null,
    extraIndex: [],
    findLinks: [],
    noIndex: false,
    strategy: 'first-index',
    hashes: 'none',
    build: 'allow',
    pre: false,
    excludeNewer: null,
    constraints: [],
  },
  configFiles: [],
}

/**
 * Read the settings.
 *
 * @throws SpecError (SOURCE_MISSING) when PIP_CONSTRAINT names a file that is not there
 */
export async function readPipSettings(env: Variables, workingFolder: string): Promise<PipSettings> {
  const constraintFiles = words(env.PIP_CONSTRAINT).map((file) => resolve(workingFolder, file))
  const constraints = await readRequirementsFiles(constraintFiles, 'constraints', { env, workingFolder })
  return {
    install: {
      ...unusedPipSettings.install,
      index: env.PIP_INDEX_URL ? indexKey(env.PIP_INDEX_URL) : null,
      extraIndex: words(env.PIP_EXTRA_INDEX_URL).map(indexKey),
      findLinks: await Promise.all(
        words(env.PIP_FIND_LINKS).map((place) => linksKey(expandHome(place, env), workingFolder)),
      ),
      noIndex: isOn(env.PIP_NO_INDEX),
      hashes: isOn(env.PIP_REQUIRE_HASHES) ? 'require' : 'none',
      pre: isOn(env.PIP_PRE),
      constraints: constraints.files.map((file) => file.sha256),
    },
    configFiles: readConfigTexts(env).map((text) => ({ role: 'config', sha256: sha256(blankLogins(text)) })),
  }
}

/** Whether a configuration file of pip's, which uv does not read, says where packages come from. */
export function namesIndexInFiles(env: Variables): boolean {
  return readConfigTexts(env).some((text) => /^\s*(?:(?:extra-)?index-url|find-links|no-index)\s*[=:]/m.test(text))
}

export function indexKey(url: string): IndexKey {
  const blanked = blankLogins(url)
  return { url: blanked.replace('://@', '://'), auth: blanked !== url }
}

function expandHome(place: string, env: Variables): string {
  return place.replace(/^~(?=[/\\]|$)/, env.HOME || homedir())
}

export async function linksKey(place: string, workingFolder: string): Promise<{ path: string; sha256: string }> {
  if (/^[a-z][a-z0-9+.-]+:/i.test(place) && !isAbsolute(place) && !place.startsWith('file:')) {
    // A page elsewhere: like an index, its content is not ours to know.
    return { path: blankLogins(place), sha256: sha256('') }
  }
  const path = place.startsWith('file:') ? fileURLToPath(place) : resolve(workingFolder, place)
  const isPage = /\.html?$/i.test(path)
  return { path, sha256: isPage ? await fingerprint(path) : await fingerprintFolder(path) }
}

/**
 * The configuration files that pip reads, the machine's before the user's. Those of the environment itself are not there before
 * it is. `PIP_CONFIG_FILE` stands for the user's, and naming the null device turns all of them off.
 */
function readConfigTexts(env: Variables): string[] {
  const named = env.PIP_CONFIG_FILE
  if (named === (process.platform === 'win32' ? 'nul' : '/dev/null')) return []
  const paths = [...machineConfigPaths(env), ...(named ? [named] : userConfigPaths(env))]
  return paths.map(readNow).filter((text) => text !== undefined)
}

function machineConfigPaths(env: Variables): string[] {
  if (process.platform === 'win32') return [join(env.PROGRAMDATA ?? 'C:\\ProgramData', 'pip', 'pip.ini')]
  if (process.platform === 'darwin') return ['/Library/Application Support/pip/pip.conf']
  const folders = (env.XDG_CONFIG_DIRS || '/etc/xdg').split(':').filter((folder) => folder !== '')
  return [...folders.map((folder) => join(folder, 'pip', 'pip.conf')), '/etc/pip.conf']
}

function userConfigPaths(env: Variables): string[] {
  const home = env.HOME || homedir()
  if (process.platform === 'win32') {
    return [join(home, 'pip', 'pip.ini'), join(env.APPDATA ?? join(home, 'AppData', 'Roaming'), 'pip', 'pip.ini')]
  }
  const legacy = join(home, '.pip', 'pip.conf')
  const inHome = join(env.XDG_CONFIG_HOME || join(home, '.config'), 'pip', 'pip.conf')
  if (process.platform !== 'darwin') return [legacy, inHome]
  return [legacy, join(home, 'Library', 'Application Support', 'pip', 'pip.conf'), inHome]
}

/** Several values are separated by white space. */
export function words(value: string | undefined): string[] {
  return (value ?? '').split(/\s+/).filter((word) => word !== '')
}

export function isOn(value: string | undefined): boolean {
  return /^(?:1|y|yes|t|true|on)$/i.test(value ?? '')
}
