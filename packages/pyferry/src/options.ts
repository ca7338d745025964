/**
 * What a `Venv` can be told. Declared once, checked once: behind `resolveOptions` every value is there and can be trusted.
 * Nothing here touches the disk or starts anything (V-1).
 */
import { basename, isAbsolute, resolve } from 'node:path'
import type { Writable } from 'node:stream'
import { type ValueCodec, ValueCodecs } from '@pyferry/codec'
import { assertKnownOptions, describeValue, OptionError } from '@pyferry/errors'
import { type EnvironmentSpec, UnsafeRequirementError, validateRequirement, validateSpec } from '@pyferry/provisioner'
import type { LivenessCallback, Logger, OutputSink, SourcePart, TransportName } from '@pyferry/supervisor'

export interface VenvConfig {
  /**
   * Python source texts, run in this order in one namespace; later ones may use the names of earlier ones. `filename` is what
   * tracebacks show, `<sources[0]>` when it is left out.
   * @default []
   */
  sources?: readonly (string | { filename: string; code: string })[]
  /**
   * Modules to import first: importable names (`'json'`, called as `json.dumps`), or paths of Python files (they contain a
   * slash or end in `.py`; relative to the host's current folder), whose public names can be called directly.
   * @default []
   */
  modules?: readonly string[]
  /** Absolute folders put before the environment's own on `sys.path`. @default [] */
  importPaths?: readonly string[]
  /**
   * What may be called from outside: everything without a leading underscore; only what a source or module defines itself or
   * names in `__all__`; or a list of names.
   * @default 'all'
   */
  expose?: 'all' | 'own' | readonly string[]

  /**
   * The Python to build the environment from: a path, a name on PATH, or a version such as `'>=3.11'`.
   * @default `python3` on PATH, then `python`
   */
  python?: string
  /** What to install: PEP 508 strings, `['pandas>=2', 'scikit-learn']`. @default [] */
  requirements?: readonly string[]
  /** One requirements file, or several; relative to the host's current folder. @default none */
  requirementsFile?: string | readonly string[]
  /**
   * Everything else about the environment: a project with its lock file, a script, pixi, indexes, uv, where it is kept. Also the long
   * form of `python`, `requirements`, `requirementsFile` and `interpreter`, each of which is given in one of the two places.
   * @default {}
   */
  environment?: EnvironmentOptions
  /** An existing interpreter, used as it is: nothing is built and nothing installed. */
  interpreter?: string
  /**
   * A whole command that speaks the base or the negotiated protocol on its stdin and stdout, such as a shell wrapper, `docker run -i …` or
   * `ssh …` in front of `python -m pyferry --stdio --max-workers 1`: no environment is made.
   */
  launcher?: readonly string[]
  /**
   * The folder a private environment lives in, and is kept in for the next start. Made when it is missing; other files in it
   * stay. One `Venv` at a time.
   * @default none: the environment is in the home that programs share, and the rest in a temporary folder that goes with `close()`
   */
  baseDir?: string
  /** Leave what was made in `baseDir` when the `Venv` is closed. @default true when `baseDir` is given */
  keepBaseDir?: boolean

