/** How values of options are read: each gives the value back, or throws an `OptionError` that says what was expected. */
import { describeValue, OptionError } from '@pyferry/errors'

export type Reader<T> = (value: unknown, option: string) => T

/** A path or a name that the system can take. */
export function readText(value: unknown, option: string): string {
  if (typeof value === 'string' && value !== '' && !value.includes('\0')) return value
  throw new OptionError(option, value, 'a string that is not empty and holds no NUL')
}

export function readBoolean(value: unknown, option: string): boolean {
  if (typeof value === 'boolean') return value
  throw new OptionError(option, value, 'true or false')
}

/** Names with strings: variables, labels. */
export function readTextMap(value: unknown, option: string): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new OptionError(option, value, 'an object of strings')
  }
  const entries = Object.entries(value)
  for (const [name, text] of entries) {
    if (/^$|[=\0]/.test(name)) throw new OptionError(option, name, 'an object whose keys are names without = and NUL')
    if (typeof text !== 'string' || text.includes('\0')) {
      throw new OptionError(`${option}.${name}`, text, 'a string without NUL characters')
    }
  }
  return Object.fromEntries(entries) as Record<string, string>
}

export function listOf<T>(read: Reader<T>): Reader<T[]> {
  return (value, option) => {
    if (!Array.isArray(value)) throw new OptionError(option, value, 'an array')
    return value.map((item, index) => read(item, `${option}[${index}]`))
  }
}

export function oneOf<const T extends string>(...choices: T[]): Reader<T> {
  return (value, option) => {
    if (choices.includes(value as T)) return value as T
    throw new OptionError(option, value, choices.map((choice) => describeValue(choice)).join(' or '))
  }
}

export function integerBetween(least: number, most: number): Reader<number> {
  return (value, option) => {
    if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return value as number
    throw new OptionError(option, value, `a whole number from ${least} to ${most}`)
  }
}

/** Whole or not; `Infinity` is one. */
export function numberFrom(least: number): Reader<number> {
  return (value, option) => {
    if (typeof value === 'number' && value >= least) return value
    throw new OptionError(option, value, `a number from ${least} on`)
  }
}
