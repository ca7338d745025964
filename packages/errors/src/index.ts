/**
 * What every error of ours has in common (contract, section X):
 *
 *     Error ── PyferryError            each package derives its own base and tree from it
 *     TypeError ── OptionError         a bad option, the same in every package
 *
 * The package is private and inlined at build, so each published package carries a copy of these classes.
 * `instanceof` therefore goes by the brand, not by the identity of a copy.
 */

/** The property that marks every error of ours, whichever copy of whichever package made it. */
export const errorBrand: unique symbol = Symbol.for('pyferry.error') as never

export type ErrorCode = `ERR_PYFERRY_${string}`

export interface ErrorDetails {
  /** What led to this error, kept as it is. */
  cause?: unknown
  /** What the user can do about it; absent when there is nothing. */
  hint?: string | undefined
}

/** An error of ours as `isPyferryError` recognises it. */
export interface BrandedError extends Error {
  readonly code: ErrorCode
  readonly hint?: string
}

/**
 * Tell whether `error` is one of ours and, when `code` is given, that one. Holds across duplicate copies of a package.
 */
export function isPyferryError(error: unknown, code?: ErrorCode): error is BrandedError {
  if (typeof error !== 'object' || error === null || !(errorBrand in error)) return false
  return code === undefined || (error as unknown as BrandedError).code === code
}

/** Give `error` the brand, `cause` and `hint`; facts are the caller's. */
export function brandError(error: Error, details: ErrorDetails | undefined): void {
  const hidden = (value: unknown) => ({ value, configurable: true, enumerable: false, writable: true })
  Object.defineProperty(error, errorBrand, hidden(true))
  if (details && 'cause' in details && details.cause !== undefined) {
    Object.defineProperty(error, 'cause', hidden(details.cause))
  }
  if (details?.hint !== undefined) {
    Object.defineProperty(error, 'hint', { value: details.hint, configurable: true, enumerable: true, writable: true })
  }
}

/**
 * Give each class its key as the `name` of its errors. On the prototype, so that the first line of a stack has it; and written out,
 * because bundlers rename classes.
 */
export function nameErrors(classes: Readonly<Record<string, { prototype: Error }>>): void {
  for (const [name, { prototype }] of Object.entries(classes)) {
    Object.defineProperty(prototype, 'name', { value: name, configurable: true, enumerable: false, writable: true })
  }
}

/**
 * `instanceof` for a class that several packages carry a copy of: the prototype chain first (subclasses, this copy),
 * then the brand with the same name and code (another copy).
 */
export function isInstanceAcrossCopies(
  type: { name: string; prototype: object },
  code: ErrorCode,
  value: unknown,
): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (Object.prototype.isPrototypeOf.call(type.prototype, value)) return true
  return isPyferryError(value, code)
}

/** The base from which each package derives its own. */
export abstract class PyferryError extends Error {
  abstract readonly code: ErrorCode
  declare readonly hint?: string
  declare readonly cause?: unknown

  constructor(message: string, details?: ErrorDetails) {
    super(message)
    brandError(this, details)
  }
}

/** An option whose value cannot be used. `option` is its path (`env.inherit[2]`), `value` what was given. */
export class OptionError extends TypeError {
  readonly code = 'ERR_PYFERRY_OPTION'
  readonly option: string
  /** As it was given; a login in a URL is blanked. */
  readonly value: unknown
  /** In words, what would have been accepted. */
  readonly expected: string
  declare readonly hint?: string
  declare readonly cause?: unknown

  static override [Symbol.hasInstance](value: unknown): boolean {
    // A subclass keeps the ordinary meaning.
    // biome-ignore lint/complexity/noThisInStatic: `this` is the class asked about, which may be a subclass
    if (this !== OptionError) return Object.prototype.isPrototypeOf.call(this.prototype, value as object)
    return isInstanceAcrossCopies(OptionError, 'ERR_PYFERRY_OPTION', value)
  }

  constructor(option: string, value: unknown, expected: string, details?: ErrorDetails) {
    super(`option ${option} must be ${expected}, not ${describeValue(value)}`)
    brandError(this, details)
    this.option = option
    this.value = typeof value === 'string' ? blankLogin(value) : value
    this.expected = expected
  }
}

nameErrors({ OptionError })

/** A short text for a value in a message: its kind, and the value itself where that is short. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') {
    const text = blankLogin(value)
    return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}…` : text)
  }
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'symbol') return value.toString()
  if (typeof value === 'function') return value.name ? `function ${value.name}` : 'a function'
  if (value === null || typeof value !== 'object') return String(value)
  if (Array.isArray(value)) return `an array of ${value.length}`
  const name = (value as object).constructor?.name
  return name && name !== 'Object' ? `an instance of ${name}` : 'an object'
}

/** Up to the last `@`: what is not a proper URL may have anything in its password, and it is refused in any case. */
function blankLogin(text: string): string {
  return text.replace(/:\/\/.*@/s, '://***@')
}

/**
 * The known name closest to a mistyped one, by edit distance (insert, delete, replace, swap of neighbours);
 * `undefined` when none is close enough to be meant (more than a third of the longer name differs).
 */
export function closestName(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestDistance = Number.POSITIVE_INFINITY
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance && distance <= Math.ceil(Math.max(name.length, candidate.length) / 3)) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** Throw an `OptionError` when `options` is no object, and for its first key that is not in `known`, naming the closest known one. */
export function assertKnownOptions(options: object, known: readonly string[], prefix = ''): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new OptionError(prefix.replace(/\.$/, '') || 'options', options, 'an object of options')
  }
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue
    const closest = closestName(key, known)
    throw new OptionError(`${prefix}${key}`, (options as Record<string, unknown>)[key], 'left out: it is not known', {
      hint: closest ? `did you mean ${prefix}${closest}?` : `known options: ${known.join(', ')}`,
    })
  }
}

function editDistance(left: string, right: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: right.length + 1 }, (_, column) => column)
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1]
      let cost = Math.min(current[column - 1]! + 1, last[column]! + 1, last[column - 1]! + (same ? 0 : 1))
      if (row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]) {
        cost = Math.min(cost, beforeLast[column - 2]! + 1)
      }
      current.push(cost)
    }
    beforeLast = last
    last = current
  }
  return last[right.length]!
}
