import { closeSync, openSync, readdirSync } from 'node:fs'
import type { Socket } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type DirectPair, tryMakePair } from '../../src/transports/direct-pair.js'
import { makeFolder, makeWorker, own, source } from '../support.js'

const pairs: DirectPair[] = []
afterEach(() => {
  vi.unstubAllEnvs()
  for (const { own, other } of pairs.splice(0)) for (const each of [own, other]) each.destroy()
})

async function makePair(platform?: NodeJS.Platform): Promise<DirectPair> {
  const pair = (await tryMakePair(platform))!
  pairs.push(pair)
  return pair
}

const ended = (socket: Socket) => new Promise((resolve) => socket.once('end', resolve).resume())

/** All that this process may open. */
function takeDescriptors(): number[] {
  const taken: number[] = []
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'))
  } catch {
    return taken
  }
}

describe('a pair of sockets (W-5)', () => {
  it('W-5: what is written at one end is read at the other into the memory that is told for it, and then the end', async () => {
    const { own, other, readInto } = await makePair()
    const target = new Uint8Array(300_000)
    const strange: number[] = []
    let filled = 0
    readInto({
      room: () => (filled < target.length ? target.subarray(filled) : new Uint8Array(1)),
      filled: (memory, count) => {
        if (memory.buffer !== target.buffer) {
          strange.push(count)
          target.set(memory.subarray(0, count), filled)
        }
        filled += count
      },
    })
    const content = Uint8Array.from(target, (_, index) => (index * 7) >> 2)
    other.end(content)
    await ended(own)
    expect(filled).toBe(content.length)
    expect(Buffer.compare(target, content)).toBe(0)
    // Of what comes first nobody has been able to say where it belongs.
    expect(strange).toEqual([1024])
  })

  it('W-5: leaves nothing behind but its ends', async () => {
    const folder = makeFolder()
    vi.stubEnv('TMPDIR', folder)
    const making = makePair('darwin')
    // Nobody else is let in: the place is gone before this turn is over.
    expect(readdirSync(folder)).toEqual([])
    const { own, other } = await making
    own.destroy()
    await ended(other)
  })

  it('W-5: there is none where Node has no such sockets, and without a place to meet', async () => {
    expect(await tryMakePair('win32')).toBeUndefined()
    vi.stubEnv('TMPDIR', '/nowhere')
    expect(await tryMakePair('darwin')).toBeUndefined()
  })

  it('W-5: there is none while descriptors are short, and nothing is left of the attempt', async () => {
    const folder = makeFolder()
    vi.stubEnv('TMPDIR', folder)
    const taken = takeDescriptors()
    const made: boolean[] = []
    try {
      for (let free = 0; free < 12; free += 1) {
        const pair = await tryMakePair('darwin')
        pair?.own.destroy()
        pair?.other.destroy()
        made.push(pair !== undefined)
        closeSync(taken.pop()!)
      }
    } finally {
      for (const descriptor of taken) closeSync(descriptor)
    }
    expect(readdirSync(folder)).toEqual([])
    expect(made[0]).toBe(false)
    expect(made.at(-1)).toBe(true)
  })

  it('D-4: brings most of a large result right into its own memory', async () => {
    const { worker, end } = makeWorker({ definition: source('def f(x): return bytes(x)') })
    const read = vi.spyOn(Uint8Array.prototype, 'set')
    await worker.start(() => own(1, { transport: 'fd' }))
    read.mockClear()
    const { value } = (await end('f', 10_000_000)) as { value: Uint8Array }
    expect(Buffer.compare(value, new Uint8Array(10_000_000))).toBe(0)
    const copied = read.mock.calls.reduce((sum, [source]) => sum + source.length, 0)
    read.mockRestore()
    expect(copied).toBeGreaterThan(0)
    // Of each piece no more than one read, which has begun before it.
    expect(copied).toBeLessThan(Math.ceil(10_000_000 / 2 ** 18) * 2 ** 16 + 1000)
  })
})
