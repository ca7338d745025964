/**
 * What went wrong, from what pixi printed. It is told to print an error without drawings and without breaking lines
 * (`NO_GRAPHICS`): the message, and a line `Caused by:` for each cause. The samples this is tested with are what a real pixi
 * printed; what only a newer one prints stands here as its source has it.
 */
import { classifyFailure, faults, type Rule } from '../classify.js'
import { type ProvisionError, type ProvisionFailure, ToolError } from '../errors.js'
import type { RunResult } from '../run.js'

const { spec, packages, network, machine } = faults

const tooOld = (message: string, failure: ProvisionFailure) => new ToolError('TOOL_TOO_OLD', message, failure)

/** The first match wins. */
const pixiRules: readonly Rule[] = [
  // Whatever else fails on a full disk fails because of it.
  {
    pattern: /No space left on device|Disk quota exceeded|\(os error (?:28|122)\)/,
    make: machine('DISK_FULL'),
    what: 'the disk is full',
  },
  // The second is how 0.15 panics on a lock that lacks the environment.
  {
    pattern: /lock-?\s?file not up-to-date with the|lock-file should be up-to-date so it should also include/,
    make: spec('LOCKFILE_STALE'),
    what: 'pixi.lock does not fit the manifest',
  },
  {
    pattern: /found newer lockfile format version (?<found>\d+), but only up to including version (?<supported>\d+)/,
    make: tooOld,
    what: 'pixi.lock was written by a newer pixi',
  },
  {
    pattern: /^error: unexpected argument '(?<option>[^']+)'/,
    make: tooOld,
    what: 'this pixi does not know an option',
  },
  {
    pattern: /unknown environment '(?<environment>[^']+)'/,
    make: spec('SPEC_INVALID'),
    what: 'the manifest has no such environment',
  },
  {
    pattern: /does not support '(?<platform>[^']+)'/,
    make: spec('SPEC_INVALID'),
    what: 'the manifest is not for this platform',
  },
  {
    pattern: /failed to parse (?:project manifest|workspace manifest|pixi\.toml|pyproject\.toml)/,
    make: spec('SPEC_INVALID'),
    what: 'the manifest holds what pixi does not understand',
  },
  {
    pattern: /while parsing a (?:flow|block) (?:node|mapping|sequence)|missing field `version`/,
    make: spec('SPEC_INVALID'),
    what: 'pixi.lock is not one',
  },
  {
    pattern: /no python interpreter is added to the dependencies/,
    make: spec('SPEC_INVALID'),
    what: 'packages of an index need a Python among the dependencies',
  },
  // Before the conflict, of which it is the simplest.
  {
    pattern: /Cannot solve the request because of: No candidates were found for (?<requirement>.+?)\.?$/,
    make: packages('NO_MATCHING_DISTRIBUTION'),
    what: 'no release fits',
  },
  {
    pattern: /Cannot solve the request because of/,
    make: packages('RESOLUTION_CONFLICT'),
    what: 'the dependencies contradict each other',
  },
  {
    pattern: /hash mismatch/i,
    make: packages('HASH_MISMATCH'),
    what: 'what was downloaded has another hash than was locked',
  },
  {
    pattern: /certificate verify failed|self[- ]signed certificate|invalid peer certificate|UnknownIssuer/i,
    make: network('TLS_FAILED'),
    what: 'the certificate of a channel is not trusted',
  },
  {
    pattern: /HTTP status client error \((?<status>401|403)\b/,
    make: network('AUTH_FAILED'),
    what: 'a channel refused the login, or wants one',
  },
  {
    pattern: /repodata not found|HTTP status client error \((?<status>404|410)\b/,
    make: spec('SOURCE_MISSING'),
    what: 'a channel or a package of it is not there',
  },
  {
    pattern:
      /error sending request for url|error trying to connect|HTTP status server error \((?<status>5\d\d)\b|dns error|Connection (?:refused|reset)|operation timed out/,
    make: network('NETWORK_UNREACHABLE'),
    what: 'a channel could not be reached',
  },
  {
    pattern: /Read-only file system|\(os error 30\)/,
    make: machine('HOME_READ_ONLY'),
    what: 'the disk is mounted for reading only',
  },
  {
    pattern: /Permission denied|\(os error (?:13|1)\)/,
    make: machine('PERMISSION_DENIED'),
    what: 'a file or folder may not be written',
  },
  // Its log lines begin with a level, causes are indented: the first other line is the message.
  {
    pattern: /^(?!ERROR|WARN|INFO|DEBUG)\S.*/,
    make: packages('INSTALL_FAILED'),
    what: 'pixi could not make the environment',
  },
]

export function classifyPixiFailure(result: RunResult, failure: ProvisionFailure): ProvisionError {
  return classifyFailure(result, failure, pixiRules)
}
