/** What a worker needs beside the path of its Python: the variables that activating an environment sets. */
import { delimiter } from 'node:path'
import type { Variables } from '../child-environment.js'

/** A shell's own book-keeping, and its prompt. */
const OF_THE_SHELL = new Set(['_', 'SHLVL', 'PWD', 'OLDPWD', 'INIT_CWD', 'PS1', 'PIXI_PROMPT'])

/**
 * The variables that an activated environment has beyond what it was given: new or with another value.
 *
 * `PATH` is what comes before the `PATH` that was given: a worker has one of its own, to put that in front of. Other lists are
 * taken whole. That a variable was unset cannot be said.
 *
 * @param given what pixi was started with
 * @param seen what a program that pixi started saw
 */
export function activationOf(given: Variables, seen: Readonly<Record<string, string>>): Record<string, string> {
  const changed = Object.entries(seen).filter(
    // A lone surrogate is a byte that is no UTF-8: Node has read it in another way, and cannot pass it on.
    ([name, value]) => !OF_THE_SHELL.has(name) && given[name] !== value && !/\p{Surrogate}/u.test(value),
  )
  return Object.fromEntries(
    changed.map(([name, value]) => [name, /^path$/i.test(name) ? pathBefore(value, given[name]) : value]),
  )
}

function pathBefore(value: string, given: string | undefined): string {
  const rest = given === undefined ? undefined : `${delimiter}${given}`
  return rest !== undefined && value.endsWith(rest) ? value.slice(0, -rest.length) : value
}
