import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Tests run against sources, and some of those are generated: made anew here, so that no run meets yesterday's worker. */
export function setup() {
  execFileSync(process.execPath, [
    fileURLToPath(new URL('../packages/supervisor/scripts/generate.mjs', import.meta.url)),
  ])
}
