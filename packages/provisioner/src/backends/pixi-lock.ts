/** What `pixi.lock` says of one environment: how many packages it will have. */

/**
 * Count the conda packages that one environment has on one platform.
 *
 * Read by its indentation, since its writer never varies it: formats 4 to 6 list each package of an environment on a line of its
 * own, `- conda: <url>`.
 *
 * @returns `undefined` for a lock of another format, or without this environment or platform
 */
export function countLocked(lock: string, environment: string, platform: string): number | undefined {
  const wanted = ['environments', environment, 'packages', platform].join(' ')
  const place: string[] = []
  let count: number | undefined
  for (const line of lock.split(/\r?\n/)) {
    const [, indent = '', item, key] = /^( *)(- )?([^\s:#-][^:]*):/.exec(line) ?? []
    if (key === undefined) continue
    if (item !== undefined) {
      if (place.join(' ') === wanted && key === 'conda') count = (count ?? 0) + 1
      continue
    }
    place.length = Math.min(place.length, indent.length / 2)
    place.push(key)
  }
  return count
}

/** What conda calls this machine; `undefined` when it has no name for it. */
export function condaPlatform({ platform, arch }: { platform: string; arch: string } = process): string | undefined {
  return CONDA_PLATFORMS[`${platform} ${arch}`]
}

/** By Node's names. Source: the platforms that a pixi manifest may name. */
const CONDA_PLATFORMS: Readonly<Record<string, string>> = {
  'linux x64': 'linux-64',
  'linux arm64': 'linux-aarch64',
  'linux ppc64': 'linux-ppc64le',
  'linux s390x': 'linux-s390x',
  'linux riscv64': 'linux-riscv64',
  'darwin x64': 'osx-64',
  'darwin arm64': 'osx-arm64',
  'win32 x64': 'win-64',
  'win32 arm64': 'win-arm64',
}
