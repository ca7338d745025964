import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { DiedError, ValueTooLargeError, type VenvConfig } from '../src/index.js'
import { failureOf, startVenv } from './support.js'

const code = `
import hashlib, os, threading
seen = []
opened = threading.Event()
kept = bytearray(300_000)

def echo(x): return x
def note(x): seen.append(x['name']); return list(seen)
def digest(data): return hashlib.sha256(data).hexdigest()
def make(size): return bytes(size)
def text(size): return "x" * size
def fill(n):
    kept[:] = bytes([n]) * len(kept)
    return memoryview(kept)
def wait(_): return opened.wait(30)
def open_it(_): opened.set()
def pid(_): return os.getpid()
`

/** Bytes that are not all the same. */
function bytesOf(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let index = 0; index < length; index += 1) bytes[index] = (index * 31) >> 3
  return bytes
}

describe('values of any size (D-4)', () => {
  it.each([1, 1023, 1024, 1025, 65_536, 65_537, 262_144, 262_145, 1_000_001])(
    'D-4: %i bytes come back as they were, by themselves and among others',
    async (length) => {
      const py = await startVenv(code)
      const bytes = bytesOf(length)
      expect(Buffer.compare((await py.callAndAwait('echo', bytes)) as Uint8Array, bytes)).toBe(0)
      const mixed = {
        text: 'ü'.repeat(length),
        list: [bytes, Uint8Array.of(7), new Uint16Array([1, 2]), bytes],
        last: 1n,
      }
      expect(await py.callAndAwait('echo', mixed)).toStrictEqual({ ...mixed, last: 1 })
    },
  )

  it('D-4: the limit of a frame is none for values', async () => {
    const py = await startVenv(code, { maxFrameBytes: 2048 })
    for (const value of ['x'.repeat(5000), bytesOf(5000), Array.from({ length: 2000 }, (_, index) => index)]) {
      expect(await py.callAndAwait('echo', value)).toStrictEqual(value)
    }
  })

  it('D-4: also the one that is the default', async () => {
    const py = await startVenv(code)
    const bytes = Buffer.alloc(150_000_000, 'pyferry')
    const expected = createHash('sha256').update(bytes).digest('hex')
    expect(await py.callAndAwait('digest', bytes)).toBe(expected)
    expect(((await py.callAndAwait('echo', bytes)) as Uint8Array).length).toBe(bytes.length)
    expect(((await py.callAndAwait('text', 70_000_000)) as string).length).toBe(70_000_000)
  })

  it('D-4: with one thread calls start in the order in which they were made, however large', async () => {
    const py = await startVenv(code)
    const names = ['large', 'small', 'larger', 'smaller', 'smallest']
    const sizes = [3_000_000, 1, 5_000_000, 2, 3]
    const ids = names.map((name, index) => py.call('note', { name, data: bytesOf(sizes[index]!) }))
    const answers = await Promise.all(ids.map((id) => py.await(id)))
    expect(answers.at(-1)).toEqual(names)
  })

  it('D-2: a function may give the same memory again and again: each answer is what it was then', async () => {
    const py = await startVenv(code)
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => py.callAndAwait('fill', n)))
    for (const [n, answer] of answers.entries()) {
      const bytes = answer as Uint8Array
      expect([bytes.length, bytes.every((byte) => byte === n)]).toEqual([300_000, true])
    }
  })

  it('D-4: arguments over maxPayloadBytes are refused by that call alone, and before anything is sent', async () => {
    const py = await startVenv(code, { maxPayloadBytes: 100_000 })
    for (const value of [
      'x'.repeat(100_000),
      new Uint8Array(100_001),
      [new Float64Array(10_000), 'x'.repeat(30_000)],
    ]) {
      expect(() => py.call('echo', value)).toThrow(ValueTooLargeError)
    }
    expect(await py.callAndAwait('make', 200_000)).toHaveLength(200_000)
  })

  it('D-4: a result over maxResultBytes fails that call alone', async () => {
    const py = await startVenv(code, { maxResultBytes: 100_000 })
    const before = await py.callAndAwait('pid')
    for (const [name, size] of [
      ['make', 100_001],
      ['text', 100_000],
    ] as const) {
      const error = await failureOf(py.callAndAwait(name, size))
      expect(error).toBeInstanceOf(ValueTooLargeError)
      expect(error).toMatchObject({ code: 'ERR_PYFERRY_VALUE_TOO_LARGE', limit: 100_000, function: name })
    }
    expect(await py.callAndAwait('make', 99_000)).toHaveLength(99_000)
    expect(await py.callAndAwait('pid')).toBe(before)
  })

  it.each<[string, VenvConfig]>([
    ['the negotiated protocol', {}],
    ['the base protocol', { protocol: 'base' }],
  ])('D-4: both limits hold in %s', async (_, config) => {
    const py = await startVenv(code, { ...config, maxFrameBytes: 2048, maxPayloadBytes: 1024, maxResultBytes: 1500 })
    expect(() => py.call('echo', 'x'.repeat(1025))).toThrow(/over the limit of 1024 bytes/)
    const error = await failureOf(py.callAndAwait('text', 1501))
    expect(error).toBeInstanceOf(ValueTooLargeError)
    expect(error).toMatchObject({ limit: 1500, function: 'text' })
    expect(await py.callAndAwait('text', 1300)).toHaveLength(1300)
  })

  it('D-4: a worker that dies while much is on its way leaves nobody waiting', async () => {
    const py = await startVenv(code)
    const pid = (await py.callAndAwait('pid')) as number
    const ids = [
      py.call('digest', Buffer.alloc(200_000_000)),
      py.call('digest', Buffer.alloc(100_000_000)),
      py.call('pid'),
    ]
    process.kill(pid, 'SIGKILL')
    for (const id of ids) expect(await failureOf(py.await(id))).toBeInstanceOf(DiedError)
  })
})

it('D-4: a small call goes by a large one, in a worker with more than one thread', async () => {
  const py = await startVenv(code, { threads: 2 })
  const waiting = py.call('wait')
  // Nothing of it is read before the small one is answered, unless small ones may go between its pieces.
  const large = py.call('digest', Buffer.alloc(300_000_000))
  await py.callAndAwait('open_it')
  expect(await py.await(waiting)).toBe(true)
  expect(await py.await(large)).toHaveLength(64)
})
