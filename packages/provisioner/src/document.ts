/** From what was asked, and the Python found for it, to the document of the key. */
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Variables } from './child-environment.js'
import { fingerprint } from './fingerprint.js'
import type { KeyDocument } from './key.js'
import { readPipSettings, unusedPipSettings } from './pip-settings.js'
import type { InterpreterInfo } from './probe.js'
import { blankLogins } from './redact.js'
import { readRequirementsFiles } from './requirements-file.js'
import type { ResolvedSpec } from './spec.js'

/** What the spec stands for on this disk at this moment, beside the Python. */
export interface ResolvedSource {
  source: KeyDocument['source']
  install: KeyDocument['install']
}

/** Where pip runs: relative paths inside the files start here. */
export function workingFolderOf(spec: ResolvedSpec, fallback: string): string {
  const first = spec.requirementsFiles[0]
  return first === undefined ? fallback : dirname(first)
}

/**
 * Read the files that the spec names.
 *
 * @throws SpecError (SOURCE_MISSING)
 */
export async function readSource(spec: ResolvedSpec, env: Variables, workingFolder: string): Promise<ResolvedSource> {
  const { requirements, requirementsFiles } = spec
  const closure = await readRequirementsFiles(requirementsFiles, 'requirements', { env, workingFolder })
  const kind = requirementsFiles.length > 0 ? 'requirements' : requirements.length > 0 ? 'inline' : 'none'
  const { install, configFiles } = kind === 'none' ? unusedPipSettings : await readPipSettings(env, workingFolder)
  const localPaths = [...closure.localPaths, ...requirements.flatMap(({ url }) => localPathOf(url))].sort()
  return {
    source: {
      kind,
      files: [...closure.files, ...configFiles],
      packages: requirements.map(({ text }) => blankLogins(text).replaceAll('://@', '://')).sort(),
      extras: [],
      groups: [],
      project: 'none',
      local: await Promise.all(localPaths.map(async (path) => ({ path, fingerprint: await fingerprint(path) }))),
    },
    install,
  }
}

export function makeDocument({ source, install }: ResolvedSource, python: InterpreterInfo): KeyDocument {
  const { implementation, version, soabi, prefix, os, arch, libc } = python
  return {
    schema: 1,
    backend: 'venv-pip',
    platform: { os, arch, libc },
    python: { impl: implementation, version, soabi, prefix },
    source,
    install,
    venv: { withPip: false, systemSite: false },
    extra: {},
  }
}

function localPathOf(url: string | undefined): string[] {
  if (url === undefined || !/^file:/i.test(url)) return []
  try {
    return [fileURLToPath(url.replace(/#.*$/, ''))]
  } catch {
    // A file URL of another machine: pip will say what it thinks of it.
    return []
  }
}
