/** An environment as the caller gets it. */
import { join } from 'node:path'
import type { Existing } from './existing.js'
import type { BackendName } from './key.js'
import type { Provisioned } from './provision.js'

/** An environment that is ready. A plain value: keep it, print it, send it. Its methods are not part of it then. */
export interface Environment {
  /** Of the key: the same for the same question. 16 characters. */
  id: string
  /** Of this build of it; `''` of an interpreter that was there. */
  generation: string
  /** Who made it; `'none'`: it was there. */
  backend: BackendName | 'none'
  /** `sys.prefix`. */
  prefix: string
  /** Path of the interpreter in it; not to be resolved, the link is what makes it this environment's. */
  python: string
  /** `'3.11.7'` */
  pythonVersion: string
  /** What is installed, sorted by normalised name; not looked at in an interpreter that was there. */
  packages: { name: string; version: string }[]
  /** Variables that a program in it needs; none but for pixi's. `PATH` is what to put in front of the program's own. */
  activation: Record<string, string>
  /** Whether it was there already. */
  hit: boolean
  /** Say that it is not used any more. Safe to call again. */
  release(): void
  [Symbol.dispose](): void
}

export function describeEnvironment({ stamp, lease, isHit }: Provisioned): Environment {
  const environment: PlainEnvironment = {
    id: stamp.id,
    generation: stamp.gen,
    backend: stamp.backend,
    prefix: join(stamp.prefix, stamp.sysPrefix),
    python: join(stamp.prefix, stamp.exe),
    pythonVersion: stamp.pythonVersion,
    packages: stamp.packages.map(({ name, version }) => ({ name, version })),
    activation: { ...stamp.activation },
    hit: isHit,
  }
  return withRelease(environment, () => lease?.release())
}

export function describeExisting({ id, python, info }: Existing): Environment {
  const environment: PlainEnvironment = {
    id,
    generation: '',
    backend: 'none',
    prefix: info.ownPrefix,
    python,
    pythonVersion: info.version,
    packages: [],
    activation: {},
    hit: true,
  }
  return withRelease(environment, () => {})
}

type PlainEnvironment = Omit<Environment, 'release' | typeof Symbol.dispose>

/** The methods are hidden: printing, comparing and sending see the plain value alone. */
function withRelease(environment: PlainEnvironment, release: () => void): Environment {
  const hidden = { value: release, enumerable: false }
  return Object.defineProperties(environment, { release: hidden, [disposeSymbol]: hidden }) as Environment
}

/** Node 20 has it under this name from 20.5 on. */
const disposeSymbol: typeof Symbol.dispose = Symbol.dispose ?? (Symbol.for('nodejs.dispose') as never)
