/** A last look at a new environment, by its own Python: it is where it should be, and has what was planned. */
import type { BuildJob } from './backends/backend.js'
import { PackageError } from './errors.js'
import { normaliseName } from './requirement.js'
import { type Command, describeResult, run } from './run.js'
import type { InstalledPackage } from './stamp.js'

const MARK = 'pyferry-verify:'

const VERIFY_SCRIPT = `
import importlib.metadata, json, sys
found = [(d.metadata["Name"], d.version, d.read_text("REQUESTED") is not None) for d in importlib.metadata.distributions()]
print("\\n${MARK}" + json.dumps({"prefix": sys.prefix, "packages": found}))
`

/**
 * Check the environment and list what is in it.
 *
 * @param plan what the tool says that it installed, when it says so
 * @returns what is there, sorted by name
 * @throws PackageError (VERIFY_FAILED)
 */
export async function verify(
  job: BuildJob,
  plan: readonly InstalledPackage[] | undefined,
): Promise<InstalledPackage[]> {
  const { generation, env, workingFolder: cwd, signal, redact, reporter } = job
  const args = ['-I', '-X', 'utf8', '-c', VERIFY_SCRIPT]
  const command: Command = { file: generation.python, args, env, cwd, hasLifeline: false }
  const result = await run(command, { signal, redact })
  const refuse = (what: string, facts: Record<string, unknown>): never => {
    const details = { ...describeResult(command, result, redact), facts, phase: reporter.phase }
    throw new PackageError('VERIFY_FAILED', `the new environment ${what}`, details)
  }
  const line = result.stdoutTail.split('\n').findLast((each) => each.startsWith(MARK))
  if (result.exitCode !== 0 || line === undefined) return refuse('does not start', { prefix: generation.prefix })
  const seen = JSON.parse(line.slice(MARK.length)) as { prefix: string; packages: [string | null, string, boolean][] }
  if (seen.prefix !== generation.prefix) {
    refuse(`takes ${seen.prefix} for its own folder`, { expected: generation.prefix, received: seen.prefix })
  }
  const installed = new Map(
    seen.packages
      .filter((each): each is [string, string, boolean] => each[0] !== null)
      .map(([name, version, isRequested]) => [normaliseName(name), { version, isRequested }]),
  )
  for (const { name, version } of plan ?? []) {
    const received = installed.get(name)?.version
    if (received === version) continue
    refuse(`has ${name} ${received ?? 'not at all'} where ${version} was installed`, {
      name,
      expected: version,
      received,
    })
  }
  const planned = new Map((plan ?? []).map((each) => [each.name, each]))
  return [...installed]
    .map(([name, each]) => planned.get(name) ?? { name, ...each, sha256: null, from: null })
    .sort((left, right) => (left.name < right.name ? -1 : 1))
}
