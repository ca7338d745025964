/** A script with its dependencies in it: they add up with the options, or its lock file decides alone. */
import { dirname } from 'node:path'
import { SpecError } from '../errors.js'
import type { Source, SourceContext } from '../source.js'
import type { ResolvedSpec } from '../spec.js'
import { assemble, type SourceParts } from './assemble.js'
import { readScript } from './script.js'

/** @throws SpecError (SOURCE_MISSING, SPEC_INVALID), UnsafeRequirementError */
export async function readScriptSource(path: string, spec: ResolvedSpec, context: SourceContext): Promise<Source> {
  const script = await readScript(path)
  const { requiresPython, lock, dependencies, uvIndexes, localPaths } = script
  const shared: SourceParts = {
    kind: 'script',
    localPaths,
    indexes: uvIndexes,
    workingFolder: dirname(script.path),
    pythonRanges: requiresPython === null ? [] : [{ range: requiresPython, from: `requires-python of ${script.path}` }],
  }
  const unlocked =
    dependencies &&
    (() =>
      assemble(
        {
          ...shared,
          files: script.files.filter(({ role }) => role === 'script'),
          requirements: [...new Set([...dependencies, ...spec.requirements.map(({ text }) => text)])],
          requirementsFiles: spec.requirementsFiles,
        },
        context,
      ))
  if (lock === undefined) return (await unlocked?.()) ?? refuse(script.path)
  return await assemble(
    {
      ...shared,
      files: script.files,
      lock: { kind: 'script', path: lock, folder: dirname(script.path) },
      ...(unlocked && { unlocked }),
    },
    context,
  )
}

/** Not reached: `readScript` has refused it with the reason. */
function refuse(path: string): never {
  throw new SpecError('SPEC_INVALID', `${path} has a dependency that only a lock file can describe`, {
    facts: { path },
  })
}
