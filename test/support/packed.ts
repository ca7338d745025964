/**
 * Packs every package that is published, once per run, as `pnpm publish` would, and the libraries they need. Tests get the tarballs by
 * `inject('packed')`. What is packed is what was built: `pnpm test` and `pnpm verify` build first.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { libraries } from './arrows.js'
import { pnpm } from './pnpm.js'
import { publishedPackages, type WorkspacePackage } from './workspace.js'

/** The path of a tarball by the name of its package. */
export type Packed = Readonly<Record<string, string>>

declare module 'vitest' {
  interface ProvidedContext {
    packed: Packed
  }
}

export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'pyferry-packed-'))
  project.provide('packed', pack(folder))
  return () => rmSync(folder, { recursive: true })
}

function pack(folder: string): Packed {
  const filters = publishedPackages().map(({ manifest }) => `--filter=${manifest.name}`)
  const output = pnpm([...filters, '--recursive', 'pack', '--json', `--pack-destination=${folder}`])
  const packed = JSON.parse(output) as { name: string; filename: string }[]
  return Object.fromEntries([
    ...packed.map(({ name, filename }) => [name, filename]),
    ...publishedPackages().flatMap((each) => packLibraries(each, folder)),
  ])
}

/** As they are installed here, so that no index is asked. */
function packLibraries(from: WorkspacePackage, folder: string): [name: string, filename: string][] {
  return (libraries[from.name] ?? []).map((name) => {
    const installed = realpathSync(join(from.folder, 'node_modules', name))
    const args = ['pack', installed, '--ignore-scripts', '--json', `--pack-destination=${folder}`]
    const [packed] = JSON.parse(execFileSync('npm', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
    return [name, join(folder, packed.filename)]
  })
}
