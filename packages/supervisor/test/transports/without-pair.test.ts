/** The transport `fd` where no pair of sockets can be made: what comes is read as Node reads it from any child. */
import { expect, it, vi } from 'vitest'
import { makeWorker, own, source } from '../support.js'

vi.mock('../../src/transports/direct-pair.js', () => ({ tryMakePair: async () => undefined }))

it('W-5, D-4: small and large values go both ways over descriptors that Node has made', async () => {
  const { worker, end } = makeWorker({ definition: source('def f(x): return x[::-1]') })
  await worker.start(() => own(1, { transport: 'fd' }))
  expect(await end('f', 'small')).toEqual({ state: 'done', value: 'llams' })
  const bytes = Uint8Array.from({ length: 3_000_000 }, (_, index) => (index * 31) >> 3)
  const { value } = (await end('f', bytes)) as { value: Uint8Array }
  expect(Buffer.compare(value, bytes.toReversed())).toBe(0)
})
