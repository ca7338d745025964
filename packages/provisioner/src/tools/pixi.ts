/** What not every pixi can do. Everything else has been there since the oldest that is accepted, see `tool.ts`. */

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
