import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import {
  decodeValue,
  encodeFrame,
  encodeFrameParts,
  FrameTooLargeError,
  type JsonValue,
  MalformedFrameError,
  type Message,
  TruncatedFrameError,
  UnserializableError,
} from '../src/index.js'
import { readStream } from './support/frames.js'
import { type Vector, vectors, vectorsFolder } from './support/vectors.js'

const errorTypes = {
  FrameTooLarge: FrameTooLargeError,
  TruncatedFrame: TruncatedFrameError,
  MalformedFrame: MalformedFrameError,
}

/** The messages of a vector as a reader gives them: values decoded. */
function decoded(vector: Vector): unknown[] {
  return vector.messages.map((message) => {
    const values = { ...message }
    if ('args' in values) values.args = decodeValue(values.args as JsonValue)
    if ('spread' in values) values.spread = decodeValue(values.spread as JsonValue)
    if ('result' in values) values.result = decodeValue(values.result as JsonValue)
    return values
  })
}

function listFiles(folder: URL): string[] {
  const entries = readdirSync(folder, { withFileTypes: true })
  return entries.flatMap((entry) => (entry.isFile() ? [entry.name] : [])).sort()
}

function assertReads(vector: Vector, pieces: Uint8Array[]): void {
  const { maxFrameBytes } = vector
  const { messages, error } = readStream(pieces, maxFrameBytes === undefined ? undefined : { maxFrameBytes })
  const valueErrors: Record<string, string> = {}
  const plain = messages.map((message, index) => {
    if (!('valueError' in message)) return message
    const { valueError, ...rest } = message
    expect(valueError).toBeInstanceOf(UnserializableError)
    valueErrors[index] = (valueError as UnserializableError).path
    return Object.fromEntries(Object.entries(rest).filter(([, field]) => field !== undefined))
  })
  expect(plain).toStrictEqual(decoded(vector))
  expect(valueErrors).toEqual(vector.unreadable ?? {})
  if (vector.error === undefined) expect(error).toBeUndefined()
  else expect(error).toBeInstanceOf(errorTypes[vector.error])
}

describe('golden vectors', () => {
  it.each([
    ['generate-vectors.mjs', vectorsFolder],
    ['generate-vectors-v1.mjs', new URL('v1/', vectorsFolder)],
  ])('W-3: are what their generator writes: %s', (generator, committed) => {
    const folder = mkdtempSync(join(tmpdir(), 'pyferry-vectors-'))
    try {
      execFileSync(process.execPath, [fileURLToPath(new URL(`../${generator}`, vectorsFolder)), folder])
      const files = readdirSync(folder).sort()
      expect(listFiles(committed)).toEqual(files)
      for (const file of files) {
        expect([file, readFileSync(join(folder, file)).equals(readFileSync(new URL(file, committed)))]).toEqual([
          file,
          true,
        ])
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('W-3: are found, in both directions and of every outcome', () => {
    const kinds = new Set(vectors.map(({ direction, error = 'read' }) => `${direction} ${error}`))
    expect([...kinds].sort()).toEqual(
      ['host', 'worker'].flatMap((from) =>
        ['FrameTooLarge', 'MalformedFrame', 'TruncatedFrame', 'read'].map((kind) => `${from} ${kind}`),
      ),
    )
  })

  it.each(vectors)('W-3: $name is read as its meaning says', (vector) => {
    assertReads(vector, [vector.bytes])
  })

  it.each(vectors)('W-3: $name is read the same cut at every position', (vector) => {
    for (let cut = 0; cut <= vector.bytes.length; cut += 1) {
      assertReads(vector, [vector.bytes.subarray(0, cut), vector.bytes.subarray(cut)])
    }
  })

  it.each(vectors)('W-3: $name is read the same byte by byte', (vector) => {
    assertReads(
      vector,
      Array.from(vector.bytes, (_, index) => vector.bytes.subarray(index, index + 1)),
    )
  })

  it.each(vectors.filter(({ canonical }) => canonical))('W-3: $name is written with exactly these bytes', (vector) => {
    const messages = decoded(vector) as Message[]
    const frames = messages.map((message) => encodeFrame(message))
    const parts = messages.flatMap((message) => encodeFrameParts(message))
    expect(Buffer.concat(frames).toString()).toBe(Buffer.from(vector.bytes).toString())
    expect(Buffer.concat(frames).equals(vector.bytes)).toBe(true)
    expect(Buffer.concat(parts).equals(vector.bytes)).toBe(true)
  })
})
