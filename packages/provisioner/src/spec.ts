/** What is asked for: checked and filled in, without a look at the disk. */
import { basename, join, resolve } from 'node:path'
import { assertKnownOptions, OptionError } from '@pyferry/errors'
import { integerBetween, listOf, oneOf, type Reader, readBoolean, readText, readTextMap } from './option-readers.js'
import { normaliseName, parseRequirement, type Requirement } from './requirement.js'

/**
 * An environment to be made.
 *
 * What it contains is named by `project`, `script`, `pixi` or `interpreter` (one of them at most), by `requirementsFile` and
 * `requirements`, which add up, also to a project or script without a lock file; beside a lock file they are refused.
 */
export interface EnvironmentSpec {
  /**
   * The Python to build from: `'auto'`, a path, a name on PATH, or a range such as `'>=3.11'` or `'3.11'`. `'auto'` is `python3`
   * on PATH, then `python` (on Windows `py` too), then `python3.x` from the newest, then those that uv has installed; what a
   * project or script requires narrows it. The Python of a virtual environment stands for the one it was made from.
   * @default 'auto'
   */
  python?: string
  /** PEP 508 strings: `'six==1.16.0'`, `'pandas>=2; python_version >= "3.10"'`. @default [] */
  requirements?: readonly string[]
  /**
   * Requirements files as pip reads them, one path or several; relative to the current folder. Paths inside that pip takes
   * from its own current folder are relative to the folder of the first file. @default []
   */
  requirementsFile?: string | readonly string[]
  /**
   * A project: its folder, or the path of its `pyproject.toml`, `uv.lock` or `pylock.toml`; `'auto'` looks for one from the current
   * folder upwards to the root of the repository. In it the first of: `pyproject.toml` with `uv.lock`, or with `pylock.toml`;
   * `pyproject.toml` alone; `requirements.lock`, `requirements.txt`, `requirements/prod.txt`, `requirements/base.txt`; `pixi.toml`.
   */
  project?: string
  /** A Python file with its dependencies in it (PEP 723), and in `<file>.lock` when that is there. */
  script?: string
  /** A pixi project: the path of its `pixi.toml`, or of its folder; `environment` names one of its environments. */
  pixi?: string | { manifest: string; environment?: string }
  /** An existing interpreter, used as it is: nothing is built, nothing installed. */
  interpreter?: string
  /** PEP 508 strings that narrow versions and install nothing by themselves. @default [] */
  constraints?: readonly string[]
  /** Extras of the project. @default [] */
  extras?: readonly string[]
  /** Dependency groups of the project. @default [] */
  groups?: readonly string[]
  /** `false`: an environment with nothing in it. @default true */
  install?: boolean
  /** Who makes it: `'auto'` is uv where a usable one is found, else the standard library's `venv` with pip. @default 'auto' */
  backend?: 'auto' | 'venv-pip' | 'uv'
  /**
   * `'locked'`: a lock file that does not fit its project is LOCKFILE_STALE; `'frozen'`: it is taken as it is; `'update'`: it is
   * brought up to date first, which starts a process each time. @default 'locked'
   */
  lockMode?: 'locked' | 'frozen' | 'update'
  /** A `uv.lock` without a usable uv: `'prefer'` takes the project's dependencies and pip, `'require'` is LOCKFILE_NEEDS_UV. @default 'prefer' */
  lockPolicy?: 'prefer' | 'require'
  /** Whether the project itself is installed: `'auto'` is editable when it has a build system. @default 'auto' */
  installProject?: 'auto' | 'none' | 'editable' | 'wheel'
  /** The package index instead of the tool's own. A login in it goes by environment variables alone, and is in no key. */
  index?: string
  /** Further indexes. @default [] */
  extraIndexes?: readonly string[]
  /** Folders with wheels, or addresses of pages that link to some. @default [] */
  findLinks?: readonly string[]
  /** No index, no network: only `findLinks` and caches. @default false */
  offline?: boolean
  /** uv's choice among several indexes; pip always takes the best match of all. @default 'first-index' */
  indexStrategy?: 'first-index' | 'unsafe-first-match' | 'unsafe-best-match'
  /** `'require'`: every package must have a hash. A file in which one has is checked in any case. @default 'auto' */
  hashes?: 'auto' | 'require'
  /** Whether packages may be built from source; a list: these are, no other may be. @default 'allow' */
  build?: 'allow' | 'deny' | readonly string[]
  /** Take pre-releases too. @default false */
  pre?: boolean
  /** Ignore what was uploaded later: a date (`'2026-01-31'`) or a time (RFC 3339). Needs uv, or pip 26 and later. */
  excludeNewer?: string
  /** Whether variables and configuration files of pip and uv have a say. @default 'honour' */
  ambient?: 'honour' | 'ignore'
  /** Whether uv, and Pythons by it, may be fetched when they are missing; PYFERRY_DOWNLOADS=missing allows it too. @default 'never' */
  downloads?: 'never' | 'missing'
  /** `'install'` compiles every module at once; else Python does so at its first import. @default 'off' */
  bytecode?: 'off' | 'install'
  /** Install pip into the environment. @default false */
  withPip?: boolean
  /** Let the packages of the base Python be seen. @default false */
  systemSite?: boolean
  /** At a hit: `'stamp'` believes the stamp, `'full'` looks whether every installed file is there, with its hash. @default 'stamp' */
  verify?: 'stamp' | 'full'
  /** Modules that must be importable for a build to count. @default [] */
  imports?: readonly string[]
  /** `'project'`: in the tool's own folder of the project (`.venv`, `.pixi`), which its owner may change. @default 'home' */
  place?: 'home' | 'project'
  /** Variables of the installers: the host's (all, none, or those named), then `set`. @default { inherit: true, set: {} } */
  env?: { inherit?: boolean | readonly string[]; set?: Readonly<Record<string, string>> }
  /** Anything that should make it another environment: a tenant, a date. @default {} */
  extra?: Readonly<Record<string, string>>
  /** For the wait on another builder of the same environment, in milliseconds. @default 600_000 */
  lockTimeoutMs?: number
  /** For the whole of `ensure`, in milliseconds. @default 1_800_000 */
  buildTimeoutMs?: number
}

