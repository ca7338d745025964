/**
 * What only the text of a JSON value tells. Above all what `JSON.parse` hides: a number without `.` or exponent beyond
 * ±(2^53−1) is read as the nearest one JavaScript has, and then looks like a float of that size.
 */
import type { Keys } from './path.js'

/**
 * A cheap test that no unsafe integer passes: at least 16 digits right after a bracket, colon, comma, space or sign.
 * Neither the digits of a fraction nor those of a string that holds nothing else get here.
 */
const LONG_INTEGER = /[[:,\s-]\d{16}/

export function mayHoldUnsafeIntegers(text: string): boolean {
  return LONG_INTEGER.test(text)
}

/** Whether the key `__bytes__` may occur in `text`, as it is or with some of it escaped. */
export function mayHoldBytes(text: string): boolean {
  return text.includes('__bytes__') || ESCAPED_BYTES_KEY.test(text)
}

/** An escape of one of the letters of `__bytes__`, which no writer we know makes but JSON allows. */
const ESCAPED_BYTES_KEY = /\\u00(?:5f|6[25]|7[349])/i

/** Find every unsafe integer of `text`, which must be valid JSON, by its keys. Does not recurse. */
export function* findUnsafeIntegers(text: string): Generator<Keys, void, undefined> {
  // One entry per open container: an index in an array, a key as it is written (with quotes and escapes) in an object.
  const open: (string | number)[] = []
  let isKeyNext = false
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index]!
    const innermost = open.length - 1
    if (character === '"') {
      const end = endOfString(text, index)
      if (isKeyNext) open[innermost] = text.slice(index, end)
      isKeyNext = false
      index = end - 1
    } else if (character === '{') {
      open.push('""')
      isKeyNext = true
    } else if (character === '[') {
      open.push(0)
      isKeyNext = false
    } else if (character === '}' || character === ']') {
      open.pop()
      isKeyNext = false
    } else if (character === ',') {
      const position = open[innermost]
      if (typeof position === 'number') open[innermost] = position + 1
      else isKeyNext = true
    } else if (character === '-' || (character >= '0' && character <= '9')) {
      const end = endOfNumber(text, index)
      if (isUnsafeInteger(text.slice(index, end))) yield open.map(readKey)
      index = end - 1
    }
  }
}

function endOfString(text: string, start: number): number {
  let quote = text.indexOf('"', start + 1)
  while (isEscaped(text, quote)) quote = text.indexOf('"', quote + 1)
  return quote + 1
}

function isEscaped(text: string, quote: number): boolean {
  let backslashes = 0
  while (text[quote - 1 - backslashes] === '\\') backslashes += 1
  return backslashes % 2 === 1
}

function endOfNumber(text: string, start: number): number {
  const number = /[-+.\deE]*/y
  number.lastIndex = start
  number.test(text)
  return number.lastIndex
}

function isUnsafeInteger(token: string): boolean {
  return token.length >= 16 && /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token))
}

function readKey(key: string | number): string | number {
  return typeof key === 'number' ? key : (JSON.parse(key) as string)
}
