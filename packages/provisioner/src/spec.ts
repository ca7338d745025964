/** What is asked for: checked and filled in, without a look at the disk. */
import { resolve } from 'node:path'
import { assertKnownOptions, OptionError } from '@pyferry/errors'
import { parseRequirement, type Requirement } from './requirement.js'

/** An environment to be made. */
export interface EnvironmentSpec {
  /**
   * The Python to build from: `'auto'`, a path, a name on PATH, or a range such as `'>=3.11'` or `'3.11'`. `'auto'` is `python3`
   * on PATH, then `python` (on Windows `py` too), and `python3.x` when these are refused; 3.9 or later. The Python of a virtual
   * environment stands for the one it was made from. @default 'auto'
   */
  python?: string
  /** PEP 508 strings: `'six==1.16.0'`, `'pandas>=2; python_version >= "3.10"'`. @default [] */
  requirements?: readonly string[]
  /**
   * Requirements files as pip reads them, one path or several; relative to the current folder. Paths inside that pip takes
   * from its own current folder are relative to the folder of the first file. @default []
   */
  requirementsFile?: string | readonly string[]
  /** For the whole of `ensure`, in milliseconds. @default 1_800_000 */
  buildTimeoutMs?: number
}

export interface ResolvedSpec {
  python: string
  /** Sorted by text, without repetition. */
  requirements: readonly Requirement[]
  /** Absolute. */
  requirementsFiles: readonly string[]
  buildTimeoutMs: number
}

/** Node's timers take no more. */
const MAX_TIMER_MS = 2 ** 31 - 1

const DEFAULT_BUILD_TIMEOUT_MS = 1_800_000

/**
 * Check everything about a spec that can be told without touching the disk.
 *
 * @throws OptionError naming the option, the value and what was expected; unknown options too
 * @throws UnsafeRequirementError for a requirement that is not PEP 508
 */
export function validateSpec(spec: EnvironmentSpec): void {
  resolveSpec(spec)
}

/** @throws as `validateSpec` */
export function resolveSpec(spec: EnvironmentSpec): ResolvedSpec {
  if (typeof spec !== 'object' || spec === null || Array.isArray(spec)) {
    throw new OptionError('spec', spec, 'an object of options')
  }
  assertKnownOptions(spec, ['python', 'requirements', 'requirementsFile', 'buildTimeoutMs'])
  const { python = 'auto', requirements = [], requirementsFile = [] } = spec
  assertText('python', python)
  if (!Array.isArray(requirements)) throw new OptionError('requirements', requirements, 'an array of PEP 508 strings')
  const files = Array.isArray(requirementsFile) ? requirementsFile : [requirementsFile]
  for (const [index, file] of files.entries()) {
    assertText(Array.isArray(requirementsFile) ? `requirementsFile[${index}]` : 'requirementsFile', file)
  }
  const byText = new Map(requirements.map((each) => parseRequirement(each)).map((each) => [each.text, each]))
  return {
    python,
    requirements: [...byText.keys()].sort().map((text) => byText.get(text) as Requirement),
    requirementsFiles: files.map((file) => resolve(file)),
    buildTimeoutMs: resolveTimeout(spec.buildTimeoutMs),
  }
}

/** A path or a name that the system can take. @throws OptionError */
export function assertText(option: string, value: unknown): asserts value is string {
  if (typeof value !== 'string' || value === '' || value.includes('\0')) {
    throw new OptionError(option, value, 'a string that is not empty and holds no NUL')
  }
}

function resolveTimeout(value: number | undefined): number {
  if (value === undefined) return DEFAULT_BUILD_TIMEOUT_MS
  if (Number.isInteger(value) && value >= 1 && value <= MAX_TIMER_MS) return value
  throw new OptionError('buildTimeoutMs', value, `a whole number of milliseconds from 1 to ${MAX_TIMER_MS}`)
}
