/**
 * An environment as a file that makes it again elsewhere: requirements with hashes, or `pylock.toml` (PEP 751).
 *
 * What pip has installed it has told with URL and hash, and the stamp has kept. uv does not tell: it is asked once more, for the hashes
 * of the exact versions that are installed, which needs the index.
 */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stringify } from 'smol-toml'
import { uvPipCompile } from './backends/uv-commands.js'
import { classifyFailure } from './classify.js'
import { SpecError, StateError } from './errors.js'
import { removeTree } from './files.js'
import { readFound } from './inventory.js'
import { DeferredProbes } from './probes.js'
import type { ProvisionRequest } from './provision.js'
import { type Command, describeResult, run } from './run.js'
import { readSettings } from './settings.js'
import { readSource } from './source.js'
import { resolveSpec } from './spec.js'
import type { InstalledPackage, Stamp } from './stamp.js'
import { findTool } from './tools/tool.js'

export type ExportFormat = 'requirements' | 'pylock'

type ExportRequest = Pick<ProvisionRequest, 'place' | 'tools' | 'env' | 'reporter' | 'signal'> & {
  redact: (text: string) => string
}

/**
 * Export an environment that is there.
 *
 * @throws SpecError SOURCE_MISSING for an id that is not there; SPEC_INVALID for what no such file can name: packages from a folder, of
 *   conda, or without a hash where there is no uv to ask
 * @throws StateError (ENV_BROKEN); NetworkError, PackageError from uv
 */
export async function exportEnvironment(request: ExportRequest, id: string, format: ExportFormat): Promise<string> {
  const stamp = await readStampOf(request, id)
  const { backend, packages } = stamp
  const unnamed = packages.filter(({ from }) => from === 'path' || from === 'conda')
  if (backend === 'pixi' || unnamed.length > 0) {
    const names = unnamed.map(({ name }) => name).join(', ')
    throw new SpecError(
      'SPEC_INVALID',
      `${id} has what no lock file of Python's can name: ${names || 'conda packages'}`,
      {
        hint: backend === 'pixi' ? 'pixi.lock is its lock file' : 'build a wheel of what is installed from a folder',
        facts: { id, packages: unnamed.map(({ name }) => name) },
      },
    )
  }
  const known = packages.filter(({ sha256, url }) => sha256 !== null && typeof url === 'string')
  if (known.length < packages.length) return await askUv(request, stamp, format)
  return format === 'requirements' ? formatRequirements(packages) : formatPylock(stamp)
}

async function readStampOf({ place }: ExportRequest, id: string): Promise<Stamp> {
  const { generations, document } = await readFound(place, id, Date.now())
  const current = generations.find(({ isCurrent }) => isCurrent)
  if (current?.stamp && current.isUsable) return current.stamp
  const facts = { id, path: place.path }
  if (document) throw new StateError('ENV_BROKEN', `the environment ${id} is not whole`, { facts })
  throw new SpecError('SOURCE_MISSING', `there is no environment ${id} in ${place.path}`, { facts })
}

function formatRequirements(packages: readonly InstalledPackage[]): string {
  return packages.map(({ name, version, sha256 }) => `${name}==${version} --hash=sha256:${sha256}\n`).join('')
}

/** https://packaging.python.org/en/latest/specifications/pylock-toml/ */
function formatPylock({ packages, pythonVersion }: Stamp): string {
  return stringify({
    'lock-version': '1.0',
    'created-by': 'pyferry',
    'requires-python': `>=${pythonVersion.split('.').slice(0, 2).join('.')}`,
    packages: packages.map((each) => ({ name: each.name, version: each.version, ...archiveOf(each) })),
  })
}

function archiveOf({ url, sha256 }: InstalledPackage) {
  const address = url ?? ''
  const name = decodeURIComponent(/[^/]*$/.exec(address.replace(/#.*$/, ''))?.[0] ?? '')
  const place = address.startsWith('file:') ? { path: fileURLToPath(address) } : { url: address }
  const archive = { name, ...place, hashes: { sha256 } }
  return name.endsWith('.whl') ? { wheels: [archive] } : { sdist: archive }
}

async function askUv(request: ExportRequest, stamp: Stamp, format: ExportFormat): Promise<string> {
  const { place, tools, env, reporter, signal, redact } = request
  const probes = new DeferredProbes(place.probesDir)
  const uv = await findTool('uv', { explicit: tools.uvPath, home: place.home?.home, env, signal, probes })
  if (!uv) {
    throw new SpecError(
      'SPEC_INVALID',
      `the hashes of ${stamp.id} are not known here, and there is no uv to ask for them`,
      {
        hint: 'install uv',
        facts: { id: stamp.id },
      },
    )
  }
  const { index } = stamp.document.install
  const pinned = stamp.packages.map(({ name, version }) => `${name}==${version}`)
  // A login is in no stamp: an index that wants one is told by variables.
  const spec = resolveSpec({ requirements: pinned, ...(index && !index.auth && { index: index.url }) })
  const folder = await mkdtemp(join(tmpdir(), 'pyferry-export-'))
  try {
    const file = join(folder, 'requirements.in')
    const output = join(folder, format === 'pylock' ? 'pylock.toml' : 'requirements.txt')
    await writeFile(file, pinned.map((line) => `${line}\n`).join(''), { mode: 0o600 })
    const source = await readSource(spec, { env, folder, onIgnored: () => {} })
    const settings = await readSettings(spec, 'uv-pip', { host: env, source })
    const command: Command = {
      file: uv.path,
      args: uvPipCompile({ python: join(stamp.prefix, stamp.exe), file, output, format }),
      env: { ...settings.env, ...place.cacheVariables },
      cwd: folder,
      hasLifeline: false,
      launcher: stamp.base?.base,
    }
    const result = await run(command, { signal, redact })
    if (result.exitCode === 0) return await readFile(output, 'utf8')
    throw classifyFailure(result, { ...describeResult(command, result, redact), phase: reporter.phase })
  } finally {
    await removeTree(folder)
  }
}
