/** What takes a gigabyte and half a minute to show; `pnpm fuzz` runs it. */
import { expect, it } from 'vitest'
import { frameOf } from './support/frames.js'
import { readNegotiated } from './support/negotiated.js'

it('D-6: what the engine cannot hold fails its call alone', () => {
  // A Set has at most 2^24 elements, and 50 MB of text are enough for more.
  const frame = frameOf(`[[0,[${'[],'.repeat(2 ** 24)}[]],[[[],"set"]]],[1,2]]`)
  const { messages, error } = readNegotiated([frame], 'worker')
  expect(error).toBeUndefined()
  expect(messages).toMatchObject([
    { callID: 0, valueError: { path: 'result' } },
    { callID: 1, result: 2 },
  ])
})
