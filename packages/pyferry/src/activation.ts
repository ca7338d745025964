/** What an environment needs in the variables of whoever runs in it. */
import { delimiter } from 'node:path'

/** The variables of a worker, with those of its environment; that one's `PATH` goes in front of the worker's own. */
export function activate(
  env: Readonly<Record<string, string>>,
  activation: Readonly<Record<string, string>>,
): Record<string, string> {
  const added = Object.entries(activation).map(([name, value]): [string, string] => {
    const own = /^path$/i.test(name) ? env[name] : undefined
    return [name, own ? `${value}${delimiter}${own}` : value]
  })
  return { ...env, ...Object.fromEntries(added) }
}