  /**
   * How a worker is made: by a spawn, or by a fork of a template that has loaded everything already, which takes a few milliseconds; not on
   * Windows. The first start makes the template; it is shared by those with the same interpreter, variables, `preload` and output, and ends
   * with the last of them.
   * @default 'spawn'
   */
  start?: 'spawn' | 'fork'
  /**
   * What the template imports, with `start: 'fork'`: importable names in the environment, `['numpy', 'pandas']`. Nothing that leaves a thread
   * running or opens a GPU.
   * @default []
   */
  preload?: readonly string[]
  /** Calls that run at once in the worker; others wait inside it. @default 1 */
  threads?: number
  /** Current folder of the worker. @default the host's */
  cwd?: string
  /**
   * Environment variables of the worker: the host's (all, or those named), then `set`. `PYTHON*` variables have no effect.
   * @default { inherit: true, set: {} }
   */
  env?: { inherit?: boolean | readonly string[]; set?: Readonly<Record<string, string>> }
  /** Where the worker's stdout goes besides the tail files. @default 'tail' */
  stdout?: OutputSink
  /** Where the worker's stderr goes besides the tail files. @default 'tail' */
  stderr?: OutputSink
  /** How much output `tailStdout()` and `tailStderr()` keep, in KiB; up to twice that. @default 256 */
  outputBufferKb?: number
  /** From the spawn of the worker until it is ready, in milliseconds. @default 120_000 */
  startTimeoutMs?: number
  /** From the request to end until the kill, in milliseconds. @default 5_000 */
  closeGraceMs?: number
  /** Largest frame in bytes, either way. Larger values go in pieces; only the base protocol cannot. @default 67_108_864 (64 MiB) */
  maxFrameBytes?: number
  /** Largest arguments of one call in bytes, text and attachments together. @default none */
  maxPayloadBytes?: number
  /** Largest result of one call in bytes. @default none */
  maxResultBytes?: number
  /** Calls that may wait, also those handed to the worker already. @default none */
  maxQueue?: number
  /** How long a finished result waits to be fetched, in milliseconds; `Infinity`: for ever. @default 900_000 (15 min) */
  resultTtlMs?: number
  /** Finished results that may wait; the oldest goes first. @default none */
  maxResults?: number
  /** Add the stack of the `call` to its errors. @default false */
  captureStacks?: boolean
  /** `'base'`: use nothing beyond the base protocol. @default 'auto': found out when the worker is ready */
  protocol?: 'auto' | 'base'
  /**
   * What calls and answers travel over: descriptors that the worker inherits; a Unix socket in a private folder; a port of 127.0.0.1 behind a
   * secret; or the worker's stdin and stdout, and then what it prints goes to stderr. @default 'fd', on Windows 'tcp'; 'stdio' with `launcher`
   */
  transport?: TransportName
  /** A result that no rule carries fails its call, rather than arriving as its `repr`. @default false */
  strictValues?: boolean
  /**
   * How results are wanted: as what they are, or in plain forms that are JSON and nothing else: sets and tuples as arrays, arrays of numbers as
   * nested arrays, frames as records, dates as text, bytes as `{ __bytes__: true, b64 }`. A call may want the other.
   * @default 'faithful'
   */
  values?: 'faithful' | 'json'
  /**
   * Classes that you teach to travel: what is sent in place of an instance, and what is made of what came with a name from Python's
   * `pyferry.register_codec`. @default []
   * @example [{ type: Money, encode: ({ cents }) => cents, name: 'money', decode: (cents) => new Money(cents) }]
   */
  codecs?: readonly ValueCodec[]
  /**
   * Who looks for what is to come without going to sleep, for at most 50 µs after each call, as long as answers come that soon: a small call
   * takes a quarter of the time then when it finds the worker on another CPU. `'both'`: the worker does the same before each time it sleeps, unless it speaks only the base
   * protocol; quickest of all while a second CPU is free, several times slower while none is. With one CPU of quota `'both'` is `'off'`.
   * @default 'host' with two CPUs or more of quota, else 'off'
   */
  spin?: 'off' | 'host' | 'both'
  /** Told what must not be fatal: a callback or an output sink that throws. @default process warnings */
  logger?: Logger
  /** Told when a worker became ready, and when one that had been ready died. */
  onLiveness?: LivenessCallback
}

/** What an environment is, and where the shared ones are kept. */
export interface EnvironmentOptions extends EnvironmentSpec {
  /** The folder that programs share. @default PYFERRY_HOME, then `pyferry` in the user's cache folder */
  home?: string
  /** Path of the uv to use. @default PYFERRY_UV, then what is found */
  uvPath?: string
  /** Path of the pixi to use. @default PYFERRY_PIXI, then what is found */
  pixiPath?: string
}

