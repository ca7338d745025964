/** The Python to build from: the first candidate that is one, is new enough, and is what was asked for. */
import { lstat, stat } from 'node:fs/promises'
import { type Candidate, listCandidates, parsePythonWish, tryCandidate } from './candidates.js'
import type { Variables } from './child-environment.js'
import { type InterpreterCode, InterpreterError, type RefusedPython } from './errors.js'
import { type InterpreterInfo, inspectInterpreter } from './interpreter.js'
import { type Clause, isInRange, tryParsePythonRange } from './version.js'

/** What a build stands on, as the stamp records it: enough to know it again without starting it. */
export interface FoundPython {
  info: InterpreterInfo
  /** `info.base` as the disk shows it. */
  base: Candidate
  /** What was looked at, in order; the last one was taken. */
  considered: Candidate[]
}

export interface FindOptions {
  env: Variables
  signal?: AbortSignal | undefined
}

const OLDEST: readonly Clause[] = [{ operator: '>=', version: '3.9' }]

/**
 * Find the Python that the option `python` means.
 *
 * @throws InterpreterError PYTHON_NOT_FOUND, PYTHON_VERSION_MISMATCH, PYTHON_BROKEN, VENV_MODULE_MISSING, with every refusal
 * @throws StoppedError (ABORTED)
 */
export async function findPython(python: string, { env, signal }: FindOptions): Promise<FoundPython> {
  const range = tryParsePythonRange(python) ?? []
  const considered: Candidate[] = []
  const refusals: Refusal[] = []
  for await (const candidate of listCandidates(python, env)) {
    considered.push(candidate)
    const found = await examine(candidate, range, { env, signal })
    if (!('code' in found)) return { ...found, considered }
    refusals.push(found)
  }
  throw explainRefusals(python, refusals, await explainAbsence(python))
}

/**
 * Know a Python again by what the disk shows, starting nothing.
 *
 * @returns `undefined` when a process has to tell: a file changed, the order on PATH changed, or a shim is among them
 */
export async function tryRecall(python: string, known: FoundPython, env: Variables): Promise<FoundPython | undefined> {
  let index = 0
  for await (const candidate of listCandidates(python, env)) {
    const before = known.considered[index]
    if (!before || candidate.isShim || !isSameFile(candidate, before)) return undefined
    index += 1
    if (index === known.considered.length) break
  }
  if (index === 0 || index < known.considered.length) return undefined
  const base = await tryCandidate(known.base.path)
  return base && isSameFile(base, known.base) ? known : undefined
}

interface Refusal extends RefusedPython {
  code: InterpreterCode
  cause?: unknown
}

async function examine(
  candidate: Candidate,
  range: readonly Clause[],
  options: FindOptions,
): Promise<{ info: InterpreterInfo; base: Candidate } | Refusal> {
  const { path } = candidate
  let info: InterpreterInfo
  try {
    info = await inspectInterpreter(path, options)
  } catch (error) {
    if (!(error instanceof InterpreterError)) throw error
    return { path, code: 'PYTHON_BROKEN', reason: String(error.facts.reason), cause: error }
  }
  if (!isInRange(info.release, OLDEST)) {
    return { path, code: 'PYTHON_VERSION_MISMATCH', reason: `it is ${info.version}, and 3.9 is the oldest that works` }
  }
  if (!isInRange(info.release, range)) {
    return { path, code: 'PYTHON_VERSION_MISMATCH', reason: `it is ${info.version}` }
  }
  if (!info.hasVenv) return { path, code: 'VENV_MODULE_MISSING', reason: 'it has no module venv' }
  const base = await tryCandidate(info.base)
  if (!base) return { path, code: 'PYTHON_BROKEN', reason: `the Python it stands for, ${info.base}, is not there` }
  return { info, base }
}

function isSameFile(left: Candidate, right: Candidate): boolean {
  return (
    left.path === right.path &&
    left.realPath === right.realPath &&
    left.size === right.size &&
    left.mtimeMs === right.mtimeMs
  )
}

/** The nearest to a working one decides the code: that is what the user can mend. */
const NEAREST: readonly InterpreterCode[] = ['VENV_MODULE_MISSING', 'PYTHON_VERSION_MISMATCH', 'PYTHON_BROKEN']

function explainRefusals(
  python: string,
  refusals: readonly Refusal[],
  absence: { code: InterpreterCode; reason: string },
): InterpreterError {
  const wanted = python === 'auto' ? 'a Python from 3.9 on' : `the Python ${JSON.stringify(python)}`
  const code = NEAREST.find((each) => refusals.some((refusal) => refusal.code === each))
  if (!code) {
    return new InterpreterError(absence.code, `${wanted} was not found: ${absence.reason}`, { facts: { python } })
  }
  const refused = refusals.map(({ path, reason }) => ({ path, reason }))
  const list = refused.map(({ path, reason }) => `${path}: ${reason}`).join('; ')
  return new InterpreterError(code, `${wanted} was looked for, and none of these is one: ${list}`, {
    refused,
    cause: refusals.find((refusal) => refusal.code === code)?.cause,
    facts: { python },
  })
}

/** Why there was nothing to refuse. */
async function explainAbsence(python: string): Promise<{ code: InterpreterCode; reason: string }> {
  const wish = parsePythonWish(python)
  const code = 'PYTHON_NOT_FOUND'
  if (wish.kind === 'name') return { code, reason: 'nothing of this name is on PATH' }
  if (wish.kind !== 'path') return { code, reason: 'no python3, python or python3.x is on PATH' }
  const isThere = await lstat(wish.path).catch(() => undefined)
  if (!isThere) return { code, reason: `nothing is at ${wish.path}` }
  const found = await stat(wish.path).catch(() => undefined)
  if (!found) return { code: 'PYTHON_BROKEN', reason: `${wish.path} is a link to nothing` }
  return { code, reason: found.isFile() ? `${wish.path} cannot be executed` : `${wish.path} is not a file` }
}
