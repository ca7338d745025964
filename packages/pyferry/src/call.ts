/** The forms of a call and of its outcome, seen by a user. */
import { UnserializableError } from '@pyferry/codec'
import { describeValue, isPyferryError } from '@pyferry/errors'
import type { Outcome } from '@pyferry/result-cache'

/** A promise of a call's result, which also knows the call's id (V-6). */
export interface CallPromise<T> extends Promise<T> {
  readonly id: string
}

/** What the result cache holds of a call that failed. */
export interface Failure {
  error: Error
  /** The stack of the place that called, with `captureStacks`. */
  callSite: string | undefined
  /** Makes the error anew: for an outcome that goes to many, each of whom gets a stack of their own. */
  copy?: () => Error
}

/** What `result(id)` answers. */
export type CallResult<T> = { state: 'pending' } | { state: 'done'; value: T } | { state: 'failed'; error: Error }

const keywordArguments: unique symbol = Symbol.for('pyferry.kwargs') as never

/** Keyword arguments of a call, made by `kwargs()`. */
export interface Kwargs {
  readonly [keywordArguments]: Readonly<Record<string, unknown>>
}

/**
 * Pass keyword arguments: `py.invoke('round', 2.345, kwargs({ ndigits: 2 }))`. Goes last.
 *
 * @throws UnserializableError when `values` is not a plain object
 */
export function kwargs(values: Readonly<Record<string, unknown>>): Kwargs {
  if (!isPlainObject(values)) {
    throw new UnserializableError('kwargs', `expected an object of keyword arguments, not ${describeValue(values)}`)
  }
  return Object.freeze({ [keywordArguments]: values })
}

/** What was passed, in the two forms a worker takes. */
export type Arguments =
  | { args: unknown }
  | { spread: { args: readonly unknown[]; kwargs: Readonly<Record<string, unknown>> } }

/** The one argument of `call`. @throws UnserializableError for `kwargs()`, which belong to `invoke` */
export function singleArgument(value: unknown): Arguments {
  if (isKwargs(value)) {
    throw new UnserializableError('args', 'kwargs() goes with invoke and functions, not with call', {
      hint: 'py.invoke(name, kwargs({ … })), or pass a plain object as the one argument',
    })
  }
  return { args: value }
}

/** The arguments of `invoke`, the last of which may be `kwargs()`. @throws UnserializableError for one that stands elsewhere */
export function spreadArguments(values: readonly unknown[]): Arguments {
  const last = values.at(-1)
  const positional = isKwargs(last) ? values.slice(0, -1) : values
  const misplaced = positional.findIndex(isKwargs)
  if (misplaced >= 0) throw new UnserializableError(`args[${misplaced}]`, 'kwargs() must be the last argument')
  return { spread: { args: positional, kwargs: isKwargs(last) ? last[keywordArguments] : {} } }
}

/**
 * Hand an outcome to the one who waited: the value, or the error thrown. To be called in an `async` function after its wait, so
 * that the error's stack shows the place that waits (V-18): it was made where an answer was read, which tells nothing.
 */
export function deliver<T>(outcome: Outcome<unknown, Failure>): T {
  if (outcome.state === 'done') return outcome.value as T
  throw located(outcome.error, deliver)
}

/** The error of a failure with the current stack, and the stack of the call where it was kept. */
export function located(failure: Failure, below: (...args: never[]) => unknown): Error {
  const { callSite } = failure
  const error = failure.copy?.() ?? failure.error
  Error.captureStackTrace(error, below)
  if (callSite !== undefined) error.stack = `${error.stack}\n    --- called from ---\n${callSite}`
  return error
}

/** Give an error of a wait the stack of the place that waits; a foreign one, such as an abort reason, is left as it is. */
export function relocated(error: unknown, below: (...args: never[]) => unknown): unknown {
  if (isPyferryError(error)) Error.captureStackTrace(error, below)
  return error
}

/** Also one of another realm, such as a test runner's. */
function isPlainObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return (
    prototype === null ||
    (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf'))
  )
}

function isKwargs(value: unknown): value is Kwargs {
  return typeof value === 'object' && value !== null && keywordArguments in value
}