/** Every option filled in, every path absolute. */
export interface ResolvedOptions {
  sources: readonly SourcePart[]
  modules: readonly string[]
  importPaths: readonly string[]
  expose: 'all' | 'own' | readonly string[]
  python: string | undefined
  requirements: readonly string[]
  requirementsFile: readonly string[]
  environment: EnvironmentOptions
  interpreter: string | undefined
  launcher: readonly [string, ...string[]] | undefined
  baseDir: string | undefined
  keepBaseDir: boolean
  start: 'spawn' | 'fork'
  preload: readonly string[]
  threads: number
  cwd: string | undefined
  env: { inherit: boolean | readonly string[]; set: Readonly<Record<string, string>> }
  stdout: OutputSink
  stderr: OutputSink
  outputBufferKb: number
  startTimeoutMs: number
  closeGraceMs: number
  maxFrameBytes: number
  maxPayloadBytes: number | undefined
  maxResultBytes: number | undefined
  maxQueue: number | undefined
  resultTtlMs: number
  maxResults: number | undefined
  captureStacks: boolean
  protocol: 'auto' | 'base'
  transport: TransportName | undefined
  strictValues: boolean
  values: 'faithful' | 'json'
  codecs: ValueCodecs
  spin: 'off' | 'host' | 'both' | undefined
  logger: Logger | undefined
  onLiveness: LivenessCallback | undefined
}

/** Each option with those it cannot stand beside, and why. The docs print this table. */
export const exclusions: readonly (readonly [keyof VenvConfig, readonly (keyof VenvConfig)[], string])[] = [
  ['interpreter', ['python', 'requirements', 'requirementsFile'], 'an existing interpreter is used as it is'],
  [
    'launcher',
    ['interpreter', 'python', 'requirements', 'requirementsFile', 'environment'],
    'the command brings its own Python',
  ],
  ['launcher', ['stdout'], 'its stdout carries the messages'],
]

/** Longest delay a Node timer can hold. */
const MAX_TIMER_MS = 2 ** 31 - 1

type Reader<T> = (value: unknown, option: string) => T

/** One line per option: how it is read, and what stands in for it when it is left out. */
const readers: { [K in keyof ResolvedOptions]: [Reader<ResolvedOptions[K]>, ResolvedOptions[K]] } = {
  sources: [readSources, []],
  modules: [readModules, []],
  importPaths: [listOf(readAbsolutePath), []],
  expose: [readExpose, 'all'],
  python: [readText, undefined],
  requirements: [listOf(readRequirement), []],
  requirementsFile: [(value, option) => oneOrMore(readPath)(value, option), []],
  environment: [readEnvironment, {}],
  interpreter: [readCommandPath, undefined],
  launcher: [readLauncher, undefined],
  baseDir: [readPath, undefined],
  keepBaseDir: [readBoolean, false],
  start: [oneOf('spawn', 'fork'), 'spawn'],
  preload: [listOf(readModuleName), []],
  threads: [integerBetween(1, 1024), 1],
  cwd: [readPath, undefined],
  env: [readEnv, { inherit: true, set: {} }],
  stdout: [readSink, 'tail'],
  stderr: [readSink, 'tail'],
  outputBufferKb: [integerBetween(1, 1024 * 1024), 256],
  startTimeoutMs: [integerBetween(1, MAX_TIMER_MS), 120_000],
  closeGraceMs: [integerBetween(0, MAX_TIMER_MS), 5_000],
  maxFrameBytes: [integerBetween(1024, 2 ** 32 - 1), 64 * 1024 * 1024],
  maxPayloadBytes: [integerBetween(1, Number.MAX_SAFE_INTEGER), undefined],
  maxResultBytes: [integerBetween(1, Number.MAX_SAFE_INTEGER), undefined],
  maxQueue: [integerBetween(0, Number.MAX_SAFE_INTEGER), undefined],
  resultTtlMs: [readTtl, 900_000],
  maxResults: [integerBetween(1, Number.MAX_SAFE_INTEGER), undefined],
  captureStacks: [readBoolean, false],
  protocol: [oneOf('auto', 'base'), 'auto'],
  transport: [oneOf('fd', 'unix', 'tcp', 'stdio'), undefined],
  strictValues: [readBoolean, false],
  values: [readValues, 'faithful'],
  codecs: [(value, option) => new ValueCodecs(value as ValueCodec[], option), new ValueCodecs([])],
  spin: [oneOf('off', 'host', 'both'), undefined],
  logger: [readLogger, undefined],
  onLiveness: [readFunction as Reader<LivenessCallback>, undefined],
}

