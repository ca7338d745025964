import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Manifest {
  name: string
  private?: boolean
  type?: string
  description?: string
  keywords?: string[]
  license?: string
  repository?: { type: string; url: string; directory: string }
  engines?: Record<string, string>
  sideEffects?: boolean
  exports?: Record<string, unknown>
  files?: string[]
  scripts?: Record<string, string>
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  peerDependenciesMeta?: Record<string, unknown>
  peerDependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}

export interface WorkspacePackage {
  /** The name of its folder under `packages/`. */
  name: string
  folder: string
  manifest: Manifest
}

/** Every package under `packages/`, the private one too. */
export function packages(): WorkspacePackage[] {
  return readdirSync(join(root, 'packages')).map((name) => {
    const folder = join(root, 'packages', name)
    return { name, folder, manifest: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest }
  })
}

export function publishedPackages(): WorkspacePackage[] {
  return packages().filter(({ manifest }) => manifest.private !== true)
}

export function rootManifest(): Manifest & { packageManager: string } {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest & { packageManager: string }
}

/** Files below a folder that end in `extension`, as absolute paths, sorted. */
export function filesBelow(folder: string, extension: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(extension))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}
