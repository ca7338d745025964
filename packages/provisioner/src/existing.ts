/** An interpreter that is there already, used as it is: nothing is built in it, nothing installed. */
import { existsSync } from 'node:fs'
import { tryCandidate } from './candidates.js'
import { findPython } from './find-python.js'
import { type InterpreterInfo, inspectInterpreter } from './interpreter.js'
import { encodeId } from './key.js'
import type { ProvisionRequest } from './provision.js'
import { DeferredProbes } from './probes.js'

export interface Existing {
  /** The same for the same interpreter. */
  id: string
  /** Not resolved: a link may be what makes it a virtual environment's. */
  python: string
  info: InterpreterInfo
}

/** @throws InterpreterError PYTHON_NOT_FOUND, PYTHON_BROKEN */
export async function useInterpreter(interpreter: string, request: ProvisionRequest): Promise<Existing> {
  const { place, reporter, signal, env } = request
  reporter.enter('find-python', interpreter)
  const probes = new DeferredProbes(place.probesDir)
  const python = await locate(interpreter, request, probes)
  const candidate = tryCandidate(python)
  const known = candidate && (await probes.recall<InterpreterInfo>('interpreter', candidate))
  const info = known ?? (await inspectInterpreter(python, { signal, env }))
  if (candidate && !known) await probes.remember('interpreter', candidate, info)
  // Where there is no folder of ours, none is made for this.
  if (existsSync(place.probesDir)) await probes.save()
  const id = encodeId(JSON.stringify(['interpreter', python, info.version, info.soabi]))
  reporter.id = id
  return { id, python, info }
}
