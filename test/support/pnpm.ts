import { execFileSync } from 'node:child_process'
import { root, rootManifest } from './workspace.js'

/** Run pnpm in the workspace. It need not be installed: npx fetches the version that the root manifest names. */
export function pnpm(args: readonly string[]): string {
  return execFileSync('npx', ['-y', rootManifest().packageManager, ...args], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 64 * 1024 * 1024,
  })
}
