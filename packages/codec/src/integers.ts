/**
 * Integers that JSON has no number for, as text (NEGOTIATED.md, "Values and their marks"). Very long ones are hexadecimal: to read
 * decimal digits takes more than linear time, a frame full of them 18 s (measured), and Python refuses many.
 */

/** Any Python reads 640 digits, however it is set up; this has 617. */
const FIRST_HEXADECIMAL = 1n << 2048n

const DECIMAL = /^-?[1-9]\d{0,639}$/
const HEXADECIMAL = /^(-?)(0x[1-9a-f][\da-f]*)$/

export function textOfInteger(value: bigint): string {
  if (value < FIRST_HEXADECIMAL && value > -FIRST_HEXADECIMAL) return String(value)
  return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`
}

export function isDecimal(text: string): boolean {
  return DECIMAL.test(text)
}

/** `undefined` for a text that is none. @throws RangeError for one that is longer than the engine can hold */
export function tryReadInteger(text: string): bigint | undefined {
  if (isDecimal(text)) return BigInt(text)
  const [, sign, digits] = HEXADECIMAL.exec(text) ?? []
  if (digits === undefined) return undefined
  return sign === '-' ? -BigInt(digits) : BigInt(digits)
}