/** Every option filled in, every path absolute. */
export interface ResolvedSpec {
  python: string
  /** Sorted by text, without repetition. */
  requirements: readonly Requirement[]
  requirementsFiles: readonly string[]
  project: string | undefined
  script: string | undefined
  pixi: { manifest: string; environment: string } | undefined
  interpreter: string | undefined
  constraints: readonly Requirement[]
  /** Normalised and sorted, as `groups`. */
  extras: readonly string[]
  groups: readonly string[]
  install: boolean
  backend: 'auto' | 'venv-pip' | 'uv'
  lockMode: 'locked' | 'frozen' | 'update'
  lockPolicy: 'prefer' | 'require'
  installProject: 'auto' | 'none' | 'editable' | 'wheel'
  index: string | undefined
  extraIndexes: readonly string[]
  findLinks: readonly string[]
  offline: boolean
  indexStrategy: 'first-index' | 'unsafe-first-match' | 'unsafe-best-match'
  hashes: 'auto' | 'require'
  build: 'allow' | 'deny' | readonly string[]
  pre: boolean
  excludeNewer: string | undefined
  ambient: 'honour' | 'ignore'
  downloads: 'never' | 'missing' | undefined
  bytecode: 'off' | 'install'
  withPip: boolean
  systemSite: boolean
  verify: 'stamp' | 'full'
  imports: readonly string[]
  place: 'home' | 'project'
  env: { inherit: boolean | readonly string[]; set: Readonly<Record<string, string>> }
  extra: Readonly<Record<string, string>>
  lockTimeoutMs: number
  buildTimeoutMs: number
}

