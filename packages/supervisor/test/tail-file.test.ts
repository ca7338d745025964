import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { decodeTail, TailFile } from '../src/tail-file.js'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pyferry-tail-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const tailOf = (capBytes: number) => new TailFile({ directory: join(directory, 'meta'), name: 'stdout', capBytes })
const bytes = (text: string) => Buffer.from(text)

describe('tail file (V-16)', () => {
  it('V-16: is empty before the first write, and touches nothing', () => {
    expect(tailOf(10).read()).toBe('')
    expect(existsSync(join(directory, 'meta'))).toBe(false)
  })

  it('V-16: keeps between one and two caps, the latest', () => {
    const tail = tailOf(10)
    for (const text of ['aaaa', 'bbbb', 'cccc', 'dddd', 'eeee', 'ffff']) tail.write(bytes(text))
    expect(tail.read()).toBe('ccccddddeeeeffff')
  })

  it('V-16: a write is never split by a rotation', () => {
    const tail = tailOf(10)
    tail.write(bytes('12345678'))
    tail.write(bytes('abcde'))
    expect(readFileSync(join(directory, 'meta', 'stdout.1.log'), 'utf8')).toBe('12345678')
    expect(readFileSync(join(directory, 'meta', 'stdout.log'), 'utf8')).toBe('abcde')
  })

  it('V-16: a single write larger than the cap keeps its last bytes', () => {
    const tail = tailOf(4)
    tail.write(bytes('first'))
    tail.write(bytes('0123456789'))
    expect(tail.read()).toBe('irst6789')
  })

  it('V-16: never holds more than two caps on disk', () => {
    const tail = tailOf(1000)
    for (let index = 0; index < 500; index += 1) tail.write(Buffer.alloc(1 + ((index * 37) % 1500), 0x61))
    const size = ['stdout.log', 'stdout.1.log'].reduce(
      (sum, name) => sum + statSync(join(directory, 'meta', name)).size,
      0,
    )
    expect(size).toBeLessThanOrEqual(2000)
    expect(size).toBeGreaterThanOrEqual(1000)
  })

  it('begins anew where an earlier program has left its output', () => {
    tailOf(10).write(bytes('old'))
    const tail = tailOf(10)
    expect(tail.read()).toBe('')
    tail.write(bytes('new'))
    expect(tail.read()).toBe('new')
  })

  it('V-16: is never an error when its files were removed', () => {
    const tail = tailOf(10)
    tail.write(bytes('text'))
    rmSync(join(directory, 'meta'), { recursive: true })
    expect(tail.read()).toBe('')
    tail.write(bytes('more'))
    tail.write(bytes('and more'))
    expect(tail.read()).toBe('moreand more')
  })

  it('can be read after it was detached and its folder removed, and writes no more', () => {
    const tail = tailOf(10)
    tail.write(bytes('text'))
    tail.detach()
    rmSync(join(directory, 'meta'), { recursive: true })
    tail.write(bytes('late'))
    expect(tail.read()).toBe('text')
    expect(existsSync(join(directory, 'meta'))).toBe(false)
  })

  it('is private to its user', () => {
    const tail = tailOf(10)
    tail.write(bytes('text'))
    expect(statSync(join(directory, 'meta', 'stdout.log')).mode & 0o777).toBe(0o600)
  })

  it('reports a folder that cannot be made to its writer', () => {
    writeFileSync(join(directory, 'meta'), 'a file')
    expect(() => tailOf(10).write(bytes('text'))).toThrow(/EEXIST|ENOTDIR/)
  })

  it.each([
    ['a whole character', [0xc3, 0xa9, 0x21], 'é!'],
    ['the second half of one', [0xa9, 0x21], '!'],
    ['three of four bytes of one', [0x9f, 0x98, 0x80, 0x21], '!'],
    ['nothing', [], ''],
  ])('decodes a tail that begins with %s', (_, input, expected) => {
    expect(decodeTail(Uint8Array.from(input))).toBe(expected)
  })
})
