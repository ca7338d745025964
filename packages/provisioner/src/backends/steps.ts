/** One command of a build, with its failure as an error of ours; and the files that installers are given. */
import { writeFile } from 'node:fs/promises'
import { classifyFailure } from '../classify.js'
import { type Command, describeResult, type RunResult, run } from '../run.js'
import type { BuildJob } from './backend.js'

export type OnLine = (stream: 'stdout' | 'stderr', line: string) => 'keep' | 'drop'

export interface Step {
  file: string
  args: readonly string[]
  /** @default the job's */
  cwd?: string
  /** Beside the job's. */
  env?: Readonly<Record<string, string>>
  /** Python that arms the lifeline by itself; another program has it armed by the base's, where there is one. */
  hasLifeline: boolean
  /** Whether its temporary files lie where everybody's do. @default false */
  sharesTemporary?: boolean
  /** @default every line is an event */
  onLine?: OnLine
}

/** Run one command of a build to its end. @throws ProvisionError, classified; the signal's reason */
export async function runStep(job: BuildJob, step: Step): Promise<RunResult> {
  const { signal, redact, reporter } = job
  const { file, args, cwd = job.workingFolder, hasLifeline } = step
  const launcher = hasLifeline ? undefined : job.launcher
  const env = { ...job.env, ...(step.sharesTemporary ? {} : job.temporary), ...step.env }
  const command: Command = { file, args, env, cwd, hasLifeline, launcher }
  const onLine: OnLine = (stream, line) => {
    reporter.log(stream, line)
    return 'keep'
  }
  const result = await run(command, { signal, redact, onLine: step.onLine ?? onLine })
  if (result.exitCode === 0) return result
  throw classifyFailure(result, { ...describeResult(command, result, redact), phase: reporter.phase })
}

/** Write the requirements that are not in a file of the user's. @returns the files to install from, the user's among them */
export async function writeRequirements({ source, generation }: BuildJob): Promise<string[]> {
  if (source.requirements.length === 0) return [...source.requirementsFiles]
  await writeLines(generation.requirements, source.requirements)
  return [generation.requirements, ...source.requirementsFiles]
}

/** Write the constraints of the spec. @returns none when it has none */
export async function writeConstraints({ spec, generation }: BuildJob): Promise<string[]> {
  if (spec.constraints.length === 0) return []
  await writeLines(
    generation.constraints,
    spec.constraints.map(({ text }) => text),
  )
  return [generation.constraints]
}

/** A project to be installed as an installer takes it: its path, with extras. */
export function projectTarget({ folder, extras }: NonNullable<BuildJob['source']['project']>): string {
  return extras.length > 0 ? `${folder}[${extras.join(',')}]` : folder
}

async function writeLines(path: string, lines: readonly string[]): Promise<void> {
  await writeFile(path, lines.map((line) => `${line}\n`).join(''), { mode: 0o600 })
}