/** Node's timers take no more. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** One line per option: how it is read, and what stands in for it when it is left out. */
const readers: {
  [K in keyof Required<EnvironmentSpec>]: [Reader<ResolvedSpec[FieldOf<K>]>, ResolvedSpec[FieldOf<K>]]
} = {
  python: [readText, 'auto'],
  requirements: [readRequirements, []],
  requirementsFile: [readPaths, []],
  project: [(value, option) => (value === 'auto' ? 'auto' : readPath(value, option)), undefined],
  script: [readPath, undefined],
  pixi: [readPixi, undefined],
  interpreter: [readInterpreter, undefined],
  constraints: [readRequirements, []],
  extras: [readNames, []],
  groups: [readNames, []],
  install: [readBoolean, true],
  backend: [oneOf('auto', 'venv-pip', 'uv'), 'auto'],
  lockMode: [oneOf('locked', 'frozen', 'update'), 'locked'],
  lockPolicy: [oneOf('prefer', 'require'), 'prefer'],
  installProject: [oneOf('auto', 'none', 'editable', 'wheel'), 'auto'],
  index: [readUrl, undefined],
  extraIndexes: [listOf(readUrl), []],
  findLinks: [listOf(readPlace), []],
  offline: [readBoolean, false],
  indexStrategy: [oneOf('first-index', 'unsafe-first-match', 'unsafe-best-match'), 'first-index'],
  hashes: [oneOf('auto', 'require'), 'auto'],
  build: [readBuild, 'allow'],
  pre: [readBoolean, false],
  excludeNewer: [readDate, undefined],
  ambient: [oneOf('honour', 'ignore'), 'honour'],
  downloads: [oneOf('never', 'missing'), undefined],
  bytecode: [oneOf('off', 'install'), 'off'],
  withPip: [readBoolean, false],
  systemSite: [readBoolean, false],
  verify: [oneOf('stamp', 'full'), 'stamp'],
  imports: [listOf(readModule), []],
  place: [oneOf('home', 'project'), 'home'],
  env: [readEnv, { inherit: true, set: {} }],
  extra: [readTextMap, {}],
  lockTimeoutMs: [integerBetween(1, MAX_TIMER_MS), 600_000],
  buildTimeoutMs: [integerBetween(1, MAX_TIMER_MS), 1_800_000],
}

type FieldOf<K extends keyof EnvironmentSpec> = K extends 'requirementsFile'
  ? 'requirementsFiles'
  : Exclude<K, 'requirementsFile'>

/** Every option of a spec. */
export const specOptions = Object.keys(readers) as readonly (keyof EnvironmentSpec)[]

type Exclusion = readonly [option: keyof EnvironmentSpec, others: readonly (keyof EnvironmentSpec)[], why: string]

const SOURCES = ['requirements', 'requirementsFile', 'project', 'script', 'pixi'] as const
const INSTALLING = [
  'constraints',
  'hashes',
  'build',
  'pre',
  'excludeNewer',
  'withPip',
  'systemSite',
  'imports',
] as const

/** Each option with those it cannot stand beside, and why. The docs print this table. */
export const exclusions: readonly Exclusion[] = [
  [
    'interpreter',
    [...SOURCES, ...INSTALLING, 'python', 'backend', 'place'],
    'an existing interpreter is used as it is',
  ],
  ['pixi', ['requirements', 'requirementsFile', 'project', 'script', 'python'], 'its manifest says everything'],
  [
    'pixi',
    ['backend', 'constraints', 'hashes', 'build', 'pre', 'excludeNewer', 'withPip', 'systemSite'],
    'pixi makes it',
  ],
  ['script', ['project'], 'either says which Python it needs'],
]

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
  assertKnownOptions(spec, specOptions)
  const resolved: Record<string, unknown> = {}
  for (const [option, [read, standIn]] of Object.entries(readers)) {
    const given = spec[option as keyof EnvironmentSpec]
    const field = option === 'requirementsFile' ? 'requirementsFiles' : option
    resolved[field] = given === undefined ? standIn : read(given, option)
  }
  assertCompatible(spec)
  return resolved as unknown as ResolvedSpec
}

function assertCompatible(spec: EnvironmentSpec): void {
  const isNamed = (option: keyof EnvironmentSpec) => {
    const value = spec[option]
    return value !== undefined && !(Array.isArray(value) && value.length === 0)
  }
  for (const [option, others, why] of exclusions) {
    const other = isNamed(option) ? others.find(isNamed) : undefined
    if (other) throw new OptionError(other, spec[other], `left out beside ${option}`, { hint: why })
  }
  const source = spec.install === false ? SOURCES.find(isNamed) : undefined
  if (source) throw new OptionError(source, spec[source], 'left out beside install: false, which installs nothing')
  for (const option of ['extras', 'groups', 'installProject'] as const) {
    if (isNamed(option) && !isNamed('project')) {
      throw new OptionError(
        option,
        spec[option],
        'left out, or given with project: it says what of a project is installed',
      )
    }
  }
  if (spec.place === 'project' && !isNamed('project') && !isNamed('pixi')) {
    throw new OptionError(
      'place',
      spec.place,
      "'home', or given with project or pixi: there is no other folder to put it in",
    )
  }
}

