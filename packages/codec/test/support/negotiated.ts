import { readdirSync, readFileSync } from 'node:fs'
import { arrayOf, dtypeOfWire } from '../../src/arrays.js'
import {
  ArrowData,
  type Conversions,
  type Direction,
  FrameReader,
  type Message,
  MessageBatch,
} from '../../src/index.js'
import { readAll } from './frames.js'
import { vectorsFolder } from './vectors.js'

/** One golden case of version 1 (NEGOTIATED.md, "Vectors"). */
export interface NegotiatedVector {
  name: string
  bytes: Uint8Array
  direction: Direction
  maxFrameBytes?: number
  frames: unknown[][][]
  unreadable?: Record<string, string>
  error?: 'FrameTooLarge' | 'TruncatedFrame' | 'MalformedFrame'
  canonical?: true
}

const folder = new URL('v1/', vectorsFolder)

export const negotiatedVectors: NegotiatedVector[] = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .sort()
  .map((file) => {
    const name = file.slice(0, -'.json'.length)
    const meaning = JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
    return { name, bytes: new Uint8Array(readFileSync(new URL(`${name}.bin`, folder))), ...meaning }
  })

/** What the neutral notation of the vectors is in JavaScript. */
export function valueMeant(meant: unknown): unknown {
  if (Array.isArray(meant)) return meant.map(valueMeant)
  if (typeof meant !== 'object' || meant === null) return meant
  const [kind, ...others] = Object.keys(meant)
  const content = (meant as Record<string, never>)[kind!]
  if (others.length === 0 && Object.hasOwn(notations, kind ?? '')) return notations[kind!]!(content as never)
  return Object.fromEntries(Object.entries(meant).map(([name, each]) => [name, valueMeant(each)]))
}

const specialFloats: Record<string, number> = {
  nan: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
}

const notations: Record<string, (content: never) => unknown> = {
  $int: (text: string) => BigInt(text),
  $float: (text: string) => specialFloats[text] ?? Number(text),
  $map: (pairs: [unknown, unknown][]) => new Map(pairs.map(([key, value]) => [valueMeant(key), valueMeant(value)])),
  $set: (elements: unknown[]) => new Set(elements.map(valueMeant)),
  $date: (time: number) => new Date(time),
  $bytes: bytesOf,
  $arrow: (hex: string) => new ArrowData(bytesOf(hex)),
  $array: ([dtype, shape, hex]: [string, number[], string]) => arrayOf(dtypeOfWire(dtype)!, shape, bytesOf(hex)),
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

/** A message as the tables of NEGOTIATED.md write it. */
export function tableForm(message: Message, direction: Direction): unknown[] {
  // Of an unknown one nothing is kept but its name, and of known ones some have nothing else.
  if (Object.keys(message).length === 1) {
    return message.type === 'hello' && direction === 'worker' ? ['hello', {}] : [message.type]
  }
  switch (message.type) {
    case 'call': {
      const { args, kwargs } = message.spread!
      const hasNames = Object.keys(kwargs).length > 0
      const named = hasNames ? [kwargs] : []
      const { values } = message
      const rest = values === undefined ? named : [hasNames ? kwargs : null, null, { values }]
      return [message.callID, message.func, args, ...rest]
    }
    case 'call_done': {
      if (message.ok) return [message.callID, message.result]
      const { type: _, ok: __, callID, ...failure } = message
      return ['failed', callID, failure]
    }
    case 'define': {
      const { type, opID, ...fields } = message
      return [type, opID, fields]
    }
    case 'op_done': {
      const { type: _, opID, ok, ...failure } = message
      return ok ? ['defined', opID] : ['defined', opID, failure]
    }
    case 'error':
      return ['error', message.errorType, message.errorMessage]
    default:
      return [message.type]
  }
}

/** The message that the tables write so. */
export function messageOf(array: unknown[], direction: Direction): Message {
  const [first, second, third, fourth, , sixth] = array
  if (typeof first === 'number') {
    if (direction === 'worker') return { type: 'call_done', callID: first, ok: true, result: second }
    const spread = { args: third as unknown[], kwargs: (fourth ?? {}) as Record<string, unknown> }
    return { type: 'call', callID: first, func: second as string, args: null, spread, ...(sixth as object | undefined) }
  }
  const messages: Record<string, () => unknown> = {
    failed: () => ({ type: 'call_done', callID: second, ok: false, ...(third as object) }),
    define: () => ({ type: 'define', opID: second, ...(third as object) }),
    defined: () => ({ type: 'op_done', opID: second, ok: third === undefined, ...(third as object | undefined) }),
    error: () => ({ type: 'error', errorType: second, errorMessage: third }),
  }
  return (messages[first as string]?.() ?? { type: first }) as Message
}

/** Read a whole stream of version 1, given in pieces, to its end or its first error. */
export function readNegotiated(
  pieces: Iterable<Uint8Array>,
  direction: Direction,
  options?: { maxFrameBytes?: number },
  conversions?: Conversions,
): { messages: Message[]; error: unknown } {
  const reader = new FrameReader(options)
  reader.useNegotiated(direction, { conversions })
  return readAll(reader, pieces)
}

/** Messages that wait together, as bytes. */
export function writeNegotiated(messages: readonly Message[]): Uint8Array {
  const batch = new MessageBatch()
  for (const message of messages) batch.add(message as never)
  return Buffer.concat(batch.takeFrames())
}
