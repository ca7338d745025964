/** Where pixi is looked for, and which one will do. */
import { homedir } from 'node:os'
import { join } from 'node:path'

export const pixiTool = {
  name: 'pixi',
  /** Of the host, naming an executable. */
  variable: 'PYFERRY_PIXI',
  executable: process.platform === 'win32' ? 'pixi.exe' : 'pixi',
  /** After PATH. The first is where pixi's own installer puts it. */
  folders: (home = homedir()): string[] => [join(home, '.pixi', 'bin'), '/opt/homebrew/bin', '/usr/local/bin'],
  /**
   * Everything that is used with every pixi has been there since this one, which is the one that the tests run for real. What
   * only a newer one can do is asked for by its version, see `pixiFeatures`.
   */
  minimum: '0.15.2',
  /** From what `pixi --version` prints: `pixi 0.15.2`. */
  parseVersion: (output: string): string | undefined => /^pixi (\d+\.\d+\.\d+\S*)/m.exec(output)?.[1],
} as const

/** What not every accepted pixi can do, with the first that can. Source: pixi's changelog. */
export const pixiFeatures = {
  pyproject: { since: '0.18.0', what: 'read [tool.pixi] of a pyproject.toml' },
  detachedEnvironments: { since: '0.23.0', what: 'keep its environments outside of the project' },
  offline: { since: '0.74.0', what: 'work without a network (--offline)' },
} as const

/** Whether a pixi of this version has it. */
export function canPixi(feature: keyof typeof pixiFeatures, version: string): boolean {
  return compareReleases(version, pixiFeatures[feature].since) >= 0
}

/** Of pixi's own versions: three numbers; what follows them (`-rc.1`) is not looked at. */
function compareReleases(left: string, right: string): number {
  const [those, these] = [left, right].map((version) => version.split(/[.\-+]/, 3).map(Number))
  for (const index of [0, 1, 2]) {
    const difference = (those?.[index] ?? 0) - (these?.[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
