/**
 * Every path in a private folder, computed here and nowhere else.
 *
 *     <baseDir>/
 *       HOME.json                         {"schema":1}
 *       env/
 *         current.json                    which generation is the one; replaced by rename: the moment of truth
 *         g1a2b3c4d/                      a generation: the virtual environment itself, where it was built
 *           .stamp.json                   what it was made of; written last
 *         g1a2b3c4d.building.json         there while it is being built
 *         g1a2b3c4d.requirements.txt      what the installer is given
 *         g1a2b3c4d.report.json           what the installer answers
 *       meta/
 *         owner-<token>-<pid>.sock        whoever owns the folder listens here, see `owner.ts`
 *         owner-<token>-<pid>.json        there once the owner is sure
 *         <name>.log                      tails of output, of whoever writes them
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'

/** Of the folder and of the stamp. Another one is never read, and never removed. */
export const SCHEMA = 1

export interface Layout {
  baseDir: string
  home: string
  envDir: string
  metaDir: string
  current: string
}

export interface GenerationLayout {
  gen: string
  /** The virtual environment. */
  prefix: string
  stamp: string
  building: string
  requirements: string
  report: string
  /** The interpreter, a link to the base's (a small executable on Windows). */
  python: string
  pythonConfig: string
}

/** @param baseDir absolute, with no symbolic link in it */
export function layoutOf(baseDir: string): Layout {
  const envDir = join(baseDir, 'env')
  return {
    baseDir,
    home: join(baseDir, 'HOME.json'),
    envDir,
    metaDir: join(baseDir, 'meta'),
    current: join(envDir, 'current.json'),
  }
}

export function generationLayout(layout: Layout, gen: string): GenerationLayout {
  const prefix = join(layout.envDir, gen)
  return {
    gen,
    prefix,
    stamp: join(prefix, '.stamp.json'),
    building: `${prefix}.building.json`,
    requirements: `${prefix}.requirements.txt`,
    report: `${prefix}.report.json`,
    python: process.platform === 'win32' ? join(prefix, 'Scripts', 'python.exe') : join(prefix, 'bin', 'python'),
    pythonConfig: join(prefix, 'pyvenv.cfg'),
  }
}

export function newGeneration(): string {
  return `g${randomBytes(4).toString('hex')}`
}

export function isGeneration(name: unknown): name is string {
  return typeof name === 'string' && /^g[0-9a-f]{8}$/.test(name)
}

/** The generation that a file or folder of `env/` belongs to; `undefined` for what is not ours. */
export function generationOf(entry: string): string | undefined {
  return /^(g[0-9a-f]{8})(?:\.(?:building\.json|requirements\.txt|report\.json))?$/.exec(entry)?.[1]
}
