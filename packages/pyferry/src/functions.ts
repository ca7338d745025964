import type { CallPromise, Kwargs } from './call.js'

/** The functions of a program: names and signatures, as a type argument of `Venv`. */
export type FunctionTypes<F> = { [K in keyof F]: (...args: never[]) => unknown }

/** A Python function seen from TypeScript: positional arguments, or fewer of them and `kwargs()` last. */
export interface PythonFunction<A extends readonly unknown[], R> {
  (...args: A): CallPromise<R>
  (...args: [...Leading<Required<A>>, Kwargs]): CallPromise<R>
}

/** The first none, one, two, … of a list of types. */
type Leading<A extends readonly unknown[]> =
  | []
  | (A extends readonly [infer H, ...infer T] ? [H, ...Leading<T>] : never)

/** Every function of `F` as a method that returns a promise. */
export type Functions<F extends FunctionTypes<F>> = {
  readonly [K in keyof F]: PythonFunction<Parameters<F[K]>, Awaited<ReturnType<F[K]>>>
}

/** The ways to call with spread arguments, under options that `Venv.with` was given. */
export interface SpreadForms<F extends FunctionTypes<F>> {
  /** As `Venv.invoke`. */
  readonly invoke: <T = unknown>(fn: string, ...args: unknown[]) => CallPromise<T>
  /** As `Venv.functions`. */
  readonly functions: Functions<F>
}

/** What is known of functions when nothing is declared. */
export type UntypedFunctions = Record<string, (...args: unknown[]) => unknown>

/** Names that JavaScript itself, promises, serialisers, loggers and test tools look up on any object they meet. */
const askedByTools = new Set([
  ...['then', 'catch', 'finally', 'toJSON', 'toString', 'toLocaleString', 'valueOf', 'constructor', 'inspect'],
  ...['prototype', 'asymmetricMatch', 'nodeType', 'tagName', '$$typeof', '@@toStringTag', '@@iterator'],
])

/**
 * Make `py.functions`: an attribute for every name, so that `functions.add(3, 4)` is `invoke('add', 3, 4)`. It is not a thenable, and has
 * no symbols; a Python function whose name tools ask for (`then`) is reached by `invoke`.
 */
export function makeFunctions<F extends FunctionTypes<F>>(
  invoke: (name: string, ...args: unknown[]) => CallPromise<unknown>,
): Functions<F> {
  const made = new Map<string, (...args: unknown[]) => CallPromise<unknown>>()
  return new Proxy(Object.freeze(Object.create(null)), {
    get(_, name) {
      if (typeof name === 'symbol' || askedByTools.has(name) || name.startsWith('_')) return undefined
      let method = made.get(name)
      if (!method) {
        method = (...args) => invoke(name, ...args)
        made.set(name, method)
      }
      return method
    },
  }) as Functions<F>
}
