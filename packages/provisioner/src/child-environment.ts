/** The variables and the folder that an installer gets: the host's, without what would make it build something else. */
import { tmpdir } from 'node:os'

export type Variables = Readonly<Record<string, string | undefined>>

/**
 * What decides where packages come from. Companies configure their mirrors so; every one of these is in the key, its login
 * blanked, or says only how to reach what is.
 */
const HONOURED = new Set([
  'PIP_INDEX_URL',
  'PIP_EXTRA_INDEX_URL',
  'PIP_FIND_LINKS',
  'PIP_NO_INDEX',
  'PIP_CONSTRAINT',
  'PIP_PRE',
  'PIP_REQUIRE_HASHES',
  'PIP_TRUSTED_HOST',
  'PIP_CERT',
  'PIP_CLIENT_CERT',
  'PIP_PROXY',
  'PIP_KEYRING_PROVIDER',
  'PIP_CONFIG_FILE',
  'PIP_RETRIES',
  'PIP_DEFAULT_TIMEOUT',
  'UV_INDEX',
  'UV_DEFAULT_INDEX',
  'UV_OFFLINE',
  'UV_SYSTEM_CERTS',
  'UV_NATIVE_TLS',
  'UV_INSECURE_HOST',
  'UV_KEYRING_PROVIDER',
  'UV_CONFIG_FILE',
  'UV_HTTP_RETRIES',
  'UV_HTTP_TIMEOUT',
  // Where Pythons come from: a company's copy of them, and the list of what is in it.
  'UV_PYTHON_INSTALL_MIRROR',
  'UV_PYTHON_DOWNLOADS_JSON_URL',
])

/** Logins of uv's named indexes. */
const HONOURED_LOGIN = /^UV_INDEX_[A-Z0-9_]+_(?:USERNAME|PASSWORD)$/

/** They turn Python or pip to another prefix, another standard library, another environment. */
const REMOVED = new Set([
  'PYTHONHOME',
  'PYTHONPATH',
  'PYTHONEXECUTABLE',
  'PYTHONPLATLIBDIR',
  'PYTHONSTARTUP',
  'PYTHONUSERBASE',
  'PYTHONPYCACHEPREFIX',
  '__PYVENV_LAUNCHER__',
  'VIRTUAL_ENV',
])
const REMOVED_PREFIXES = ['CONDA_', 'PIXI_', 'UV_', 'PIP_']

/** Variables win over configuration files, which may say `user = true`: no such installation is ever the environment's. */
const ALWAYS = { PIP_DISABLE_PIP_VERSION_CHECK: '1', PIP_USER: '0', UV_NO_PROGRESS: '1' }

/** What turns every configuration file of pip and uv off. */
const NO_AMBIENT = { PIP_CONFIG_FILE: process.platform === 'win32' ? 'nul' : '/dev/null', UV_NO_CONFIG: '1' }

/**
 * Make the variables of an installer from the host's.
 *
 * `PIP_NO_INPUT` is never set: with it pip answers a 401 by "No matching distribution" alone. Its standard input is the null
 * device anyway.
 *
 * @param ambient `'ignore'`: no variable or file of pip's or uv's has a say
 */
export function installerEnvironment(host: Variables, ambient: 'honour' | 'ignore' = 'honour'): Record<string, string> {
  const isHonoured = (name: string) => ambient === 'honour' && (HONOURED.has(name) || HONOURED_LOGIN.test(name))
  const kept = Object.entries(host).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && (isHonoured(entry[0]) || !isRemoved(entry[0])),
  )
  return { ...Object.fromEntries(kept), ...ALWAYS, ...(ambient === 'ignore' ? NO_AMBIENT : {}) }
}

/** The host's variables as a spec wants them: all, none or some, and its own. */
export function chooseVariables(
  host: Variables,
  { inherit, set }: { inherit: boolean | readonly string[]; set: Variables },
): Variables {
  if (inherit === true) return { ...host, ...set }
  const names = inherit === false ? [] : inherit
  return { ...Object.fromEntries(names.map((name) => [name, host[name]])), ...set }
}

/** The current folder, or the temporary one when that has been removed: a process outlives its folder. */
export function currentFolder(): string {
  try {
    return process.cwd()
  } catch {
    return tmpdir()
  }
}

function isRemoved(name: string): boolean {
  return REMOVED.has(name) || REMOVED_PREFIXES.some((prefix) => name.startsWith(prefix))
}
