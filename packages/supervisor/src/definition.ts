import type { DefineMessage } from '@pyferry/codec'
import { UnsupportedByWorkerError } from './errors.js'

/** One Python source text. `name` is its file name in tracebacks. */
export interface SourcePart {
  name: string
  code: string
}

/** What a worker is to load before it is ready. */
export interface Definition {
  /** Executed in this order, in one namespace. */
  sources: readonly SourcePart[]
  /** Importable names, or absolute paths of Python files. */
  modules: readonly string[]
  /** Absolute folders, in front of the environment's own. */
  importPaths: readonly string[]
  /** Which names may be called from outside. */
  expose: 'all' | 'own' | readonly string[]
}

export const emptyDefinition: Definition = { sources: [], modules: [], importPaths: [], expose: 'all' }

/**
 * The message that defines it, in what the worker understands; `undefined` when there is nothing to define.
 *
 * @throws UnsupportedByWorkerError when a worker that speaks only the base protocol would have to import something
 */
export function encodeDefinition(
  definition: Definition,
  features: ReadonlySet<string>,
  opID: string,
): DefineMessage | undefined {
  const { sources, modules, importPaths, expose } = definition
  const needsModules = modules.length > 0 || importPaths.length > 0 || expose !== 'all'
  if (sources.length === 0 && !needsModules) return undefined
  if (needsModules && !features.has('modules')) {
    const option = modules.length > 0 ? 'modules' : importPaths.length > 0 ? 'importPaths' : 'expose'
    throw new UnsupportedByWorkerError(
      'modules',
      `option ${option} needs a worker with the feature "modules"; this one speaks only the base protocol`,
      { hint: 'import what you need in a source text instead' },
    )
  }
  return {
    type: 'define',
    opID,
    code: sources.map(({ code }) => code).join('\n'),
    ...(features.has('parts') && { parts: sources.map(({ name, code }) => ({ name, code })) }),
    ...(needsModules && {
      modules: [...modules],
      importPaths: [...importPaths],
      expose: typeof expose === 'string' ? expose : [...expose],
    }),
  }
}