/**
 * Check a configuration and fill in what it leaves out. An option that is `undefined` counts as left out.
 *
 * @throws OptionError naming the option, the value, and what was expected; for a requirement that is not PEP 508 its `cause`
 *   is the provisioner's error
 */
export function resolveOptions(config: VenvConfig, platform: NodeJS.Platform = process.platform): ResolvedOptions {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new OptionError('config', config, 'an object of options')
  }
  assertKnownOptions(config, Object.keys(readers))
  assertCompatible(config)
  assertTransport(config)
  assertStart(config, platform)
  const given = config as Readonly<Record<string, unknown>>
  const resolved: Record<string, unknown> = {}
  for (const [option, [read, standIn]] of Object.entries(readers)) {
    resolved[option] = given[option] === undefined ? standIn : read(given[option], option)
  }
  const options = resolved as unknown as ResolvedOptions
  assertEnvironment(config, options)
  if (config.keepBaseDir === undefined) options.keepBaseDir = options.baseDir !== undefined
  if (options.keepBaseDir && options.baseDir === undefined) {
    throw new OptionError('keepBaseDir', true, 'left out, or given with baseDir: a temporary folder is not kept')
  }
  if (options.protocol === 'base') {
    const option = options.codecs.isEmpty ? 'values' : 'codecs'
    const isLeftOut = options.codecs.isEmpty && options.values === 'faithful'
    const expected = "left out beside protocol: 'base', which carries JSON and bytes as they are"
    if (!isLeftOut) throw new OptionError(option, config[option], expected)
  }
  return options
}

function assertCompatible(config: VenvConfig): void {
  for (const [option, others, why] of exclusions) {
    const other = config[option] === undefined ? undefined : others.find((each) => config[each] !== undefined)
    if (other) throw new OptionError(other, config[other], `left out beside ${option}`, { hint: why })
  }
}

/** What depends on a value, and has no row in the table. */
function assertTransport({ launcher, transport, stdout }: VenvConfig): void {
  if (launcher !== undefined && transport !== undefined && transport !== 'stdio') {
    const hint = 'a launcher speaks on its stdin and stdout'
    throw new OptionError('transport', transport, "'stdio', or left out beside launcher", { hint })
  }
  if (transport === 'stdio' && stdout !== undefined) {
    const hint = 'it carries the messages; what the worker prints goes to stderr'
    throw new OptionError('stdout', stdout, "left out with transport 'stdio'", { hint })
  }
}

function assertStart({ start, preload, launcher, transport }: VenvConfig, platform: NodeJS.Platform): void {
  if (start !== 'fork') {
    if (preload === undefined) return
    throw new OptionError('preload', preload, "left out without start: 'fork': modules are what a worker imports")
  }
  if (platform === 'win32') throw new OptionError('start', start, "'spawn' on Windows, which has no fork")
  if (launcher !== undefined) {
    throw new OptionError('start', start, "'spawn' beside launcher", { hint: 'the command starts the worker' })
  }
  if (transport !== undefined && transport !== 'unix') {
    const hint = 'a process that Node does not spawn can be handed no descriptors'
    throw new OptionError('transport', transport, "'unix', or left out with start: 'fork'", { hint })
  }
}

/** Where environments are kept and what makes them: the rest of the long form says what one is. */
const PROVISIONER_OPTIONS = ['home', 'uvPath', 'pixiPath'] as const

/** What may stand at the top as well. */
const SHORT_FORMS = ['python', 'requirements', 'requirementsFile', 'interpreter'] as const

function readEnvironment(value: unknown, option: string): EnvironmentOptions {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new OptionError(option, value, 'an object of options')
  }
  const environment = { ...value } as EnvironmentOptions
  for (const name of PROVISIONER_OPTIONS) {
    if (environment[name] !== undefined) readText(environment[name], `${option}.${name}`)
  }
  return environment
}

