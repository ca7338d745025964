/**
 * Packs every package that is published, once per run, as `pnpm publish` would. Tests get the tarballs by
 * `inject('packed')`. What is packed is what was built: `pnpm test` and `pnpm verify` build first.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { pnpm } from './pnpm.js'
import { publishedPackages } from './workspace.js'

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
  return Object.fromEntries(packed.map(({ name, filename }) => [name, filename]))
}
