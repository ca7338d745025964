/** What the options alone say: requirements, and files of them. */
import type { Source, SourceContext } from '../source.js'
import type { ResolvedSpec } from '../spec.js'
import { assemble } from './assemble.js'

/** @throws SpecError (SOURCE_MISSING) */
export function readRequirementsSource(spec: ResolvedSpec, context: SourceContext): Promise<Source> {
  const { requirements, requirementsFiles } = spec
  const kind = requirementsFiles.length > 0 ? 'requirements' : requirements.length > 0 ? 'inline' : 'none'
  return assemble({ kind, requirements: requirements.map(({ text }) => text), requirementsFiles }, context)
}