/** Everything that is said of the environment, in whichever place. */
export function environmentSpec(
  options: Pick<ResolvedOptions, 'environment' | (typeof SHORT_FORMS)[number]>,
): EnvironmentSpec {
  const { home: _, uvPath: __, pixiPath: ___, ...spec } = options.environment
  const { python, requirements, requirementsFile, interpreter } = options
  return {
    ...spec,
    ...(python !== undefined && { python }),
    ...(requirements.length > 0 && { requirements }),
    ...(requirementsFile.length > 0 && { requirementsFile }),
    ...(interpreter !== undefined && { interpreter }),
  }
}

function assertEnvironment(config: VenvConfig, options: ResolvedOptions): void {
  const { environment = {} } = config
  for (const name of SHORT_FORMS) {
    if (config[name] === undefined || environment[name] === undefined) continue
    throw new OptionError(`environment.${name}`, environment[name], `left out beside ${name}, which says the same`)
  }
  if (environment.home !== undefined && options.baseDir !== undefined) {
    throw new OptionError(
      'environment.home',
      environment.home,
      'left out beside baseDir, where the environment is kept then',
    )
  }
  try {
    validateSpec(environmentSpec(options))
  } catch (error) {
    throw atItsPlace(error, config)
  }
}

/** An error of the provisioner's door, by the name that the option has here. */
function atItsPlace(error: unknown, config: VenvConfig): unknown {
  if (error instanceof UnsafeRequirementError) {
    return new OptionError('environment.requirements', error.requirement, `PEP 508 requirements (${error.message})`, {
      cause: error,
      hint: error.hint,
    })
  }
  if (!(error instanceof OptionError)) return error
  const { option, value, expected, hint } = error
  const root = /^\w+/.exec(option)?.[0] ?? option
  const isShort = SHORT_FORMS.some((name) => name === root && config[name] !== undefined)
  return new OptionError(isShort ? option : `environment.${option}`, value, expected, { hint })
}

function readSources(value: unknown, option: string): SourcePart[] {
  return readList(value, option).map((source, index) => {
    const place = `${option}[${index}]`
    if (typeof source === 'string') return { name: `<${place}>`, code: source }
    if (typeof source !== 'object' || source === null) {
      throw new OptionError(place, source, 'Python source text, or { filename, code }')
    }
    assertKnownOptions(source, ['filename', 'code'], `${place}.`)
    const { filename, code } = source as Record<string, unknown>
    if (typeof code !== 'string') throw new OptionError(`${place}.code`, code, 'Python source text')
    return { name: readText(filename, `${place}.filename`), code }
  })
}

function readModules(value: unknown, option: string): string[] {
  return readList(value, option).map((module, index) => {
    const place = `${option}[${index}]`
    const text = readText(module, place)
    if (/[\\/]|\.py$/.test(text)) return resolve(text)
    if (isImportable(text)) return text
    throw new OptionError(place, module, 'an importable name (package.module) or the path of a Python file')
  })
}

function readModuleName(value: unknown, option: string): string {
  const text = readText(value, option)
  if (isImportable(text)) return text
  throw new OptionError(option, value, 'an importable name (package.module)')
}

function isImportable(text: string): boolean {
  return /^[\p{ID_Start}_][\p{ID_Continue}]*(\.[\p{ID_Start}_][\p{ID_Continue}]*)*$/u.test(text)
}

function readExpose(value: unknown, option: string): ResolvedOptions['expose'] {
  if (value === 'all' || value === 'own') return value
  if (Array.isArray(value)) return listOf(readText)(value, option)
  throw new OptionError(option, value, "'all', 'own', or a list of names")
}

function readRequirement(value: unknown, option: string): string {
  const text = readText(value, option)
  try {
    validateRequirement(text)
  } catch (cause) {
    const hint = (cause as { hint?: string }).hint
    throw new OptionError(option, value, `a PEP 508 requirement (${(cause as Error).message})`, { cause, hint })
  }
  return text
}

function readLauncher(value: unknown, option: string): [string, ...string[]] {
  const [command, ...args] = readList(value, option)
  if (command === undefined) throw new OptionError(option, value, 'a command and its arguments, at least one string')
  return [
    readCommandPath(command, `${option}[0]`),
    ...args.map((arg, index) => readString(arg, `${option}[${index + 1}]`)),
  ]
}

