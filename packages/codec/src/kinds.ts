/**
 * Which objects are bytes, and which hold something that their own properties do not show. Judged by what the engine says of
 * an object rather than by `instanceof`, which fails between realms (a test runner's sandbox, an iframe).
 */

import { looksLikeTable } from './arrow.js'

/** An object that JSON cannot carry, for an error message. */
export interface ForeignObject {
  description: string
  /** How to send it nevertheless. */
  hint?: string
}

/** Bytes that take time to get: a `Blob`, of the platform or of a package that has one too. */
export interface BlobLike {
  readonly size: number
  arrayBuffer(): Promise<ArrayBuffer>
  slice?(start: number, end: number): BlobLike
}

/** An open file: a `FileHandle` of `node:fs/promises`. */
export interface FileHandleLike {
  /** -1 when it is closed. */
  readonly fd: number
  stat(): Promise<{ size: number; isFile(): boolean }>
  read(
    buffer: Uint8Array,
    options: { offset: number; length: number; position: number },
  ): Promise<{ bytesRead: number }>
}

/** The name of a typed array, `undefined` for anything else. Reads an internal slot, which nothing can pretend to. */
const typedArrayName = getterOf(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)
const arrayBufferLength = getterOf(ArrayBuffer.prototype, 'byteLength')

/** `'Float64Array'`, of whatever realm; `undefined` for anything else than a typed array whose memory is still there. */
export function typedArrayNameOf(value: object): string | undefined {
  if (!ArrayBuffer.isView(value) || isDetached(value.buffer)) return undefined
  return typedArrayName.call(value) as string | undefined
}

/** Whether own properties are all there is to `value`: a plain object, or an instance of a class without internal slots. */
export function hasOnlyProperties(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return true
  return tagOf(value) === 'Object' && !looksLikeTable(value) && !isStream(value) && !isFileHandle(value)
}

/** Whether `value` is a `Blob` or a `File`. */
export function isBlob(value: object): value is BlobLike {
  const tag = tagOf(value)
  if (tag !== 'Blob' && tag !== 'File') return false
  const { size, arrayBuffer } = value as Partial<BlobLike>
  return Number.isSafeInteger(size) && typeof arrayBuffer === 'function'
}

/** Whether `value` is a `FileHandle`, of which no other sign is to be had than its name and what it can do. */
export function isFileHandle(value: object): value is FileHandleLike {
  if (value.constructor?.name !== 'FileHandle') return false
  const { fd, stat, read } = value as Partial<FileHandleLike>
  return typeof fd === 'number' && typeof stat === 'function' && typeof read === 'function'
}

/**
 * The content of a `Uint8Array` (so `Buffer`), `ArrayBuffer` or `DataView`, not copied; `undefined` for anything else. Views of
 * shared memory count: what they show is read once. Detached ones do not: their content is gone.
 */
export function tryBytesOf(value: object): Uint8Array | undefined {
  if (isArrayBuffer(value)) return isDetached(value) ? undefined : new Uint8Array(value)
  if (!ArrayBuffer.isView(value) || isDetached(value.buffer)) return undefined
  const name = typedArrayName.call(value)
  if (name === 'Uint8Array') return value as Uint8Array
  return name === undefined ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : undefined
}

/** Say what a value is that has neither only properties nor bytes. */
export function describeForeign(value: object): ForeignObject {
  if (looksLikeTable(value)) return { description: 'a table of apache-arrow', hint: TABLE_HINT }
  const tag = tagOf(value)
  const name = tag === 'Object' ? (value.constructor?.name ?? tag) : tag
  const description = /^[AEIO]/.test(name) ? `an ${name}` : `a ${name}`
  if (isStream(value)) return { description: `${description}, which is a stream`, hint: STREAM_HINT }
  if (isArrayBuffer(value) || (ArrayBuffer.isView(value) && isDetached(value.buffer))) {
    return { description: `${description} whose memory was transferred`, hint: 'send a copy made before' }
  }
  if (ArrayBuffer.isView(value)) return { description, hint: TYPED_ARRAY_HINT }
  if (tag === 'Date' && Number.isNaN(Number(value))) return { description: 'an invalid Date' }
  if (isFileHandle(value)) return { description, hint: 'send await handle.readFile()' }
  return { description, ...(Object.hasOwn(HINTS, tag) && { hint: HINTS[tag]! }) }
}

const TYPED_ARRAY_HINT =
  'send Array.from(array) for numbers, new Uint8Array(array.buffer, array.byteOffset, array.byteLength) for bytes'

const TABLE_HINT = 'send new ArrowData(tableToIPC(table)); or call useArrow with the copy of apache-arrow that made it'
const STREAM_HINT =
  'streams are not carried yet: send what it holds, or of a file a FileHandle, or the Blob that fs.openAsBlob(path) gives'

const HINTS: Readonly<Record<string, string>> = {
  Arguments: 'send [...arguments]',
  BigInt: 'send its valueOf()',
  Blob: 'send await blob.arrayBuffer()',
  Boolean: 'send its valueOf()',
  Date: 'send date.toISOString() or date.getTime()',
  Error: 'send its message',
  File: 'send await file.arrayBuffer()',
  Generator: 'send [...generator]',
  Map: 'send Object.fromEntries(map) or [...map]',
  Number: 'send its valueOf()',
  Promise: 'await it first',
  RegExp: 'send its source',
  Set: 'send [...set]',
  SharedArrayBuffer: 'send new Uint8Array(buffer)',
  String: 'send its valueOf()',
  URL: 'send url.href',
  URLSearchParams: 'send its toString()',
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1)
}

/** What is read bit by bit and later; a `ReadableStream` can be iterated everywhere but in some browsers. */
function isStream(value: object): boolean {
  return Symbol.asyncIterator in value || tagOf(value) === 'ReadableStream'
}

function isArrayBuffer(value: object): value is ArrayBuffer {
  // Throwing is slow, so only for what calls itself one.
  if (tagOf(value) !== 'ArrayBuffer') return false
  try {
    arrayBufferLength.call(value)
    return true
  } catch {
    return false
  }
}

/** A detached buffer has no bytes, and differs from an empty one in that nothing can be made to view it. */
function isDetached(buffer: ArrayBufferLike): boolean {
  if (buffer.byteLength > 0) return false
  try {
    new Uint8Array(buffer)
    return false
  } catch {
    return true
  }
}

function getterOf(prototype: object, key: PropertyKey): (this: object) => unknown {
  return Object.getOwnPropertyDescriptor(prototype, key)!.get!
}
