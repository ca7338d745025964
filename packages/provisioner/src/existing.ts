/** An interpreter that is there already, used as it is: nothing is built in it, nothing installed. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { listCandidates } from './candidates.js'
import { InterpreterError } from './errors.js'
import { type InterpreterInfo, inspectInterpreter } from './interpreter.js'
import { encodeId } from './key.js'
import { DeferredProbes } from './probes.js'
import type { ProvisionRequest } from './provision.js'

export interface Existing {
  /** The same for the same interpreter. */
  id: string
  /** Absolute, and not resolved: a link may be what makes it a virtual environment's. */
  python: string
  info: InterpreterInfo
}

/**
 * Find out what an interpreter is.
 *
 * @param interpreter a path, or a name on PATH
 * @throws InterpreterError PYTHON_NOT_FOUND, PYTHON_BROKEN; StoppedError (ABORTED)
 */
export async function useInterpreter(interpreter: string, request: ProvisionRequest): Promise<Existing> {
  const { place, reporter, signal, env } = request
  reporter.enter('find-python', interpreter)
  for await (const candidate of listCandidates(interpreter, { env })) {
    const probes = new DeferredProbes(place.probesDir)
    const python = candidate.path
    const known = await probes.recall<InterpreterInfo>('python', candidate)
    const info = known ?? (await inspectInterpreter(python, { signal, env }))
    await probes.remember('python', candidate, info)
    // Where there is no folder of ours, none is made for this.
    if (!known && existsSync(place.probesDir)) await probes.save()
    const facts = JSON.stringify(['interpreter', python, info.version, info.soabi])
    const id = encodeId(createHash('sha256').update(facts).digest())
    reporter.id = id
    return { id, python, info }
  }
  throw new InterpreterError('PYTHON_NOT_FOUND', `the interpreter ${interpreter} is not there, or cannot be executed`, {
    hint: 'give the path of a Python that is there, or leave interpreter out to have an environment made',
    facts: { interpreter },
  })
}
