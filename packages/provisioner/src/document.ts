/** From everything that was found out to the document of the key. */
import type { BackendName, KeyDocument } from './key.js'
import type { InterpreterInfo } from './probe.js'
import type { Settings } from './settings.js'
import type { Source } from './source.js'
import type { ResolvedSpec } from './spec.js'

export interface Decided {
  spec: ResolvedSpec
  backend: BackendName
  source: Source
  settings: Settings
  /** `undefined` when the tool brings its own. */
  python: InterpreterInfo | undefined
}

export function makeDocument({ spec, backend, source, settings, python }: Decided): KeyDocument {
  return {
    schema: 1,
    backend,
    platform: python ? { os: python.os, arch: python.arch, libc: python.libc } : hostPlatform(),
    python: python
      ? {
          impl: python.implementation,
          version: python.version,
          soabi: python.soabi,
          prefix: python.prefix,
        }
      : null,
    source: { ...source.key, files: [...source.key.files, ...settings.configFiles] },
    install: settings.install,
    venv: { withPip: spec.withPip, systemSite: spec.systemSite },
    extra: { ...spec.extra },
  }
}

/** In Python's words, where there is no Python to ask. */
function hostPlatform(): KeyDocument['platform'] {
  const os = process.platform === 'win32' ? 'windows' : process.platform
  const arch = { x64: 'x86_64', arm64: process.platform === 'linux' ? 'aarch64' : 'arm64' }[process.arch as string]
  return { os, arch: arch ?? process.arch, libc: null }
}
