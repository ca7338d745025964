/**
 * Where environments are kept. Two kinds, with one contract: a *home* that programs share, one key folder for each question, and a
 * *private folder*, one key folder for whatever its owner last asked.
 */
import { join } from 'node:path'
import { findBaseDir, prepareBaseDir, sweepBaseDir } from './base-dir.js'
import type { Reporter } from './events.js'
import { findHome, type HomeChoice, prepareHome } from './home.js'
import { type BaseDirLayout, type HomeLayout, type KeyFolder, keyFolderOf, lockPathOf } from './layout.js'
import { isLive, type Lease, listLeases, takeLease } from './lease.js'
import { takeLock } from './lock.js'
import { makeInnerFolder } from './own-folder.js'
import { claimBaseDir, isOwnedHere } from './owner.js'
import { sweepKeyFolder } from './sweep.js'

/** Somebody who is to build alone. */
export interface BuildRight {
  /** Whether somebody else had it first. */
  didWait: boolean
}

export interface ExclusiveOptions {
  id: string
  /** An interpreter that can hold a lock; `undefined`: there is none, and the build goes on without. */
  python: string | undefined
  env: Readonly<Record<string, string>>
  limitMs: number
  reporter: Reporter
  signal: AbortSignal
  redact: (text: string) => string
}

export interface Place {
  readonly kind: 'home' | 'baseDir'
  /** Absolute; links are resolved when the folder is there. */
  readonly path: string
  /** What executables said of themselves. */
  readonly probesDir: string
  /** Of a home; `undefined`: everybody keeps their own. */
  readonly home: HomeLayout | undefined
  readonly metaDir: string
  /** Where installers keep what they have downloaded: on the disk of the environments, so that a file can be in several of them. */
  readonly cacheVariables: Readonly<Record<string, string>>
  keyFolder(id: string): KeyFolder
  logPath(id: string, gen: string): string
  /** Work in one place with equal names is done one after the other within this process. */
  turnOf(id: string): string
  /** Say that a generation is used. @returns `undefined` where that is not needed, or cannot be written */
  takeLease(id: string, gen: string): Lease | undefined
  /** Make the folders ready and do `work` while nobody else builds the same. @throws MachineError, SpecError, StoppedError */
  exclusively<T>(options: ExclusiveOptions, work: (right: BuildRight) => Promise<T>): Promise<T>
  /** Remove what builds left behind, after a new generation was published. */
  sweep(id: string): Promise<void>
}

/** A place that programs share. */
export type HomePlace = Place & { readonly home: HomeLayout }

export function isHome(place: Place): place is HomePlace {
  return place.home !== undefined
}

/** For reading only: the folder may not be there. @throws SpecError, MachineError, for one that is not fit */
export async function openHome(choice: HomeChoice): Promise<Place> {
  return new SharedPlace(await findHome(choice.path))
}

/** For reading only: the folder may not be there. @throws SpecError, MachineError, for one that is not fit */
export async function openBaseDir(baseDir: string): Promise<Place> {
  return new PrivatePlace(await findBaseDir(baseDir))
}

class SharedPlace implements Place {
  readonly kind = 'home'
  readonly home: HomeLayout

  constructor(layout: HomeLayout) {
    this.home = layout
  }

  get path(): string {
    return this.home.home
  }

  get probesDir(): string {
    return this.home.probesDir
  }

  get metaDir(): string {
    return this.home.logsDir
  }

  get cacheVariables(): Record<string, string> {
    const { cachesDir } = this.home
    return { PIP_CACHE_DIR: join(cachesDir, 'pip'), UV_CACHE_DIR: join(cachesDir, 'uv') }
  }

  keyFolder(id: string): KeyFolder {
    return keyFolderOf(this.home, id)
  }

  logPath(id: string, gen: string): string {
    return join(this.home.logsDir, `${id}-${gen}.log`)
  }

  turnOf(id: string): string {
    return `${this.home.home}\0${id}`
  }

  takeLease(id: string, gen: string): Lease | undefined {
    return takeLease(this.home, id, gen)
  }

  async exclusively<T>(options: ExclusiveOptions, work: (right: BuildRight) => Promise<T>): Promise<T> {
    const { id, python, env, limitMs, reporter, signal, redact } = options
    const layout = await prepareHome(this.home.home)
    await makeInnerFolder(this.keyFolder(id).folder, 'home')
    if (python === undefined) {
      reporter.warning('no-lock', 'there is no Python to hold a lock: others may do the same work')
      return await work({ didWait: false })
    }
    const cwd = layout.home
    const lock = await takeLock({ path: lockPathOf(layout, id), python, env, cwd, limitMs, reporter, signal, redact })
    reporter.onPhase = (phase) => lock?.tell(phase)
    try {
      // Once more: the collector may have had the lock before.
      await makeInnerFolder(this.keyFolder(id).folder, 'home')
      return await work({ didWait: lock?.didWait ?? false })
    } finally {
      reporter.onPhase = undefined
      await lock?.release()
    }
  }

  async sweep(id: string): Promise<void> {
    const nowMs = Date.now()
    const leases = await listLeases(this.home, id)
    const used = new Set(leases.filter((lease) => isLive(lease, nowMs)).map(({ gen }) => gen))
    await sweepKeyFolder(this.keyFolder(id), { nowMs, used })
  }
}

class PrivatePlace implements Place {
  readonly kind = 'baseDir'
  readonly home = undefined
  readonly #layout: BaseDirLayout

  constructor(layout: BaseDirLayout) {
    this.#layout = layout
  }

  get path(): string {
    return this.#layout.baseDir
  }

  get probesDir(): string {
    return this.#layout.probesDir
  }

  get metaDir(): string {
    return this.#layout.metaDir
  }

  /** The installers' own: nothing but the environment is kept here. */
  get cacheVariables(): Record<string, string> {
    return {}
  }

  keyFolder(): KeyFolder {
    return this.#layout.key
  }

  logPath(_id: string, _gen: string): string {
    return join(this.#layout.metaDir, 'build.log')
  }

  turnOf(): string {
    return this.path
  }

  /** Its one owner is known, and removes a generation only by building another. */
  takeLease(): undefined {
    return undefined
  }

  async exclusively<T>(_options: ExclusiveOptions, work: (right: BuildRight) => Promise<T>): Promise<T> {
    const right = { didWait: false }
    if (isOwnedHere(this.path)) {
      // Prepared anew: somebody may have emptied the folder since it was claimed.
      await prepareBaseDir(this.path)
      return await work(right)
    }
    const claim = await claimBaseDir(this.path)
    try {
      return await work(right)
    } finally {
      await claim.release()
    }
  }

  sweep(): Promise<void> {
    return sweepBaseDir(this.#layout)
  }
}