function readRequirements(value: unknown, option: string): Requirement[] {
  if (!Array.isArray(value)) throw new OptionError(option, value, 'an array of PEP 508 strings')
  const byText = new Map(value.map((each) => parseRequirement(each)).map((each) => [each.text, each]))
  return [...byText.keys()].sort().map((text) => byText.get(text) as Requirement)
}

function readPaths(value: unknown, option: string): string[] {
  return Array.isArray(value) ? listOf(readPath)(value, option) : [readPath(value, option)]
}

function readPath(value: unknown, option: string): string {
  return resolve(readText(value, option))
}

function readPixi(value: unknown, option: string): { manifest: string; environment: string } {
  const isShort = typeof value === 'string'
  if (!isShort) assertKnownOptions(value as object, ['manifest', 'environment'], `${option}.`)
  const { manifest, environment = 'default' } = isShort ? { manifest: value } : (value as Record<string, unknown>)
  const path = readPath(manifest, isShort ? option : `${option}.manifest`)
  const name = readText(environment, `${option}.environment`)
  if (!/^[A-Za-z0-9][\w-]*$/.test(name))
    throw new OptionError(`${option}.environment`, environment, 'the name of an environment')
  return { manifest: path.endsWith('.toml') ? path : join(path, 'pixi.toml'), environment: name }
}

/** A name is looked up on PATH; a path is taken from the current folder. */
function readInterpreter(value: unknown, option: string): string {
  const text = readText(value, option)
  return basename(text) === text ? text : resolve(text)
}

function readNames(value: unknown, option: string): string[] {
  const names = listOf(readText)(value, option)
  for (const [index, name] of names.entries()) {
    if (!/^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(name)) {
      throw new OptionError(`${option}[${index}]`, name, 'a name of letters, digits, -, _ and .')
    }
  }
  return [...new Set(names.map(normaliseName))].sort()
}

function readUrl(value: unknown, option: string): string {
  const text = readText(value, option)
  if (/^(?:https?|file):\/\/\S+$/i.test(text)) return text
  throw new OptionError(option, value, 'an address that begins with https://, http:// or file://')
}

/** A folder, or an address as it is. Installers are given several of these with blanks between. */
function readPlace(value: unknown, option: string): string {
  const text = readText(value, option)
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(text)) return readUrl(text, option)
  const path = resolve(text)
  if (/\s/.test(path)) throw new OptionError(option, value, 'a path without white space, which pip takes for several')
  return path
}

function readBuild(value: unknown, option: string): ResolvedSpec['build'] {
  if (Array.isArray(value)) return readNames(value, option)
  return oneOf('allow', 'deny')(value, option)
}

function readDate(value: unknown, option: string): string {
  const text = readText(value, option)
  const isForm = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2}))?$/.test(text)
  if (isForm && !Number.isNaN(Date.parse(text))) return text
  throw new OptionError(option, value, 'a date (2026-01-31) or a time (2026-01-31T12:00:00Z)')
}

function readModule(value: unknown, option: string): string {
  const text = readText(value, option)
  if (/^[\p{ID_Start}_][\p{ID_Continue}]*(\.[\p{ID_Start}_][\p{ID_Continue}]*)*$/u.test(text)) return text
  throw new OptionError(option, value, 'an importable name such as package.module')
}

function readEnv(value: unknown, option: string): ResolvedSpec['env'] {
  assertKnownOptions(value as object, ['inherit', 'set'], `${option}.`)
  const { inherit = true, set = {} } = value as Record<string, unknown>
  return {
    inherit: Array.isArray(inherit)
      ? listOf(readText)(inherit, `${option}.inherit`)
      : readBoolean(inherit, `${option}.inherit`),
    set: readTextMap(set, `${option}.set`),
  }
}
