/**
 * uv's settings. A company that has told pip of its mirror has told us: what pip's variables say is said to uv in its own, unless
 * uv's own are set. Not so for a project with a lock file: that names its indexes itself, and another one would make it stale.
 */
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Variables } from './child-environment.js'
import { readNow } from './files.js'
import { type BackendName, type KeyDocument, sha256 } from './key.js'
import {
  indexKey,
  isOn,
  linksKey,
  namesIndexInFiles,
  type PipSettings,
  unusedPipSettings,
  words,
} from './pip-settings.js'
import { blankLogins } from './redact.js'
import { readRequirementsFiles } from './requirements-file.js'
import type { ResolvedSpec } from './spec.js'

/** Pairs of variables that mean the same, pip's and uv's. */
const SAME: readonly (readonly [pip: string, uv: string])[] = [
  ['PIP_INDEX_URL', 'UV_DEFAULT_INDEX'],
  ['PIP_EXTRA_INDEX_URL', 'UV_INDEX'],
  ['PIP_FIND_LINKS', 'UV_FIND_LINKS'],
  ['PIP_TRUSTED_HOST', 'UV_INSECURE_HOST'],
  ['PIP_CONSTRAINT', 'UV_CONSTRAINT'],
  ['PIP_CERT', 'SSL_CERT_FILE'],
]

/**
 * Make uv's variables.
 *
 * @param base the installer's before any option of the spec
 * @param chosen the same with the spec's options, under pip's names
 */
export function uvVariables(
  spec: ResolvedSpec,
  backend: BackendName,
  base: Readonly<Record<string, string>>,
  chosen: Readonly<Record<string, string>>,
): Record<string, string> {
  const isTranslated = backend === 'uv-pip'
  const env: Record<string, string> = { ...base, UV_PYTHON_DOWNLOADS: 'never', UV_INDEX_STRATEGY: spec.indexStrategy }
  for (const [pip, uv] of SAME) {
    const isOption = chosen[pip] !== base[pip]
    const value = isOption || isTranslated ? chosen[pip] : undefined
    // uv separates links by commas, since they are paths as well.
    const text = uv === 'UV_FIND_LINKS' ? words(value).join(',') : value
    if (text && (isOption || env[uv] === undefined)) env[uv] = text
  }
  if (spec.offline || (isTranslated && isOn(chosen.PIP_NO_INDEX))) env.UV_OFFLINE = '1'
  if (isOn(chosen.PIP_REQUIRE_HASHES)) env.UV_REQUIRE_HASHES = '1'
  if (isOn(chosen.PIP_PRE)) env.UV_PRERELEASE = 'allow'
  if (spec.excludeNewer !== undefined) env.UV_EXCLUDE_NEWER = spec.excludeNewer
  return withConfig(backend, env)
}

/**
 * Whether only pip was told where packages come from, in a file that uv does not read: a company's mirror must not be passed by because
 * a uv happens to be there.
 */
export function isPipAloneConfigured(env: Variables): boolean {
  const isTold = env.UV_DEFAULT_INDEX || env.UV_INDEX || env.UV_CONFIG_FILE || env.PIP_INDEX_URL
  return !isTold && namesIndexInFiles(env) && !configPaths(env).some((path) => existsSync(path))
}

/** Read what is in the key of these variables. @throws SpecError (SOURCE_MISSING) for a constraints file that is not there */
export async function readUvSettings(env: Variables, workingFolder: string): Promise<PipSettings> {
  const constraintFiles = words(env.UV_CONSTRAINT).map((file) => resolve(workingFolder, file))
  const constraints = await readRequirementsFiles(constraintFiles, 'constraints', { env, workingFolder })
  return {
    install: {
      ...unusedPipSettings.install,
      index: env.UV_DEFAULT_INDEX ? namedIndexKey(env.UV_DEFAULT_INDEX, env) : null,
      extraIndex: words(env.UV_INDEX).map((index) => namedIndexKey(index, env)),
      findLinks: await Promise.all(
        (env.UV_FIND_LINKS ?? '')
          .split(',')
          .filter(Boolean)
          .map((place) => linksKey(place, workingFolder)),
      ),
      noIndex: isOn(env.UV_OFFLINE),
      hashes: isOn(env.UV_REQUIRE_HASHES) ? 'require' : 'none',
      pre: env.UV_PRERELEASE === 'allow',
      constraints: constraints.files.map((file) => file.sha256),
    },
    configFiles: await readConfigFile(env),
  }
}

/** `name=url`: its login may stand in variables of that name. */
function namedIndexKey(text: string, env: Variables) {
  const [, name, url = text] = /^([A-Za-z0-9_-]+)=(.*)$/s.exec(text) ?? []
  const key = indexKey(url)
  const variable = name && `UV_INDEX_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}_PASSWORD`
  return { ...key, auth: key.auth || (variable !== undefined && variable !== '' && Boolean(env[variable])) }
}

/**
 * Outside a project uv would take the settings of whatever project the current folder is in: the user's configuration is named to
 * it instead, and with it every other is off. A project has its own, which are its business.
 */
function withConfig(backend: BackendName, env: Record<string, string>): Record<string, string> {
  if (backend === 'uv-sync') return env.UV_NO_CONFIG ? withProjectsOwn(env) : env
  if (env.UV_NO_CONFIG || env.UV_CONFIG_FILE) return env
  const path = configPaths(env).find((each) => existsSync(each))
  return path === undefined ? { ...env, UV_NO_CONFIG: '1' } : { ...env, UV_CONFIG_FILE: path }
}

/** Without any configuration uv would ignore the indexes of the project's own manifest too: only what is not the project's is hidden. */
function withProjectsOwn({
  UV_NO_CONFIG: _,
  UV_CONFIG_FILE: __,
  ...env
}: Record<string, string>): Record<string, string> {
  const nowhere = process.platform === 'win32' ? 'nul' : '/dev/null'
  return { ...env, XDG_CONFIG_HOME: nowhere, XDG_CONFIG_DIRS: nowhere, APPDATA: nowhere, PROGRAMDATA: nowhere }
}

async function readConfigFile(env: Variables): Promise<KeyDocument['source']['files']> {
  const paths = env.UV_NO_CONFIG ? [] : env.UV_CONFIG_FILE ? [env.UV_CONFIG_FILE] : configPaths(env)
  const texts = paths.map(readNow)
  return texts.flatMap((text) => (text === undefined ? [] : [{ role: 'config', sha256: sha256(blankLogins(text)) }]))
}

/** The user's before the machine's. */
function configPaths(env: Variables): string[] {
  if (process.platform === 'win32') {
    return [
      join(env.APPDATA ?? join(homedir(), 'AppData', 'Roaming'), 'uv', 'uv.toml'),
      join(env.PROGRAMDATA ?? 'C:\\ProgramData', 'uv', 'uv.toml'),
    ]
  }
  const user = env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config')
  return [join(user, 'uv', 'uv.toml'), '/etc/uv/uv.toml']
}
