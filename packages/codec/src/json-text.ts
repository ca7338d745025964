/**
 * What only the text of a JSON value tells. Above all what `JSON.parse` hides: a number without `.` or exponent beyond
 * ±(2^53−1) is read as the nearest one JavaScript has, and then looks like a float of that size.
 */
import type { Keys } from './path.js'

/** Digits that every integer beyond ±(2^53−1) has at least. */
const UNSAFE_DIGITS = 16

/**
 * How far back the beginning of a run of digits is looked for: beyond the longest fraction that is written for a double, and
 * bounded, so that a text of nothing but digits is not gone through once for every 16 of them.
 */
const LOOK_BACK = 32

/**
 * Whether `text` may hold an unsafe integer; never wrong when it says no. Looks at one character in 16, which no run of 16
 * digits gets past, and dismisses fractions, digits right behind a quote, and 16 digits that are safe (a time in microseconds).
 */
export function mayHoldUnsafeIntegers(text: string): boolean {
  for (let index = UNSAFE_DIGITS - 1; index < text.length; index += UNSAFE_DIGITS) {
    if (!isDigit(text, index)) continue
    let start = index
    while (index - start < LOOK_BACK && isDigit(text, start - 1)) start -= 1
    if (text[start - 1] === '.' || text[start - 1] === '"') continue
    let end = index + 1
    while (end - start <= UNSAFE_DIGITS && isDigit(text, end)) end += 1
    if (isUnsafeInteger(text.slice(start, end))) return true
  }
  return false
}

/** Whether the key `__bytes__` may occur in `text`, as it is or with some of it escaped. */
export function mayHoldBytes(text: string): boolean {
  return text.includes('__bytes__') || (text.includes('\\u00') && ESCAPED_BYTES_KEY.test(text))
}

/** An escape of one of the letters of `__bytes__`, which no writer we know makes but JSON allows. */
const ESCAPED_BYTES_KEY = /\\u00(?:5[fF]|6[25]|7[349])/

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

function isDigit(text: string, index: number): boolean {
  const unit = text.charCodeAt(index)
  return unit >= 0x30 && unit <= 0x39
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
  return token.length >= UNSAFE_DIGITS && /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token))
}

function readKey(key: string | number): string | number {
  return typeof key === 'number' ? key : (JSON.parse(key) as string)
}
