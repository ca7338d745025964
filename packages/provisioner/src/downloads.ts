/** What may be fetched when it is missing, if somebody allowed it: uv, and Pythons by uv. A library does not fetch executables unasked. */
import type { Candidate } from './candidates.js'
import type { Variables } from './child-environment.js'
import { chooseVariables, installerEnvironment } from './child-environment.js'
import type { ChoiceRequest } from './choose-backend.js'
import { ToolError } from './errors.js'
import { findPython } from './find-python.js'
import { prepareHome } from './home.js'
import { installManagedPython } from './managed-pythons.js'
import type { ResolvedSpec } from './spec.js'
import { fetchUv } from './tools/fetch-uv.js'
import type { FoundTool } from './tools/tool.js'

/** The option, else the variable PYFERRY_DOWNLOADS. */
export function mayDownload(spec: ResolvedSpec, env: Variables): boolean {
  return (spec.downloads ?? env.PYFERRY_DOWNLOADS) === 'missing' && !spec.offline
}

/** @throws ToolError TOOL_DOWNLOAD_FAILED, TOOL_CHECKSUM_MISMATCH */
export async function fetchMissingUv(request: ChoiceRequest): Promise<FoundTool> {
  const { env, reporter, signal, probes, redact } = request
  const home = await homeOf(request, 'uv')
  // Any Python that has a pip will do: what the environment wants of its own is another matter.
  reporter.enter('find-python', 'auto')
  const python = await findPython('auto', { env, signal, probes })
  reporter.enter('fetch-tool', 'uv')
  return await fetchUv({ home, python, env: installerVariables(request), reporter, signal, redact })
}

/** @throws ToolError, InterpreterError (PYTHON_NOT_FOUND) */
export async function fetchMissingPython(request: ChoiceRequest, uv: FoundTool, version: string): Promise<Candidate> {
  const { reporter, signal, redact } = request
  const home = await homeOf(request, 'a Python')
  reporter.enter('fetch-python', version)
  return await installManagedPython({ uv, home, version, env: installerVariables(request), reporter, signal, redact })
}

function installerVariables({ spec, env }: ChoiceRequest): Record<string, string> {
  return installerEnvironment(chooseVariables(env, spec.env), spec.ambient)
}

/** A private folder holds one environment and no tools. */
async function homeOf({ place }: ChoiceRequest, what: string): Promise<string> {
  if (place.home) return (await prepareHome(place.home.home)).home
  throw new ToolError(
    'TOOL_NOT_FOUND',
    `${what} is missing, and is fetched into a home only, not into a private folder`,
    {
      hint: 'leave baseDir out, or install it yourself',
      facts: { path: place.path },
    },
  )
}
