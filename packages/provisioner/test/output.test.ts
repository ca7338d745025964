import { expect, test } from 'vitest'
import { OutputLines } from '../src/output.js'
import { redactUrls } from '../src/redact.js'

function collect(chunks: readonly (string | Uint8Array)[]): { lines: string[]; tail: string } {
  const lines: string[] = []
  const output = new OutputLines(redactUrls, (line) => {
    lines.push(line)
    return 'keep'
  })
  for (const chunk of chunks) output.push(Buffer.from(chunk as string))
  output.end()
  return { lines, tail: output.tail }
}

test('E: lines are the same however the bytes were cut', () => {
  const text = 'één\r\ntwo\n\nthree\rfour €'
  const bytes = Buffer.from(text)
  const expected = ['één', 'two', '', 'three', 'four €']
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    expect(collect([bytes.subarray(0, cut), bytes.subarray(cut)]).lines).toEqual(expected)
  }
})

test('X: a login is blanked also when its bytes came in two parts', () => {
  expect(collect(['see https://user:pass', 'word@host/x\n']).tail).toBe('see https://***@host/x')
})

test('X: a line without end is cut, at a blank, so that half a login is never shown', () => {
  const { lines } = collect(['x '.repeat(8_190), 'https://user:', 's3cret'.repeat(4_000), '@host/ end\nnext\n'])
  expect(lines).toHaveLength(2)
  expect(lines[0]?.length).toBeLessThanOrEqual(16 * 1024 + 1)
  expect(lines.join('')).not.toContain('s3cret')
  expect(lines[1]).toBe('next')
})

test('E: the tail keeps the last 64 KB', () => {
  const line = 'y'.repeat(1_023)
  const { tail, lines } = collect([`${line}\n`.repeat(200), 'last\n'])
  expect(lines).toHaveLength(201)
  expect(tail.length).toBeLessThanOrEqual(64 * 1024)
  expect(tail.length).toBeGreaterThan(62 * 1024)
  expect(tail.endsWith('\nlast')).toBe(true)
})
