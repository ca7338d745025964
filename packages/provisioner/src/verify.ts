/** A last look at a new environment, by its own Python: it is where it should be, and has what was planned. */
import { join } from 'node:path'
import type { BuildJob, BuildResult } from './backends/backend.js'
import { PackageError } from './errors.js'
import { JSON_PRELUDE } from './json-prelude.js'
import { LIFELINE_PRELUDE } from './lifeline.js'
import { normaliseName } from './requirement.js'
import { type Command, describeResult, run } from './run.js'
import type { InstalledPackage } from './stamp.js'

const MARK = 'pyferry-verify:'

/**
 * Every file that an installer has recorded must be there: a `.pyc` may have gone with a version of the source. The files are read
 * without `importlib.metadata`, whose import and whose objects for every file take longer than everything else here.
 */
const VERIFY_SCRIPT = `${LIFELINE_PRELUDE}${JSON_PRELUDE}
import os, sys
def read(*parts):
    try:
        with open(os.path.join(*parts), encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return ""
def header(text, name):
    for line in text.split("\\n"):
        if not line.strip():
            return None
        if line.lower().startswith(name + ":"):
            return line[len(name) + 1:].strip()
    return None
def recorded(text):
    for line in text.splitlines():
        if line.startswith('"'):
            import csv
            line = next(csv.reader([line]))[0] + ","
        path = line.split(",", 1)[0]
        if path and not path.endswith(".pyc"):
            yield path
found, missing, failed, seen = [], [], {}, set()
for folder in sys.path:
    try:
        names = os.listdir(folder or ".")
    except OSError:
        continue
    for entry in names:
        if not entry.endswith((".dist-info", ".egg-info")):
            continue
        place = os.path.join(folder, entry)
        facts = read(place, "METADATA") or read(place, "PKG-INFO") or read(place)
        name, version = header(facts, "name"), header(facts, "version")
        if name is None or version is None or name.lower() in seen:
            continue
        seen.add(name.lower())
        found.append((name, version, os.path.lexists(os.path.join(place, "REQUESTED"))))
        if not place.startswith(sys.prefix):
            continue
        for path in recorded(read(place, "RECORD")):
            if not os.path.lexists(os.path.join(folder, path)):
                missing.append(path)
for name in sys.argv[1:]:
    try:
        __import__(name)
    except BaseException as error:
        failed[name] = "%s: %s" % (type(error).__name__, error)
print("\\n${MARK}" + dump({
    "prefix": sys.prefix,
    "version": sys.version.split()[0].rstrip("+"),
    "packages": found,
    "missing": missing[:10],
    "failed": failed,
}))
`

interface Seen {
  prefix: string
  version: string
  packages: [name: string | null, version: string, isRequested: boolean][]
  missing: string[]
  failed: Record<string, string>
}

export interface Verified {
  pythonVersion: string
  /** Sorted by name. */
  packages: InstalledPackage[]
}

/**
 * Check the environment and list what is in it.
 *
 * @throws PackageError (VERIFY_FAILED)
 */
export async function verify(job: BuildJob, built: BuildResult): Promise<Verified> {
  const { generation, spec, signal, redact, reporter } = job
  const python = join(generation.prefix, built.python)
  const args = ['-I', '-X', 'utf8', '-c', VERIFY_SCRIPT, ...spec.imports]
  const env = { ...job.env, ...built.activation }
  const command: Command = { file: python, args, env, cwd: job.workingFolder, hasLifeline: true }
  const result = await run(command, { signal, redact })
  const refuse = (what: string, facts: Record<string, unknown>): never => {
    const details = { ...describeResult(command, result, redact), facts, phase: reporter.phase }
    throw new PackageError('VERIFY_FAILED', `the new environment ${what}`, details)
  }
  const line = result.stdoutTail.split('\n').findLast((each) => each.startsWith(MARK))
  if (result.exitCode !== 0 || line === undefined) return refuse('does not start', { prefix: generation.prefix })
  const seen = JSON.parse(line.slice(MARK.length)) as Seen
  const expected = join(generation.prefix, built.sysPrefix)
  if (seen.prefix !== expected) {
    refuse(`takes ${seen.prefix} for its own folder`, { expected, received: seen.prefix })
  }
  if (seen.missing.length > 0)
    refuse(`lacks files of its packages: ${seen.missing.join(', ')}`, { missing: seen.missing })
  for (const [name, reason] of Object.entries(seen.failed)) {
    refuse(`cannot import ${name}: ${redact(reason)}`, { name, reason: redact(reason) })
  }
  return { pythonVersion: seen.version, packages: comparePackages(seen.packages, built.plan ?? [], refuse) }
}

function comparePackages(
  seen: Seen['packages'],
  plan: readonly InstalledPackage[],
  refuse: (what: string, facts: Record<string, unknown>) => never,
): InstalledPackage[] {
  const installed = new Map(
    seen
      .filter((each): each is [string, string, boolean] => each[0] !== null)
      .map(([name, version, isRequested]) => [normaliseName(name), { version, isRequested }]),
  )
  // A conda package need not be one of Python's.
  for (const { name, version, from } of plan) {
    const received = installed.get(name)?.version
    if (received === version || from === 'conda') continue
    refuse(`has ${name} ${received ?? 'not at all'} where ${version} was installed`, {
      name,
      expected: version,
      received,
    })
  }
  const planned = new Map(plan.map((each) => [each.name, each]))
  const both = new Map<string, InstalledPackage>(planned)
  for (const [name, each] of installed) {
    both.set(name, planned.get(name) ?? { name, ...each, sha256: null, from: null, url: null })
  }
  return [...both.values()].sort((left, right) => (left.name < right.name ? -1 : 1))
}