function readEnv(value: unknown, option: string): ResolvedOptions['env'] {
  assertKnownOptions(value as object, ['inherit', 'set'], `${option}.`)
  const { inherit = true, set = {} } = value as Record<string, unknown>
  if (typeof set !== 'object' || set === null || Array.isArray(set)) {
    throw new OptionError(`${option}.set`, set, 'an object of strings')
  }
  for (const [name, text] of Object.entries(set)) {
    if (/^$|[=\0]/.test(name))
      throw new OptionError(`${option}.set`, name, 'an object whose keys are names of variables')
    readString(text, `${option}.set.${name}`)
  }
  return {
    inherit: Array.isArray(inherit)
      ? listOf(readText)(inherit, `${option}.inherit`)
      : readBoolean(inherit, `${option}.inherit`),
    set: { ...set } as Record<string, string>,
  }
}

function readSink(value: unknown, option: string): OutputSink {
  if (value === 'tail' || value === 'inherit' || value === 'ignore' || typeof value === 'function')
    return value as OutputSink
  const methods = ['write', 'on', 'off'] as const
  if (methods.every((name) => typeof (value as Writable | null)?.[name] === 'function')) return value as Writable
  throw new OptionError(option, value, "'tail', 'inherit', 'ignore', a Writable, or a function of a line")
}

function readTtl(value: unknown, option: string): number {
  if (typeof value === 'number' && value > 0) return value
  throw new OptionError(option, value, 'a positive number of milliseconds, or Infinity')
}

function readLogger(value: unknown, option: string): Logger {
  if (typeof (value as Logger | null)?.error === 'function') return value as Logger
  throw new OptionError(option, value, 'an object with a method error')
}

/** Of a call as well. */
export function readValues(value: unknown, option: string): 'faithful' | 'json' {
  return oneOf('faithful', 'json')(value, option)
}

function readFunction(value: unknown, option: string): unknown {
  if (typeof value === 'function') return value
  throw new OptionError(option, value, 'a function')
}

function readBoolean(value: unknown, option: string): boolean {
  if (typeof value === 'boolean') return value
  throw new OptionError(option, value, 'true or false')
}

/** Any string an operating system takes: it ends at a NUL. */
function readString(value: unknown, option: string): string {
  if (typeof value === 'string' && !value.includes('\0')) return value
  throw new OptionError(option, value, 'a string without NUL characters')
}

function readText(value: unknown, option: string): string {
  if (typeof value === 'string' && value.trim() !== '' && !value.includes('\0')) return value
  throw new OptionError(option, value, 'a string that is not empty')
}

function readPath(value: unknown, option: string): string {
  return resolve(readText(value, option))
}

/** A name is looked up on PATH as it stands; a path is taken from the host's current folder, whatever `cwd` is. */
function readCommandPath(value: unknown, option: string): string {
  const text = readText(value, option)
  return basename(text) === text ? text : resolve(text)
}

function readAbsolutePath(value: unknown, option: string): string {
  const text = readText(value, option)
  if (!isAbsolute(text)) throw new OptionError(option, value, 'an absolute path')
  return text
}

function readList(value: unknown, option: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new OptionError(option, value, 'an array')
}

function listOf<T>(read: Reader<T>): Reader<T[]> {
  return (value, option) => readList(value, option).map((item, index) => read(item, `${option}[${index}]`))
}

function oneOrMore<T>(read: Reader<T>): Reader<T[]> {
  return (value, option) => (Array.isArray(value) ? listOf(read)(value, option) : [read(value, option)])
}

function oneOf<const T extends string>(...choices: T[]): Reader<T> {
  return (value, option) => {
    if (choices.includes(value as T)) return value as T
    throw new OptionError(option, value, choices.map((choice) => describeValue(choice)).join(' or '))
  }
}

function integerBetween(least: number, most: number): Reader<number> {
  return (value, option) => {
    if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return value as number
    throw new OptionError(option, value, `an integer from ${least} to ${most}`)
  }
}
