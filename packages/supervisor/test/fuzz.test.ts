/** W-4: whatever a worker process writes, its start and its calls end, with answers or typed errors; it is gone, and the next one works. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeFrame, FrameReader, type Message, MessageBatch, TruncatedFrameError } from '@pyferry/codec'
import { isPyferryError } from '@pyferry/errors'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { baseMessage, workerMessage } from '../../codec/test/support/arbitrary.js'
import { damage, damaged } from '../../codec/test/support/damage.js'
import { readAll } from '../../codec/test/support/frames.js'
import { fuzz, fuzzTimeLimitMs } from '../../codec/test/support/fuzz.js'
import { inMessagePack, inPieces } from '../../codec/test/support/pieces.js'
import { type CallEnd, FunctionNotFoundError } from '../src/index.js'
import { eventually, isAlive, makeFolder, makeWorker, own, recorded } from './support.js'

const MAX_FRAME_BYTES = 2 ** 16
const MAX_RESULT_BYTES = 2 ** 20
/** As many as there are ids in what is generated. */
const CALLS = 10
const RUNS = 10

const READY = encodeFrame({ type: 'ready', features: ['spread'], protocol: 1 })

const frames = {
  base: fc
    .array(baseMessage(workerMessage), { minLength: 1, maxLength: 6 })
    .map((messages) => messages.map((each) => encodeFrame(each))),
  auto: fc
    .array(fc.tuple(fc.array(workerMessage, { minLength: 1, maxLength: 4 }), fc.boolean(), fc.boolean()), {
      minLength: 1,
      maxLength: 4,
    })
    .map((batches) =>
      batches.flatMap(([batch, isPacked, isLarge]) =>
        framesOf(batch)
          .map((each) => (isPacked ? inMessagePack(each) : each))
          .flatMap((each) => (isLarge ? inPieces(each, 8, 40) : [each])),
      ),
    ),
}

it.each(['base', 'auto'] as const)(
  'W-4: a worker that writes garbage ends its calls, and is replaced: protocol %s',
  async (protocol) => {
    const file = join(makeFolder(), 'said')
    const { worker, end, ends } = makeWorker({
      protocol,
      maxFrameBytes: MAX_FRAME_BYTES,
      maxResultBytes: MAX_RESULT_BYTES,
      spin: 'off',
    })
    const damages = fc.array(damage, { maxLength: 4 })
    const property = fc.asyncProperty(frames[protocol], damages, fc.boolean(), async (said, happened, isAsked) => {
      const rest = isAsked ? damaged(said, happened) : damaged([READY, ...said], happened)
      writeFileSync(file, isAsked ? Buffer.concat([READY, rest]) : rest)
      // One that talks garbage does not go by itself; one that has said too little would be waited for.
      const stays = isAsked && isMalformed(rest, protocol)
      ends.clear()

      const started = errorOf(worker.start(() => recorded(file, isAsked ? READY.length : rest.length, stays)))
      assertTyped(await started)
      const { pid } = worker
      const calls = Array.from({ length: CALLS }, (_, id) => errorOf(end('go', null, { id: `${id}` })))
      for (const error of await Promise.all(calls)) assertTyped(error)
      await eventually(() => worker.state !== 'ready')
      if (pid !== undefined) expect(isAlive(pid)).toBe(false)
      expect(worker.pendingCount).toBe(0)
    })

    await fuzz(property, RUNS)

    ends.clear()
    await worker.start(() => own())
    expect(await errorOf(end('go'))).toBeInstanceOf(FunctionNotFoundError)
  },
  fuzzTimeLimitMs,
)

function framesOf(messages: readonly Message[]): Uint8Array[] {
  const batch = new MessageBatch()
  for (const each of messages) batch.add(each as never)
  return batch.takeFrames()
}

function isMalformed(bytes: Uint8Array, protocol: 'base' | 'auto'): boolean {
  const reader = new FrameReader({ maxFrameBytes: MAX_FRAME_BYTES })
  if (protocol === 'auto') reader.useNegotiated('worker', { maxParcelBytes: MAX_RESULT_BYTES })
  const { error } = readAll(reader, [bytes])
  return error !== undefined && !(error instanceof TruncatedFrameError)
}

/** Why a start or a call has failed. */
async function errorOf(ending: Promise<unknown>): Promise<unknown> {
  try {
    const end = (await ending) as CallEnd | undefined
    return end?.state === 'failed' ? end.error : undefined
  } catch (error) {
    return error
  }
}

/** One of ours; not all have one class above them: what is wrong with a value is a `TypeError`. */
function assertTyped(error: unknown): void {
  if (error !== undefined) expect(error).toSatisfy((each) => isPyferryError(each))
}
