/** The Python that an environment is built from: one that is there, else one that uv fetches when that is allowed. */

import { parsePythonWish } from './candidates.js'
import type { Choice, ChoiceRequest } from './choose-backend.js'
import { fetchMissingPython, fetchMissingUv, mayDownload } from './downloads.js'
import { InterpreterError } from './errors.js'
import { type FindOptions, type FoundPython, findPython } from './find-python.js'
import { listManagedPythons } from './managed-pythons.js'

/** @throws InterpreterError with every refusal, ToolError */
export async function findBase({ source, tool }: Choice, request: ChoiceRequest): Promise<FoundPython> {
  const { place, spec, env, reporter, signal, probes } = request
  reporter.enter('find-python', spec.python)
  const options: FindOptions = {
    env,
    signal,
    probes,
    ranges: source.pythonRanges,
    listManaged: () => listManagedPythons(place.home?.home, env),
  }
  try {
    return await findPython(spec.python, options)
  } catch (error) {
    if (!(error instanceof InterpreterError) || !isFetchable(spec.python) || !mayDownload(spec, env)) throw error
    const ranges = [spec.python, ...source.pythonRanges.map(({ range }) => range)].filter((range) => range !== 'auto')
    const uv = tool ?? (await fetchMissingUv(request))
    const fetched = await fetchMissingPython(request, uv, ranges.join(',') || 'auto')
    return await findPython(fetched.path, options)
  }
}

/** A path or a name is one that the user has. */
function isFetchable(python: string): boolean {
  const { kind } = parsePythonWish(python)
  return kind === 'auto' || kind === 'range'
}
