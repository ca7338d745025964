/** Where in a home the tools are that were fetched into it. Homes are shared between images, so the path names the platform. */
import { closeSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { UV_VERSION } from './uv-wheels.js'

export type ToolKind = 'uv' | 'pixi'

/** What we fetch, and what the tests run. A new one is a change of ours, never a surprise. */
export const pinnedVersions: Readonly<Record<ToolKind, string>> = { uv: UV_VERSION, pixi: '0.15.2' }

/** `uv`, `uv.exe` */
export function executableName(kind: ToolKind): string {
  return process.platform === 'win32' ? `${kind}.exe` : kind
}

/** `<home>/t/<kind>` */
export function toolFolder(home: string, kind: ToolKind): string {
  return join(home, 't', kind)
}

/** `<home>/t/uv/0.13.9-linux-x64/uv` */
export function toolPath(home: string, kind: ToolKind): string {
  return join(toolFolder(home, kind), `${pinnedVersions[kind]}-${toolTarget()}`, executableName(kind))
}

/** The platform as this Node has it: no Python is asked, so that a hit can tell. */
function toolTarget(): string {
  return `${process.platform}-${process.arch}${process.platform === 'linux' && isMusl() ? '-musl' : ''}`
}

/** The loader that this Node names at its very beginning (ELF's `PT_INTERP`) is musl's. Node's own report tells too, in 20 ms. */
export function isMusl(): boolean {
  const file = openSync(process.execPath, 'r')
  try {
    const head = Buffer.alloc(4096)
    return head.subarray(0, readSync(file, head)).includes('/ld-musl-')
  } finally {
    closeSync(file)
  }
}
