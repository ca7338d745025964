/**
 * Tables of the package `apache-arrow` (contract D-3), which is the user's: it is loaded at the first table, if it is installed, and at once,
 * since a value that is read or sent cannot wait.
 *
 * It has to be the copy that the user's program has: no copy can write the tables of another, and there are two in each installation. A program
 * of ES modules has the one that `import` finds, and our ES modules look for that one with `require`, which Node can since 20.19 and 22.12; in
 * CommonJS it is the one that `require` finds. Where that goes wrong (an older Node, a bundle with a copy inside), the program gives its own.
 */
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { type ArrowBridge, ArrowData } from '@pyferry/codec'
import { OptionError } from '@pyferry/errors'

/** What is used of `apache-arrow`. */
export interface ArrowLibrary {
  Table: abstract new (...args: never[]) => object
  RecordBatch: abstract new (...args: never[]) => object
  tableFromIPC: (bytes: Uint8Array) => object
  // biome-ignore lint/suspicious/noExplicitAny: a `Table` of the library's own
  tableToIPC: (table: any, type: 'stream') => Uint8Array
}

/** `null`: it is not to be had. */
let library: ArrowLibrary | null | undefined

/**
 * Give pyferry the copy of `apache-arrow` that this program has. Only needed where it is not found by itself: in a bundle, and in ES modules on
 * Node before 20.19 or 22.12.
 *
 * @example
 * import * as arrow from 'apache-arrow'
 * useArrow(arrow)
 * @throws OptionError for what is not that package
 */
export function useArrow(arrow: ArrowLibrary): void {
  for (const name of ['Table', 'RecordBatch', 'tableFromIPC', 'tableToIPC'] as const) {
    if (typeof arrow?.[name] !== 'function')
      throw new OptionError('arrow', arrow, `the package apache-arrow, with ${name}`)
  }
  library = arrow
}

/** An IPC stream begins with this mark. What does not is read by the library as a table without rows. */
const CONTINUATION = [0xff, 0xff, 0xff, 0xff]

export const arrowBridge: ArrowBridge = {
  read(data) {
    const arrow = tryLibrary()
    if (arrow === undefined) return data
    if (!CONTINUATION.every((byte, index) => data.bytes[index] === byte)) throw new Error('no Arrow IPC stream')
    return arrow.tableFromIPC(data.bytes)
  },

  tryWrite(value) {
    const arrow = tryLibrary()
    if (arrow && isOf(arrow.Table, value)) return new ArrowData(arrow.tableToIPC(value, 'stream'))
    if (arrow && isOf(arrow.RecordBatch, value)) {
      const Table = arrow.Table as unknown as new (batches: object[]) => object
      return new ArrowData(arrow.tableToIPC(new Table([value]), 'stream'))
    }
    return undefined
  },
}

/** Made by this copy: for `instanceof` those of others are the same, and then they cannot be written. */
function isOf(type: ArrowLibrary['Table'], value: object): boolean {
  return Object.prototype.isPrototypeOf.call(type.prototype, value)
}

function tryLibrary(): ArrowLibrary | undefined {
  if (library === undefined) library = load() ?? null
  return library ?? undefined
}

function load(): ArrowLibrary | undefined {
  try {
    // Not under its name, so that no bundler looks for it.
    const name = 'apache-arrow'
    if (typeof __filename === 'string') return createRequire(__filename)(name)
    const { features } = process as { features: { require_module?: boolean } }
    return features.require_module
      ? createRequire(import.meta.url)(fileURLToPath(import.meta.resolve(name)))
      : undefined
  } catch (error) {
    if (NOT_FOUND.has((error as NodeJS.ErrnoException).code)) return undefined
    throw error
  }
}

const NOT_FOUND: ReadonlySet<string | undefined> = new Set(['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND'])
