/**
 * Tables of Apache Arrow (contract D-3). Here they are bytes: what makes tables of them is a package of others, which whoever uses this one
 * brings along as `ArrowBridge`.
 */
import { OptionError } from '@pyferry/errors'

/**
 * A table as the bytes of an Arrow IPC stream: what arrives where no package is there that makes tables of them, and what is sent where
 * none is asked.
 *
 * @example
 * new ArrowData(tableToIPC(table, 'stream'))
 */
export class ArrowData {
  /** An IPC stream, not a file: schema, then batches. */
  readonly bytes: Uint8Array

  /** @throws OptionError for anything else than a `Uint8Array` */
  constructor(bytes: Uint8Array) {
    if (!(ArrayBuffer.isView(bytes) && Object.prototype.toString.call(bytes) === '[object Uint8Array]')) {
      throw new OptionError('bytes', bytes, 'a Uint8Array that holds an Arrow IPC stream')
    }
    this.bytes = bytes
  }

  get [Symbol.toStringTag](): string {
    return 'ArrowData'
  }
}

/** What makes tables of an Arrow IPC stream, and streams of tables. Both may throw: that call fails then. */
export interface ArrowBridge {
  /** The table, or `data` itself where nothing is there that makes one. */
  read(data: ArrowData): unknown
  /** `undefined` for what is no table. */
  tryWrite(value: object): ArrowData | undefined
}

/** Whether `value` is a table or a record batch of `apache-arrow`: they show it by nothing else than by what they have. */
export function looksLikeTable(value: object): boolean {
  return 'schema' in value && 'numRows' in value && 'numCols' in value && ('batches' in value || 'data' in value)
}

/** Whether `value` is one, of this copy of the package or another. */
export function isArrowData(value: object): value is ArrowData {
  const isTagged = Object.prototype.toString.call(value) === '[object ArrowData]'
  return isTagged && ArrayBuffer.isView((value as Partial<ArrowData>).bytes)
}
