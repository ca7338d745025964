import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MarkFault } from '../src/marks.js'
import { isPacked, readMsgpack } from '../src/msgpack-reader.js'
import { MsgpackWriter } from '../src/msgpack-writer.js'
import { thrownBy } from './support/frames.js'

function written(write: (out: MsgpackWriter) => void): number[] {
  const out = new MsgpackWriter(1e9, () => expect.unreachable())
  write(out)
  return [...out.finish()]
}

const read = (bytes: Iterable<number>) => readMsgpack(Uint8Array.from(bytes), 100)

describe('writing', () => {
  it.each<[number, number[]]>([
    [0, [0]],
    [127, [0x7f]],
    [-1, [0xff]],
    [-32, [0xe0]],
    [128, [0xcc, 128]],
    [255, [0xcc, 255]],
    [256, [0xcd, 1, 0]],
    [65_536, [0xce, 0, 1, 0, 0]],
    [2 ** 31, [0xce, 0x80, 0, 0, 0]],
    [2 ** 32 - 1, [0xce, 255, 255, 255, 255]],
    [2 ** 32, [0xcf, 0, 0, 0, 1, 0, 0, 0, 0]],
    [2 ** 53 - 1, [0xcf, 0, 0x1f, 255, 255, 255, 255, 255, 255]],
    [-33, [0xd0, 0xdf]],
    [-129, [0xd1, 0xff, 0x7f]],
    [-32_769, [0xd2, 0xff, 0xff, 0x7f, 0xff]],
    [-(2 ** 31) - 1, [0xd3, 255, 255, 255, 255, 0x7f, 255, 255, 255]],
    [-(2 ** 53) + 1, [0xd3, 0xff, 0xe0, 0, 0, 0, 0, 0, 1]],
    [-0, [0xcb, 0x80, 0, 0, 0, 0, 0, 0, 0]],
    [0.5, [0xcb, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0]],
    [2 ** 53, [0xcb, 0x43, 0x40, 0, 0, 0, 0, 0, 0]],
    [Number.POSITIVE_INFINITY, [0xcb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0]],
  ])('W-2: %d is an integer where it is one, and a float where only that holds it', (value, bytes) => {
    expect(written((out) => out.number(value))).toEqual(bytes)
    expect(Object.is(read(bytes), value)).toBe(true)
  })

  it.each([
    ['', 1],
    ['x'.repeat(31), 1],
    ['x'.repeat(32), 2],
    ['ü'.repeat(16), 2],
    ['ü', 1],
    ['x'.repeat(255), 2],
    ['ü'.repeat(200), 3],
    ['x'.repeat(256), 3],
    ['€'.repeat(30_000), 5],
    ['x'.repeat(70_000), 5],
  ])('W-2: a text has the smallest head that tells its length (%#)', (text, head) => {
    const bytes = written((out) => out.tryShort(text) || out.text(text))
    expect(bytes).toHaveLength(head + new TextEncoder().encode(text).length)
    expect(read(bytes)).toBe(text)
  })

  it.each([0, 15, 16, 65_535, 65_536])('W-2: so have arrays and maps of %i', (size) => {
    const array = written((out) => {
      out.array(size)
      for (let index = 0; index < size; index += 1) out.nil()
    })
    expect(read(array)).toEqual(new Array(size).fill(null))
    const map = written((out) => {
      out.map(size)
      for (let index = 0; index < size; index += 1) {
        out.text(String(index))
        out.boolean(index % 2 === 0)
      }
    })
    expect(Object.keys(read(map) as object)).toHaveLength(size)
  })

  it('D-1: what has come to hold less than was said says so', () => {
    for (const size of [15, 16, 70_000]) {
      const bytes = written((out) => {
        out.map(size)
        out.text('a')
        out.nil()
        out.shrink(0, 1)
      })
      expect(read(bytes)).toEqual({ a: null })
    }
  })

  it('D-4: more than there is room for is refused, before twice as much is held', () => {
    const error = new Error('full')
    const out = new MsgpackWriter(100_000, () => {
      throw error
    })
    const fill = () => {
      for (;;) out.text('x'.repeat(1000))
    }
    expect(thrownBy(fill)).toBe(error)
    expect(out.length).toBeLessThan(300_000)
  })
})

describe('reading', () => {
  it('W-4: knows an array from everything else by its first byte', () => {
    const firsts = Array.from({ length: 256 }, (_, byte) => byte).filter(isPacked)
    expect(firsts).toEqual([...Array.from({ length: 16 }, (_, index) => 0x90 + index), 0xdc, 0xdd])
    expect(isPacked(undefined)).toBe(false)
  })

  it('D-1: texts of any length are what they were, and are refused where they are no UTF-8', () => {
    for (const text of ['a', 'ü', 'aü😀', 'x'.repeat(256), 'x'.repeat(257), 'ü'.repeat(300), '\u{feff}bom', '\0']) {
      expect(read(written((out) => out.text(text)))).toBe(text)
    }
    for (const bytes of [
      [0xa1, 0xff],
      [0xa3, 0xed, 0xa0, 0x80],
      [0xa2, 0xc0, 0x80],
    ]) {
      expect(() => read(bytes)).toThrow(MarkFault)
    }
  })

  it('D-1: names that look alike are told apart', () => {
    const names = ['abc', 'adc', 'abd', 'bbc', 'a-bc', 'abbc', 'abcc', '', 'x'.repeat(31), 'x'.repeat(32), '__proto__']
    const twice = written((out) => {
      out.array(2)
      for (let turn = 0; turn < 2; turn += 1) {
        out.map(names.length)
        for (const [index, name] of names.entries()) {
          out.text(name)
          out.number(index)
        }
      }
    })
    const expected = Object.fromEntries(names.map((name, index) => [name, index]))
    deepStrictEqual(read(twice), [expected, expected])
  })

  it('D-4: bytes are in memory of their own', () => {
    const source = Uint8Array.of(0xc4, 2, 1, 2)
    const bytes = readMsgpack(source, 1) as Uint8Array
    source.fill(9)
    expect(bytes).toEqual(Uint8Array.of(1, 2))
    expect(bytes.buffer.byteLength).toBe(2)
  })

  it('W-4: nesting is bounded, whatever is nested', () => {
    expect(readMsgpack(Uint8Array.of(0x91, 0x81, 0xa1, 0x61, 0x90), 3)).toEqual([{ a: [] }])
    expect(() => readMsgpack(Uint8Array.of(0x91, 0x81, 0xa1, 0x61, 0x90), 2)).toThrow(MarkFault)
    expect(() => readMsgpack(new Uint8Array(100_000).fill(0x91), 1027)).toThrow('nested too deeply')
    expect(() => readMsgpack(new Uint8Array(100_000).fill(0x81), 1027)).toThrow(MarkFault)
  })

  it('W-4: an announced length takes no memory', () => {
    const before = process.memoryUsage().arrayBuffers
    for (const kind of [0xc6, 0xdb, 0xdd, 0xdf]) {
      expect(() => read([kind, 255, 255, 255, 255])).toThrow('ends in the middle')
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e7)
  })

  it('W-4: any bytes are a value or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          readMsgpack(bytes, 20)
        } catch (error) {
          expect(error).toBeInstanceOf(MarkFault)
        }
      }),
      { numRuns: 5000 },
    )
  })
})
