/**
 * The way in which these tests speak to their workers: over a transport, or in the base protocol alone. `PYFERRY_TEST_WAY` names it, and
 * `pnpm transports` runs the tests in each. A test that says itself how it speaks stays with that.
 *
 * What a way cannot is listed below with its reason. Those tests are run there too: each has to fail, and for that reason.
 */
import { afterEach, beforeEach, type TestContext } from 'vitest'
import type { VenvConfig } from '../src/index.js'

const configs: Readonly<Record<string, VenvConfig>> = {
  fd: {},
  unix: { transport: 'unix' },
  tcp: { transport: 'tcp' },
  stdio: { transport: 'stdio' },
  base: { protocol: 'base' },
}

export const way = process.env.PYFERRY_TEST_WAY ?? 'fd'
const wayConfig = configs[way]
if (wayConfig === undefined)
  throw new Error(`PYFERRY_TEST_WAY is ${way}, not one of ${Object.keys(configs).join(', ')}`)

/** Where what user code prints on its stdout goes: over stdio its stdout carries the messages. */
export const printed = way === 'stdio' ? 'stderr' : 'stdout'

export function inItsWay(config: VenvConfig): VenvConfig {
  return config.launcher || config.transport ? config : { ...wayConfig, ...config }
}

/** The same for a program of its own: makes its `Venv` of `Plain`, which is ours. */
export const inItsWayCode = `
const inItsWay = (config) => config.launcher || config.transport ? config : { ...${JSON.stringify(wayConfig)}, ...config }
class Venv extends Plain {
  static start(config = {}, options = {}) { return Plain.start(inItsWay(config), options) }
  constructor(config = {}) { super(inItsWay(config)) }
}
`

interface Exception {
  way: string
  why: string
  /** What the test fails with. @default it is not run, since it would leave something behind */
  error?: RegExp
  /** Full titles. */
  tests: readonly string[]
}

const exceptions: readonly Exception[] = [
  {
    way: 'stdio',
    why: 'there a thread of the worker watches for the end of the host, and C code that holds the interpreter delays it (docs/supervision.md)',
    tests: ['the end of the host (V-15, S-4) > V-15: also while C code holds the interpreter'],
  },
  {
    way: 'base',
    why: 'a call passes exactly one argument (W-1, V-6)',
    error: /UnsupportedByWorkerError: this worker speaks only the base protocol, in which a call passes exactly one/,
    tests: [
      'calling conventions (V-6) > V-6: one argument, positional ones, keywords, and an attribute',
      'calling conventions (V-6) > V-6: kwargs takes a plain object and nothing else',
    ],
  },
  {
    way: 'base',
    why: 'a call passes exactly one argument (W-1, V-6), which this test finds in place of its error',
    error: /expected UnsupportedByWorkerError: this worker spe/,
    tests: ['calling conventions (V-6) > V-6: with() gives the spread forms the options of a call'],
  },
  {
    way: 'base',
    why: 'a definition is source text alone: modules, importPaths and expose are not among its fields (W-1)',
    error: /UnsupportedByWorkerError: option (modules|importPaths|expose) needs a worker with the feature "modules"/,
    tests: [
      'calling conventions (V-6) > V-6: dotted names reach module attributes and methods of classes',
      "calling conventions (V-6) > V-6: expose: 'own' leaves out what a source only imports; a list leaves out all others",
      'user code can never break the channel (V-17) > V-17: multiprocessing works inside a call, by fork and by spawn',
      'what is loaded (V-2, V-18) > V-2: sources share one namespace, in order; modules come first',
      'what is loaded (V-2, V-18) > V-2: a file is loaded under its base name, and its public names are callable directly',
    ],
  },
  {
    way: 'base',
    why: 'the same, which this test finds in place of its error',
    error: /expected UnsupportedByWorkerError: option modules/,
    tests: ['what is loaded (V-2, V-18) > V-4: a module that cannot be imported fails the start'],
  },
  {
    way: 'base',
    why: 'all sources go as one text, so that they have neither names nor lines of their own (W-1)',
    error: /<define>|to match .*service.py/,
    tests: [
      'errors (V-18, X) > V-18: tracebacks show the right file and line of each source',
      'what is loaded (V-2, V-18) > V-4: a source that does not compile fails the start with file and line',
    ],
  },
]

/** To be called once by what the tests of a file share. */
export function expectExceptions(): void {
  beforeEach(({ task, skip }) => {
    const exception = exceptionOf(task)
    if (exception === undefined) return
    console.info(`${way} ${exception.error ? 'has to fail' : 'is not run'}: ${task.name}\n  since ${exception.why}`)
    if (exception.error === undefined) skip(exception.why)
    setFails(task, true)
  })
  afterEach(({ task }) => {
    const { error } = exceptionOf(task) ?? {}
    const errors = task.result?.errors ?? []
    // One that fails with something else has failed.
    if (error && errors.length > 0 && !errors.some((each) => error.test(`${each.name}: ${each.message}`))) {
      setFails(task, false)
    }
  })
}

/** What `it.fails` does, found out later. */
function setFails(task: { readonly fails?: boolean }, fails: boolean): void {
  ;(task as { fails?: boolean }).fails = fails
}

function exceptionOf({ suite, name }: TestContext['task']): Exception | undefined {
  const title = suite ? `${suite.name} > ${name}` : name
  return exceptions.find((each) => each.way === way && each.tests.includes(title))
}
