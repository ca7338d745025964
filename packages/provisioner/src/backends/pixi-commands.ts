/** The command lines of pixi: arguments to argv, and nothing else. */

export type LockMode = 'locked' | 'frozen' | 'update'

export interface PixiTarget {
  /** Absolute path of the manifest. */
  manifest: string
  environment: string
}

/**
 * Solve where `lockMode` allows it, write `pixi.lock`, install one environment.
 *
 * Source: pixi's documentation, reference/cli, `pixi install`: `--manifest-path`, `--environment`, `--locked`, `--frozen` since
 * before 0.15; `--offline` since 0.74. The default environment is not named: 0.15 knows it by no name.
 */
export function pixiInstall({
  manifest,
  environment,
  lockMode,
  offline,
}: PixiTarget & { lockMode: LockMode; offline: boolean }): string[] {
  return [
    'install',
    '--manifest-path',
    manifest,
    ...(lockMode === 'update' ? [] : [`--${lockMode}`]),
    ...inEnvironment(environment),
    ...(offline ? ['--offline'] : []),
  ]
}

/**
 * Run a command in an activated environment, which is there: nothing is solved for it.
 *
 * Source: pixi's documentation, reference/cli, `pixi run`: options come first, what follows the command is the command's. A first
 * word that is the name of a task is that task (`--executable` against that is a newer one's): so the command is a path. The words
 * go through pixi's own shell, and 0.15 quotes only what holds a blank: no word may hold `$`, a quote or a backslash.
 */
export function pixiRun({ manifest, environment }: PixiTarget, offline: boolean, command: readonly string[]): string[] {
  return [
    'run',
    '--manifest-path',
    manifest,
    '--frozen',
    ...inEnvironment(environment),
    ...(offline ? ['--offline'] : []),
    ...command,
  ]
}

/** Source: pixi's documentation, reference/cli, global options. */
export function pixiVersion(): string[] {
  return ['--version']
}

export const DEFAULT_ENVIRONMENT = 'default'

function inEnvironment(environment: string): string[] {
  return environment === DEFAULT_ENVIRONMENT ? [] : ['--environment', environment]
}
