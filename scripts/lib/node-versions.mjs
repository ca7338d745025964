import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root, run } from './process.mjs'

/** The latest of each line when this was last looked at; pinned, so that a red run has one cause. */
const releases = { 20: '20.20.2', 22: '22.23.3', 24: '24.21.0', 26: '26.10.0' }

/**
 * The path of a Node of one line, fetched from the npm registry when it is not there yet.
 *
 * @param {string} line such as `20`
 */
export function ensureNode(line) {
  const folder = join(root, '.cache/node', releases[line])
  const node = join(folder, 'node_modules/node/bin/node')
  if (existsSync(node)) return node
  // Its install script fetches the binary for this platform.
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--ignore-scripts=false', '--prefix', folder]
  if (!run('npm', [...args, `node@${releases[line]}`]) || !existsSync(node)) {
    throw new Error(`Node ${releases[line]} could not be fetched from the npm registry`)
  }
  return node
}
