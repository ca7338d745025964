/**
 * Every command line of uv's that we use, as functions of what varies. Their source is uv's own reference (`uv help <command>`,
 * 0.9.17 and 0.13.9). None holds a login or an index: those go by variables, see `uv-settings.ts`.
 */
import type { ResolvedSpec } from '../spec.js'

/** `uv help venv`. `--no-project`: the current folder's project has no say in which Python it is. */
export function uvVenv(spec: ResolvedSpec, python: string, prefix: string): string[] {
  return ['venv', '--no-project', '--python', python, ...(spec.systemSite ? ['--system-site-packages'] : []), prefix]
}

export interface UvPipInstall {
  /** Of the environment. */
  python: string
  requirements: readonly string[]
  constraints: readonly string[]
  editable: string | undefined
  /** Beside the files: a project by its path, or a name. */
  packages: readonly string[]
}

/** `uv help pip install`. An explicit `--python`, so that no `VIRTUAL_ENV` or current folder is looked at. */
export function uvPipInstall(
  spec: ResolvedSpec,
  { python, requirements, constraints, editable, packages }: UvPipInstall,
): string[] {
  return [
    'pip',
    'install',
    '--python',
    python,
    ...requirements.flatMap((file) => ['-r', file]),
    ...constraints.flatMap((file) => ['-c', file]),
    ...(editable === undefined ? [] : ['-e', editable]),
    ...buildArguments(spec),
    ...(spec.offline ? ['--offline', '--no-index'] : []),
    ...(spec.bytecode === 'install' ? ['--compile-bytecode'] : []),
    ...packages,
  ]
}

export interface UvSync {
  python: string
  extras: readonly string[]
  groups: readonly string[]
  project: 'none' | 'editable' | 'wheel'
}

/** `uv help sync`. The target is the variable `UV_PROJECT_ENVIRONMENT`; the current folder is the project's. */
export function uvSync(spec: ResolvedSpec, { python, extras, groups, project }: UvSync): string[] {
  const build = typeof spec.build === 'string' ? spec.build : 'allow'
  return [
    'sync',
    spec.lockMode === 'frozen' ? '--frozen' : '--locked',
    '--no-default-groups',
    '--python',
    python,
    ...extras.flatMap((extra) => ['--extra', extra]),
    ...groups.flatMap((group) => ['--group', group]),
    ...{ none: ['--no-install-project'], wheel: ['--no-editable'], editable: [] }[project],
    ...(build === 'deny' ? ['--no-build'] : []),
    ...(spec.offline ? ['--offline'] : []),
    ...(spec.bytecode === 'install' ? ['--compile-bytecode'] : []),
  ]
}

/** `uv help lock`: bring the lock file of the project in the current folder up to date. */
export function uvLock(spec: ResolvedSpec, python: string): string[] {
  return ['lock', '--python', python, ...(spec.offline ? ['--offline'] : [])]
}

/** `uv help export`: a script's lock file as requirements with hashes. */
export function uvExportScript(spec: ResolvedSpec, { script, output }: { script: string; output: string }): string[] {
  const mode = spec.lockMode === 'frozen' ? '--frozen' : '--locked'
  const offline = spec.offline ? ['--offline'] : []
  return ['export', '--script', script, mode, '--no-header', '--format', 'requirements-txt', '-o', output, ...offline]
}

/** `uv help`. Answers before any configuration is read; pixi has the same. */
export function uvVersion(): string[] {
  return ['--version']
}

/**
 * `uv help python install`. Where to is the variable `UV_PYTHON_INSTALL_DIR`. `--no-bin`: nothing is put on the user's PATH;
 * `--no-registry`: nor told to Windows.
 *
 * @param request a version (`3.12`) or clauses (`>=3.11,<3.13`)
 */
export function uvPythonInstall(request: string): string[] {
  return ['python', 'install', '--no-bin', '--no-registry', request]
}

export interface UvPipCompile {
  /** Of the environment: what is pinned is for its version and platform. */
  python: string
  file: string
  /** For `pylock` its name has to be as such a file's is. */
  output: string
  format: 'requirements' | 'pylock'
}

/** `uv help pip compile`: exact versions with their hashes. */
export function uvPipCompile({ python, file, output, format }: UvPipCompile): string[] {
  const form = format === 'pylock' ? ['--format', 'pylock.toml'] : ['--generate-hashes']
  const options = ['--quiet', '--no-deps', '--no-header', '--no-annotate', ...form]
  return ['pip', 'compile', ...options, '--python', python, '-o', output, file]
}

/** Of a list, those named are built from source and no other is; uv and pip have the same two words for it. */
function buildArguments({ build }: ResolvedSpec): string[] {
  if (build === 'allow') return []
  if (build === 'deny') return ['--no-build']
  return ['--only-binary', ':all:', ...build.flatMap((name) => ['--no-binary', name])]
}
