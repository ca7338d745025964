/** The pip that a base Python has: the wheel it carries for `ensurepip`, where its packager put that, or an installed one. */
import { join } from 'node:path'
import { InterpreterError } from '../errors.js'
import { listNames } from '../files.js'
import type { FoundPython } from '../find-python.js'
import { run } from '../run.js'
import type { BuildJob } from './backend.js'

export type PipJob = Pick<BuildJob, 'env' | 'workingFolder' | 'reporter' | 'signal' | 'redact'> & {
  python: FoundPython
}

export interface Pip {
  /** What to have on `sys.path` to import it: a wheel or a folder. */
  place: string
  /** `'23.2.1'` */
  version: string
}

/** Debian's and Ubuntu's package python3-pip-whl; their Pythons may not say so in `WHEEL_PKG_DIR`. */
export const DEBIAN_WHEELS = '/usr/share/python-wheels'

const FIND_SCRIPT = `
import os, pip
print("\\n" + pip.__version__ + " " + os.path.dirname(os.path.dirname(os.path.abspath(pip.__file__))))
`

/**
 * Find it: a process is started only when there is no wheel.
 *
 * @throws InterpreterError (PIP_MISSING) naming where it was looked for
 */
export async function findPip(job: PipJob, packagedWheels: string): Promise<Pip> {
  const { standardLibrary, wheelFolder } = job.python.info
  const folders = [join(standardLibrary, 'ensurepip', '_bundled'), wheelFolder, packagedWheels]
  for (const folder of folders) {
    const wheel = folder === null ? undefined : await findWheel(folder)
    if (wheel) return wheel
  }
  return (await findImportable(job)) ?? refuse(job, folders)
}

export function isPipAtLeast({ version }: Pip, major: number, minor: number): boolean {
  const [itsMajor = 0, itsMinor = 0] = version.split('.').map(Number)
  return itsMajor > major || (itsMajor === major && itsMinor >= minor)
}

async function findWheel(folder: string): Promise<Pip | undefined> {
  const pips = (await listNames(folder)).flatMap((name) => {
    const version = /^pip-(\d[^-]*)-(?:[^-]+-){2}any\.whl$/.exec(name)?.[1]
    return version === undefined ? [] : [{ place: join(folder, name), version }]
  })
  return pips.sort(byVersion).at(-1)
}

function byVersion(left: Pip, right: Pip): number {
  return left.version.localeCompare(right.version, 'en', { numeric: true })
}

async function findImportable(job: PipJob): Promise<Pip | undefined> {
  const { python, env, workingFolder: cwd, signal, redact } = job
  const args = ['-I', '-X', 'utf8', '-c', FIND_SCRIPT]
  const result = await run({ file: python.base.path, args, env, cwd, hasLifeline: false }, { signal, redact })
  const answer = result.exitCode === 0 ? result.stdoutTail.split('\n').at(-1) : undefined
  const [, version, place] = /^(\d\S*) (.+)$/.exec(answer ?? '') ?? []
  return version === undefined || place === undefined ? undefined : { place, version }
}

function refuse({ python, reporter }: PipJob, folders: readonly (string | null)[]): never {
  const looked = folders.filter((folder) => folder !== null)
  throw new InterpreterError(
    'PIP_MISSING',
    `${python.base.path} has no pip: none can be imported, and no pip-*.whl is in ${looked.join(', ')}`,
    { phase: reporter.phase, facts: { python: python.base.path, looked } },
  )
}
