/**
 * Every path on disk, computed here and nowhere else. Environments stand in one of two kinds of folder, and both hold *key folders*:
 *
 *     <home>/                             shared by every program of a user
 *       HOME.json                         {"schema":1}
 *       CACHEDIR.TAG  .gitignore          for backup programs, for git
 *       e/<id>/                           a key folder: what answers one question
 *       k/<id>.lock                       held by whoever builds for that key, see `lock.ts`
 *       u/<id>/<gen>.<pid>.<token>.json   leases, see `lease.ts`; the folder's time is the last use
 *       t/<tool>/<version>-<target>/      tools that were fetched
 *       t/pip/<version>-<wheel>/          pips unpacked from their wheels
 *       py/                               Pythons that uv has fetched
 *       c/pip  c/uv  c/probe/             caches, on the disk of the environments; what executables said of themselves
 *       log/<id>-<gen>.log                output of builds, the newest ones
 *       collect                           empty; its time is when what is not needed was last removed, see `collect-daily.ts`
 *
 *     <baseDir>/                          private to one owner at a time
 *       HOME.json
 *       env/                              a key folder: whatever its owner last asked for
 *       meta/
 *         owner-<token>-<pid>.sock        whoever owns the folder listens here, see `owner.ts`
 *         owner-<token>-<pid>.json        there once the owner is sure
 *         probe/                          what executables said of themselves
 *         <name>.log                      output of builds and of whoever writes more
 *
 *     <key folder>/
 *       spec.json                         the document of the key (of the home: others look for it there)
 *       current.json                      which generation is the one; replaced by rename: the moment of truth
 *       failed.json                       how the last build failed, for those who waited for it
 *       g1a2b3c4d/                        a generation: the environment itself, where it was built
 *         .stamp.json                     what it was made of; written last
 *       g1a2b3c4d.building.json           there while it is being built
 *       g1a2b3c4d.requirements.txt        what the installer is given
 *       g1a2b3c4d.report.json             what the installer answers
 *       g1a2b3c4d.doomed                  the collector is taking it apart
 *
 *     <temporary folder>/pyferry-g1a2b3c4d/   what installers write on their way, see `build-temporary.ts`
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'

/** Of folders and of stamps. Another one is never read, and never removed. */
export const SCHEMA = 1

export interface HomeLayout {
  home: string
  marker: string
  environmentsDir: string
  locksDir: string
  leasesDir: string
  toolsDir: string
  pythonsDir: string
  cachesDir: string
  probesDir: string
  logsDir: string
  collectMark: string
}

export interface BaseDirLayout {
  baseDir: string
  marker: string
  key: KeyFolder
  metaDir: string
  probesDir: string
}

export interface KeyFolder {
  folder: string
  spec: string
  current: string
  failed: string
}

export interface GenerationLayout {
  gen: string
  /** Where it is built: the virtual environment itself, or what a tool keeps its environment in. */
  prefix: string
  stamp: string
  building: string
  requirements: string
  constraints: string
  report: string
  doomed: string
}

/** @param home absolute, with no symbolic link in it */
export function homeLayout(home: string): HomeLayout {
  return {
    home,
    marker: join(home, 'HOME.json'),
    environmentsDir: join(home, 'e'),
    locksDir: join(home, 'k'),
    leasesDir: join(home, 'u'),
    toolsDir: join(home, 't'),
    pythonsDir: join(home, 'py'),
    cachesDir: join(home, 'c'),
    probesDir: join(home, 'c', 'probe'),
    logsDir: join(home, 'log'),
    collectMark: join(home, 'collect'),
  }
}

/** @param baseDir absolute, with no symbolic link in it */
export function baseDirLayout(baseDir: string): BaseDirLayout {
  const metaDir = join(baseDir, 'meta')
  return {
    baseDir,
    marker: join(baseDir, 'HOME.json'),
    key: keyFolder(join(baseDir, 'env')),
    metaDir,
    probesDir: join(metaDir, 'probe'),
  }
}

export function keyFolderOf(layout: HomeLayout, id: string): KeyFolder {
  return keyFolder(join(layout.environmentsDir, id))
}

export function lockPathOf(layout: HomeLayout, id: string): string {
  return join(layout.locksDir, `${id}.lock`)
}

export function leaseFolderOf(layout: HomeLayout, id: string): string {
  return join(layout.leasesDir, id)
}

export function generationLayout(key: KeyFolder, gen: string): GenerationLayout {
  const prefix = join(key.folder, gen)
  return {
    gen,
    prefix,
    stamp: join(prefix, '.stamp.json'),
    building: `${prefix}.building.json`,
    requirements: `${prefix}.requirements.txt`,
    constraints: `${prefix}.constraints.txt`,
    report: `${prefix}.report.json`,
    doomed: `${prefix}.doomed`,
  }
}

/** Of a virtual environment, below its prefix: the interpreter, a link to the base's (a small executable on Windows). */
export const VENV_PYTHON = process.platform === 'win32' ? join('Scripts', 'python.exe') : join('bin', 'python')

export function newGeneration(): string {
  return `g${randomBytes(4).toString('hex')}`
}

export function isGeneration(name: unknown): name is string {
  return typeof name === 'string' && /^g[0-9a-f]{8}$/.test(name)
}

/** Of a key, see `key.ts`. */
export function isEnvironmentId(name: unknown): name is string {
  return typeof name === 'string' && /^[a-z2-7]{16}$/.test(name)
}

/** The generation that a file or folder of a key folder belongs to; `undefined` for what is not ours. */
export function generationOf(entry: string): string | undefined {
  return /^(g[0-9a-f]{8})(?:\.(?:building\.json|requirements\.txt|constraints\.txt|report\.json|doomed))?$/.exec(
    entry,
  )?.[1]
}

function keyFolder(folder: string): KeyFolder {
  return {
    folder,
    spec: join(folder, 'spec.json'),
    current: join(folder, 'current.json'),
    failed: join(folder, 'failed.json'),
  }
}
