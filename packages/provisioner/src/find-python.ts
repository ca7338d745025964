/** The Python to build from: the first candidate that is one, is new enough, and is what was asked for. */
import { lstat, stat } from 'node:fs/promises'
import { type Candidate, findStoreStub, listCandidates, parsePythonWish, tryCandidate } from './candidates.js'
import type { Variables } from './child-environment.js'
import { type InterpreterCode, InterpreterError, type RefusedPython, SpecError } from './errors.js'
import { type InterpreterInfo, inspectInterpreter } from './interpreter.js'
import type { ProbeCache } from './probe-cache.js'
import { type Clause, isInRange, tryParsePythonRange } from './version.js'

/** What a build stands on. */
export interface FoundPython {
  info: InterpreterInfo
  /** `info.base` as the disk shows it. */
  base: Candidate
  /** What was looked at before it, and why it was not taken. */
  refused: RefusedPython[]
}

/** What a Python must be beside what the option `python` says. */
export interface PythonRange {
  /** As PEP 440 has it: `>=3.10`. */
  range: string
  /** Who says so, for people: `requires-python of /app/pyproject.toml`. */
  from: string
}

export interface FindOptions {
  env: Variables
  signal?: AbortSignal | undefined
  /** What is known of executables: nothing is started for these. */
  probes?: ProbeCache | undefined
  /** @default [] */
  ranges?: readonly PythonRange[]
  /** Those that uv has installed, looked at last. */
  listManaged?: (() => Promise<Candidate[]>) | undefined
}

const OLDEST: readonly Clause[] = [{ operator: '>=', version: '3.9' }]

/**
 * Find the Python that the option `python` means, starting as few of them as can be.
 *
 * @throws InterpreterError PYTHON_NOT_FOUND, PYTHON_VERSION_MISMATCH, PYTHON_BROKEN, VENV_MODULE_MISSING, with every refusal
 * @throws StoppedError (ABORTED)
 */
export async function findPython(python: string, options: FindOptions): Promise<FoundPython> {
  const ranges = [...rangesOf(python), ...(options.ranges ?? []).map(readRange)]
  const refusals: Refusal[] = []
  for await (const candidate of listCandidates(python, options)) {
    const found = await examinePython(candidate, ranges, options)
    if (!('code' in found)) return { ...found, refused: refusals.map(({ path, reason }) => ({ path, reason })) }
    refusals.push(found)
  }
  throw explainRefusals(python, options.ranges ?? [], refusals, await explainAbsence(python, options.env))
}

/** What the cache keeps of an interpreter. */
interface Answer {
  info: InterpreterInfo
  /** `null`: what it stands for is not there. */
  base: Candidate | null
}

interface ReadRange {
  clauses: readonly Clause[]
  from: string | undefined
}

function rangesOf(python: string): ReadRange[] {
  const clauses = tryParsePythonRange(python)
  return clauses ? [{ clauses, from: undefined }] : []
}

/** @throws SpecError (SPEC_INVALID) */
function readRange({ range, from }: PythonRange): ReadRange {
  // Pre-releases in it count as what they come before: no release lies between.
  const clauses = tryParsePythonRange(range.replace(/(\d)(?:\.?(?:a|b|rc|dev)\d+)+/g, '$1'))
  if (clauses) return { clauses, from }
  throw new SpecError(
    'SPEC_INVALID',
    `${from} must be a range of versions such as >=3.10, not ${JSON.stringify(range)}`,
    {
      hint: 'write it as PEP 440 has it',
      facts: { range, from },
    },
  )
}

interface Refusal extends RefusedPython {
  code: InterpreterCode
  cause?: unknown
}

/** Look at one: what it is, or the reason against it. */
export async function examinePython(
  candidate: Candidate,
  ranges: readonly ReadRange[],
  options: FindOptions,
): Promise<{ info: InterpreterInfo; base: Candidate } | Refusal> {
  const { path } = candidate
  const known = options.probes && (await tryRecall(candidate, options.probes))
  const answer = known ?? (await ask(candidate, options))
  if ('code' in answer) return answer
  const { info } = answer
  if (!isInRange(info.release, OLDEST)) {
    return { path, code: 'PYTHON_VERSION_MISMATCH', reason: `it is ${info.version}, and 3.9 is the oldest that works` }
  }
  for (const { clauses, from } of ranges) {
    if (isInRange(info.release, clauses)) continue
    const why = from === undefined ? '' : `, which ${from} rules out`
    return { path, code: 'PYTHON_VERSION_MISMATCH', reason: `it is ${info.version}${why}` }
  }
  if (!info.hasVenv) return { path, code: 'VENV_MODULE_MISSING', reason: 'it has no module venv' }
  const { base } = answer
  if (!base) return { path, code: 'PYTHON_BROKEN', reason: `the Python it stands for, ${info.base}, is not there` }
  return { info, base }
}

/** What was learnt of it before, as long as the disk shows the same of it and of what it stands for. */
async function tryRecall(candidate: Candidate, probes: ProbeCache): Promise<Answer | undefined> {
  const known = await probes.recall<Answer>('base', candidate)
  if (!known?.base) return undefined
  // An interpreter of no virtual environment stands for itself, and was looked at a moment ago.
  const base = known.base.path === candidate.path ? candidate : tryCandidate(known.base.path)
  return base && isSameFile(base, known.base) ? known : undefined
}

async function ask(candidate: Candidate, { env, signal, probes }: FindOptions): Promise<Answer | Refusal> {
  const { path } = candidate
  let info: InterpreterInfo
  try {
    info = await inspectInterpreter(path, { env, signal })
  } catch (error) {
    if (!(error instanceof InterpreterError)) throw error
    return { path, code: 'PYTHON_BROKEN', reason: String(error.facts.reason), cause: error }
  }
  const answer: Answer = { info, base: tryCandidate(info.base) ?? null }
  await probes?.remember<Answer>('base', candidate, answer)
  return answer
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
  ranges: readonly PythonRange[],
  refusals: readonly Refusal[],
  absence: { code: InterpreterCode; reason: string },
): InterpreterError {
  const asked = python === 'auto' ? 'a Python from 3.9 on' : `the Python ${JSON.stringify(python)}`
  const wanted = [asked, ...ranges.map(({ range, from }) => `${range} (${from})`)].join(', ')
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
async function explainAbsence(python: string, env: Variables): Promise<{ code: InterpreterCode; reason: string }> {
  const wish = parsePythonWish(python)
  const code = 'PYTHON_NOT_FOUND'
  const stub = wish.kind === 'path' ? undefined : findStoreStub(env)
  if (stub !== undefined) return { code: 'PYTHON_STUB', reason: `${stub} only opens the shop` }
  if (wish.kind === 'name') return { code, reason: 'nothing of this name is on PATH' }
  if (wish.kind !== 'path') return { code, reason: 'no python3, python or python3.x is on PATH' }
  const isThere = await lstat(wish.path).catch(() => undefined)
  if (!isThere) return { code, reason: `nothing is at ${wish.path}` }
  const found = await stat(wish.path).catch(() => undefined)
  if (!found) return { code: 'PYTHON_BROKEN', reason: `${wish.path} is a link to nothing` }
  return { code, reason: found.isFile() ? `${wish.path} cannot be executed` : `${wish.path} is not a file` }
}
