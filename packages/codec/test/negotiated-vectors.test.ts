import { inspect, isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
  FrameReader,
  FrameTooLargeError,
  MalformedFrameError,
  type Message,
  TruncatedFrameError,
} from '../src/index.js'
import { readInPlace } from './support/frames.js'
import {
  messageOf,
  type NegotiatedVector,
  negotiatedVectors,
  readNegotiated,
  tableForm,
  valueMeant,
  writeNegotiated,
} from './support/negotiated.js'

const errorTypes = {
  FrameTooLarge: FrameTooLargeError,
  TruncatedFrame: TruncatedFrameError,
  MalformedFrame: MalformedFrameError,
}

const optionsOf = ({ maxFrameBytes }: NegotiatedVector) => (maxFrameBytes === undefined ? undefined : { maxFrameBytes })

const assertReads = (vector: NegotiatedVector, pieces: Uint8Array[]) =>
  assertMeant(vector, readNegotiated(pieces, vector.direction, optionsOf(vector)))

function assertMeant(
  vector: NegotiatedVector,
  { messages, error }: { messages: readonly Message[]; error: unknown },
): void {
  const { direction, unreadable = {} } = vector
  // What Python cannot hold JavaScript reads as what it is.
  const read = messages.map((message, index) =>
    tableForm(message, direction).slice(0, String(index) in unreadable ? 2 : undefined),
  )
  // Node's own comparison: an object with a key `constructor` is no class of its own.
  expect(isDeepStrictEqual(read, vector.frames.flat().map(valueMeant)), inspect(read, { depth: 10 })).toBe(true)
  if (vector.error === undefined) expect(error).toBeUndefined()
  else expect(error).toBeInstanceOf(errorTypes[vector.error])
}

describe('golden vectors of version 1', () => {
  it.each(negotiatedVectors)('W-3: $name is read as its meaning says', (vector) => {
    assertReads(vector, [vector.bytes])
  })

  it.each(negotiatedVectors)('W-3: $name is read the same cut at every position', (vector) => {
    for (let cut = 0; cut <= vector.bytes.length; cut += 1) {
      assertReads(vector, [vector.bytes.subarray(0, cut), vector.bytes.subarray(cut)])
    }
  })

  it.each(negotiatedVectors)(
    'D-4: $name is read the same in memory that is used again, but for what has its place',
    (vector) => {
      for (const most of [1, 2, 7, 20, vector.bytes.length + 1]) {
        const reader = new FrameReader(optionsOf(vector))
        reader.useNegotiated(vector.direction)
        assertMeant(vector, readInPlace(reader, vector.bytes, most))
      }
    },
  )

  // A frame without messages is never written; and a Uint8Array, which is what numpy's bytes arrive as, is bytes when it is sent.
  const unwritten = /-(?:nothing|value-array-u1)$/
  it.each(negotiatedVectors.filter(({ canonical, name }) => canonical && !unwritten.test(name)))(
    'W-3: $name is written with exactly these bytes',
    ({ frames, direction, bytes }) => {
      const written = frames.map((messages) =>
        writeNegotiated(messages.map((message) => messageOf(valueMeant(message) as unknown[], direction))),
      )
      expect(Buffer.concat(written).toString('latin1')).toBe(Buffer.from(bytes).toString('latin1'))
    },
  )
})
