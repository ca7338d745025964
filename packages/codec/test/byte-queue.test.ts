import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteQueue } from '../src/byte-queue.js'

const counting = (length: number, from = 0) => Uint8Array.from({ length }, (_, index) => from + index)

describe('ByteQueue', () => {
  it('gives nothing while fewer bytes wait than are asked for', () => {
    const queue = new ByteQueue()
    expect(queue.tryTake(1)).toBeUndefined()
    queue.push(counting(3))
    expect(queue.tryTake(4)).toBeUndefined()
    expect(queue.length).toBe(3)
    expect(queue.tryTake(3)).toEqual(counting(3))
    expect(queue.length).toBe(0)
  })

  it('gives an empty span whenever none is asked for', () => {
    const queue = new ByteQueue()
    expect(queue.tryTake(0)).toEqual(new Uint8Array())
    queue.push(counting(2))
    expect(queue.tryTake(0)).toEqual(new Uint8Array())
    expect(queue.tryTake(2)).toEqual(counting(2))
  })

  it('copies nothing that lies in one chunk', () => {
    const queue = new ByteQueue()
    const chunk = counting(8)
    queue.push(chunk)
    expect(queue.tryTake(4)!.buffer).toBe(chunk.buffer)
    expect(queue.tryTake(4)!.buffer).toBe(chunk.buffer)
  })

  it('gives the memory of what was pushed last back when it is told to, whatever was pushed before', () => {
    const queue = new ByteQueue()
    const memory = new Uint8Array(2_000)
    let pushed = 0
    for (const length of [2_000, 3, 1_999, 1, 1_024, 1_023]) {
      memory.set(counting(length, pushed))
      queue.push(memory.subarray(0, length))
      queue.keep()
      memory.fill(0)
      pushed += length
    }
    expect(queue.tryTake(pushed)).toEqual(counting(pushed))
    queue.keep()
    expect(queue.length).toBe(0)
  })

  it('never writes into a chunk that was pushed', () => {
    const queue = new ByteQueue()
    const chunk = new Uint8Array(100).subarray(0, 10)
    queue.push(chunk)
    for (let count = 0; count < 20; count += 1) queue.push(counting(1, 7))
    expect(new Uint8Array(chunk.buffer)).toEqual(new Uint8Array(100))
    expect(queue.tryTake(30)).toEqual(new Uint8Array([...new Uint8Array(10), ...new Uint8Array(20).fill(7)]))
  })

  it('W-4: joins small chunks, so that a byte waiting costs about a byte', () => {
    const queue = new ByteQueue()
    const total = 200_000
    for (let index = 0; index < total; index += 1) queue.push(Uint8Array.of(index))
    const spans = new Set<ArrayBufferLike>()
    for (let index = 0; index < total; index += 1) spans.add(queue.tryTake(1)!.buffer)
    expect(spans.size).toBeLessThan(20)
  })

  it('gives back the same bytes in the same order, however they are pushed and taken', () => {
    const chunkLengths = fc.array(fc.oneof(fc.nat(5), fc.integer({ min: 1000, max: 1050 }), fc.nat(20_000)), {
      maxLength: 30,
    })
    const takes = fc.array(fc.oneof(fc.nat(5), fc.nat(3000), fc.nat(40_000)), { maxLength: 60 })
    fc.assert(
      fc.property(
        chunkLengths,
        takes,
        fc.array(fc.boolean(), { minLength: 1, maxLength: 50 }),
        (lengths, spans, turns) => {
          const queue = new ByteQueue()
          let pushed = 0
          let taken = 0
          const push = (length: number) => {
            queue.push(counting(length, pushed))
            pushed += length
          }
          const take = (count: number) => {
            const span = queue.tryTake(count)
            expect(span === undefined).toBe(count > pushed - taken)
            if (span === undefined) return
            expect(Buffer.compare(span, counting(count, taken))).toBe(0)
            taken += count
          }
          for (let turn = 0; lengths.length > 0 || spans.length > 0; turn += 1) {
            if (lengths.length > 0 && (turns[turn % turns.length] || spans.length === 0)) push(lengths.pop()!)
            else take(spans.pop()!)
            expect(queue.length).toBe(pushed - taken)
          }
          take(pushed - taken)
        },
      ),
    )
  })
})
