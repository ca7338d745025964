import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

let home

/**
 * Tests run against sources, and some of those are generated: made anew here, so that no run meets yesterday's worker. And what
 * they keep in a home goes with the run: neither the user's own is touched, nor one of another run met.
 */
export function setup() {
  execFileSync(process.execPath, [
    fileURLToPath(new URL('../packages/supervisor/scripts/generate.mjs', import.meta.url)),
  ])
  home = mkdtempSync(join(tmpdir(), 'pyferry-test-home-'))
  process.env.PYFERRY_HOME = home
}

export function teardown() {
  rmSync(home, { recursive: true, force: true, maxRetries: 5 })
}
