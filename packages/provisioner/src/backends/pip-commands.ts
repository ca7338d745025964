/**
 * Every command line of the standard library's `venv` and of pip that we use, as functions of what varies. Their source is
 * Python's documentation, `python -m venv --help`, and pip's (`pip install --help`, 21.2 to 26.1). What an older pip does not have
 * is left out by its version. None holds a login or an index: those go by variables, see `settings.ts`.
 */
import type { ResolvedSpec } from '../spec.js'

/** `python -m venv --help`. Without pip: the base's own installs into it, see `pip.ts`. */
export function venvCreate({ systemSite }: ResolvedSpec, prefix: string): string[] {
  return ['--without-pip', ...(systemSite ? ['--system-site-packages'] : []), prefix]
}

export interface PipInstall {
  /** Where the answer goes. */
  report: string
  requirements: readonly string[]
  constraints: readonly string[]
  /** Beside the files: a wheel by its path, or a name. */
  packages: readonly string[]
  /** A `pylock.toml`. */
  lock: string | undefined
  /** With extras. */
  project: { mode: 'editable' | 'wheel'; target: string } | undefined
}

/** `pip install --help`. A requirements file of a user's is named by its own path, so that its relative paths hold. */
export function pipInstall(
  spec: ResolvedSpec,
  version: string,
  { report, requirements, constraints, packages, lock, project }: PipInstall,
): string[] {
  return [
    'install',
    '--no-warn-script-location',
    progressBar(version),
    ...(spec.bytecode === 'off' ? ['--no-compile'] : []),
    ...(hasReport(version) ? ['--report', report] : []),
    ...buildArguments(spec),
    ...(spec.excludeNewer === undefined ? [] : [`--uploaded-prior-to=${spec.excludeNewer}`]),
    ...requirements.flatMap((file) => ['-r', file]),
    ...constraints.flatMap((file) => ['-c', file]),
    ...packages,
    ...(lock === undefined ? [] : ['-r', lock]),
    ...(project === undefined ? [] : [...(project.mode === 'editable' ? ['-e'] : []), project.target]),
  ]
}

/** `pip install --help`: one wheel, checked against its hashes before it is unpacked, into a folder that is no environment. */
export function pipFetch(
  version: string,
  { requirements, target }: { requirements: string; target: string },
): string[] {
  return [
    'install',
    '--no-deps',
    '--only-binary=:all:',
    '--require-hashes',
    '--no-compile',
    '--no-warn-script-location',
    progressBar(version),
    '--target',
    target,
    '-r',
    requirements,
  ]
}

/** Before 23.0 it was marked as experimental. */
export function hasReport(version: string): boolean {
  return isPipAtLeast(version, 23, 0)
}

/** `-r pylock.toml`. */
export function canReadPylock(version: string): boolean {
  return isPipAtLeast(version, 26, 1)
}

/** `--uploaded-prior-to`. */
export function hasUploadedPriorTo(version: string): boolean {
  return isPipAtLeast(version, 26, 0)
}

export function isPipAtLeast(version: string, major: number, minor: number): boolean {
  const [itsMajor = 0, itsMinor = 0] = version.split('.').map(Number)
  return itsMajor > major || (itsMajor === major && itsMinor >= minor)
}

/** `raw` is a line of numbers, from 24.1 on. */
function progressBar(version: string): string {
  return `--progress-bar=${isPipAtLeast(version, 24, 1) ? 'raw' : 'off'}`
}

/** Of a list, those named are built from source and no other is. */
function buildArguments({ build }: ResolvedSpec): string[] {
  if (build === 'allow') return []
  return ['--only-binary=:all:', ...(build === 'deny' ? [] : build.map((name) => `--no-binary=${name}`))]
}
