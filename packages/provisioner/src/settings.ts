/**
 * Where packages come from and how they are taken: the options of a spec over the variables of the host, as variables of an
 * installer and as a part of the key. Logins are in the first and never in the second; none is ever an argument, which anybody on
 * the machine could read.
 */
import { chooseVariables, installerEnvironment, type Variables } from './child-environment.js'
import type { BackendName, KeyDocument } from './key.js'
import { readPipSettings, unusedPipSettings } from './pip-settings.js'
import { isEmpty, type Source } from './source.js'
import type { ResolvedSpec } from './spec.js'
import { readUvSettings, uvVariables } from './uv-settings.js'

export interface Settings {
  /** All of the installer's variables. */
  env: Record<string, string>
  install: KeyDocument['install']
  configFiles: KeyDocument['source']['files']
}

/**
 * Read the settings that `backend` will work with.
 *
 * @throws SpecError (SOURCE_MISSING) for a constraints file that a variable names and is not there
 */
export async function readSettings(
  spec: ResolvedSpec,
  backend: BackendName,
  { host, source }: { host: Variables; source: Source },
): Promise<Settings> {
  const { workingFolder } = source
  const base = installerEnvironment(chooseVariables(host, spec.env), spec.ambient)
  const env = { ...base, ...chosenVariables(spec, source) }
  if (isEmpty(source)) return { env, install: unusedPipSettings.install, configFiles: [] }
  const isUv = backend === 'uv-pip' || backend === 'uv-sync'
  const installerEnv = isUv ? uvVariables(spec, backend, base, env) : env
  const { install, configFiles } = isUv
    ? await readUvSettings(installerEnv, workingFolder)
    : await readPipSettings(env, workingFolder)
  return {
    env: installerEnv,
    install: {
      ...install,
      noIndex: install.noIndex || spec.offline,
      strategy: spec.indexStrategy,
      hashes: spec.hashes === 'require' ? 'require' : install.hashes,
      build: typeof spec.build === 'string' ? spec.build : [...spec.build],
      pre: install.pre || spec.pre,
      excludeNewer: spec.excludeNewer ?? null,
      constraints: [...spec.constraints.map(({ text }) => text), ...install.constraints],
    },
    configFiles,
  }
}

/** The options that have a variable of pip's. An option goes before what the project says, and that before the variable. */
function chosenVariables(spec: ResolvedSpec, { indexes, lock }: Source): Record<string, string> {
  // A project that is locked says it to uv by itself.
  const own = lock ? { main: undefined, extra: [] } : indexes
  const main = spec.index ?? own.main
  const extra = spec.extraIndexes.length > 0 ? spec.extraIndexes : own.extra
  return {
    ...(main !== undefined && { PIP_INDEX_URL: main }),
    ...(extra.length > 0 && { PIP_EXTRA_INDEX_URL: extra.join(' ') }),
    ...(spec.findLinks.length > 0 && { PIP_FIND_LINKS: spec.findLinks.join(' ') }),
    ...(spec.offline && { PIP_NO_INDEX: '1' }),
    ...(spec.hashes === 'require' && { PIP_REQUIRE_HASHES: '1' }),
    ...(spec.pre && { PIP_PRE: '1' }),
  }
}
