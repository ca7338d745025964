/** W-4: whatever happens to a conversation, a reader gives messages, and then at most one typed error. */
import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Direction, encodeFrame, FrameReader, type Message, MessageBatch, ProtocolError } from '../src/index.js'
import { baseMessage, hostMessage, workerMessage } from './support/arbitrary.js'
import { damage, damaged } from './support/damage.js'
import { thrownBy } from './support/frames.js'
import { fuzz, fuzzTimeLimitMs } from './support/fuzz.js'
import { readNegotiated } from './support/negotiated.js'
import { inMessagePack, inPieces } from './support/pieces.js'

const LIMIT = 2 ** 16
const MAX_PARCEL_BYTES = 2 ** 20
const RUNS = 400

const messages = { host: hostMessage, worker: workerMessage }
const damages = fc.array(damage, { maxLength: 4 })
const cuts = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 })
/** What is longer goes in a parcel, and how long the frames of its pieces may be. */
const parcels = fc.option(fc.record({ inlineBytes: fc.nat(40), maxBytes: fc.integer({ min: 14, max: 100 }) }))

describe.each<Direction>(['host', 'worker'])('what a %s says, damaged', (direction) => {
  it(
    'W-4: is no more than malformed in the base protocol',
    async () => {
      const conversation = fc.array(baseMessage(messages[direction]), { minLength: 1, maxLength: 6 })
      const property = fc.property(conversation, damages, cuts, (all, happened, lengths) => {
        const frames = all.map((each) => encodeFrame(each))
        assertContained(damaged(frames, happened), lengths)
      })
      await fuzz(property, RUNS)
    },
    fuzzTimeLimitMs,
  )

  it(
    'W-4, D-4: is no more than malformed in version 1, as JSON or MessagePack, whole or in pieces',
    async () => {
      const frame = fc.tuple(fc.array(messages[direction], { minLength: 1, maxLength: 4 }), parcels, fc.boolean())
      const conversation = fc.array(frame, { minLength: 1, maxLength: 4 })
      const property = fc.property(conversation, damages, cuts, (all, happened, lengths) => {
        const frames = all.flatMap(([batch, room, isPacked]) =>
          framesOf(batch)
            .map((each) => (isPacked ? inMessagePack(each) : each))
            .flatMap((each) => (room ? inPieces(each, room.inlineBytes, room.maxBytes) : [each])),
        )
        assertContained(damaged(frames, happened), lengths, direction)
      })
      await fuzz(property, RUNS)
    },
    fuzzTimeLimitMs,
  )
})

it('W-2: messages mean in MessagePack what they mean in JSON', () => {
  fc.assert(
    fc.property(fc.array(workerMessage, { minLength: 1, maxLength: 4 }), (batch) => {
      const frames = framesOf(batch)
      const packed = readNegotiated(frames.map(inMessagePack), 'worker')
      expect(packed.error).toBeUndefined()
      deepStrictEqual(packed.messages, readNegotiated(frames, 'worker').messages)
    }),
  )
})

it('D-4: what is in pieces means what it means as a whole', () => {
  const room = fc.record({ inlineBytes: fc.nat(40), maxBytes: fc.integer({ min: 14, max: 100 }) })
  fc.assert(
    fc.property(fc.array(workerMessage, { minLength: 1, maxLength: 4 }), room, (batch, { inlineBytes, maxBytes }) => {
      const frames = framesOf(batch)
      const pieces = frames.flatMap((each) => inPieces(each, inlineBytes, maxBytes))
      const { messages, error } = readNegotiated(pieces, 'worker')
      expect(error).toBeUndefined()
      deepStrictEqual(messages, readNegotiated(frames, 'worker').messages)
    }),
  )
})

function framesOf(batch: Message[]): Uint8Array[] {
  const made = new MessageBatch()
  for (const each of batch) made.add(each as never)
  return made.takeFrames()
}

/** Read all of it, cut anywhere: messages, and perhaps an error that is the reader's last word. */
function assertContained(bytes: Uint8Array, lengths: readonly number[], direction?: Direction): void {
  const reader = new FrameReader({ maxFrameBytes: LIMIT })
  if (direction) reader.useNegotiated(direction, { maxParcelBytes: MAX_PARCEL_BYTES })
  let error: unknown
  try {
    for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
      const end = at + lengths[turn % lengths.length]!
      reader.push(bytes.subarray(at, end))
      at = end
      for (let message = reader.tryNext(); message !== undefined; message = reader.tryNext()) {
        expect(typeof message.type).toBe('string')
        if (message.type === 'call_done') expect(typeof message.callID).toBe(direction ? 'number' : 'string')
      }
    }
    reader.end()
  } catch (thrown) {
    error = thrown
  }
  if (error === undefined) return
  expect(error).toBeInstanceOf(ProtocolError)
  expect(thrownBy(() => reader.push(Uint8Array.of(0)))).toBe(error)
  expect(thrownBy(() => reader.tryNext())).toBe(error)
}
