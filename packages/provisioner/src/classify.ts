/**
 * What went wrong, from what a tool printed. Exit codes separate almost nothing, and no stream has all of it: both are read, by a
 * table in which the first match wins. The samples it is tested with are what real versions of pip and uv printed; their words
 * differ so much that one table serves both.
 */
import {
  InterpreterError,
  type MachineCode,
  MachineError,
  type NetworkCode,
  NetworkError,
  type PackageCode,
  PackageError,
  type ProvisionError,
  type ProvisionFailure,
  type SpecCode,
  SpecError,
} from './errors.js'
import { redactUrls } from './redact.js'
import type { RunResult } from './run.js'
import { joinWrappedLines } from './wrapped-lines.js'

type Facts = Readonly<Record<string, string>>
type Classified = (message: string, failure: ProvisionFailure) => ProvisionError

export interface Rule {
  /** On one line of either stream, wrapped ones joined. Its named groups become facts. */
  pattern: RegExp
  /** What has to stand on some other line, or in the command. */
  beside?: (facts: Facts) => RegExp
  make: Classified
  what: string
  /** @default the hint of the code */
  hint?: string
}

const spec =
  (code: SpecCode): Classified =>
  (message, failure) =>
    new SpecError(code, message, failure)
const packages =
  (code: PackageCode): Classified =>
  (message, failure) =>
    new PackageError(code, message, failure)
const network =
  (code: NetworkCode): Classified =>
  (message, failure) =>
    new NetworkError(code, message, failure)
const machine =
  (code: MachineCode): Classified =>
  (message, failure) =>
    new MachineError(code, message, failure)

/** How a rule names the class and code of its error. */
export const faults = { spec, packages, network, machine }

const NO_RELEASE = 'no release fits'
const OFFLINE = 'a package is not here, and no index may be asked'
const NO_BUILDING = 'a package has no ready wheel here, and building from source is not allowed'

/**
 * uv tells of a missing version and of a conflict by the same kind of sentence. It is a missing version when the reason that names
 * what is available is the last one: "only tiny<=2.0 is available and you require tiny>=99, we can conclude that your requirements
 * are unsatisfiable".
 */
const UV_WANTS = String.raw`(?:you require|your project depends on|\S+ depends? on)`
const UV_GIVES_UP = "we can conclude that (?:your (?:project's )?requirements are unsatisfiable|[^,]*? cannot be used)"

/** In their order: what is sure to be the reason comes before what may be its consequence. */
const pipAndUvRules: readonly Rule[] = [
  // Whatever else fails on a full disk fails because of it.
  {
    pattern: /No space left on device|Disk quota exceeded|\[Errno (?:28|122)\]|\(os error (?:28|112|122)\)/,
    make: machine('DISK_FULL'),
    what: 'the disk is full',
  },
  {
    pattern: /DO NOT MATCH THE HASHES|Hash mismatch for `(?<requirement>[^`]+)`/,
    make: packages('HASH_MISMATCH'),
    what: 'what was downloaded has another hash than was required',
  },
  {
    pattern:
      /Hashes are required in --require-hashes mode|In `?--require-hashes`? mode, all requirements must|Hash-checking is required, but no/,
    make: spec('HASH_MISSING'),
    what: 'a requirement has no hash, and hashes are required of all when one has one',
  },
  {
    pattern: /WRONG_VERSION_NUMBER|RECORD_LAYER_FAILURE|received corrupt message of type/,
    make: network('TLS_FAILED'),
    what: 'what answers for the package index speaks no TLS',
    hint: 'the address says https: correct it, or the proxy on the way',
  },
  {
    pattern:
      /CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError|\[SSL[:\]]|SSLError\(|invalid peer certificate|received fatal alert/,
    make: network('TLS_FAILED'),
    what: 'the certificate of the package index is not trusted',
  },
  // A proxy is not the index: another login, given in another place.
  {
    pattern: /(?:Tunnel connection failed: |\b(?=407 ))(?<status>40[137]) |proxy authorization required/,
    make: network('AUTH_FAILED'),
    what: 'the proxy refused the login, or wants one',
    hint: 'give the login of the proxy in HTTP_PROXY and HTTPS_PROXY; NO_PROXY names hosts that need no proxy',
  },
  {
    pattern: /\b(?<status>401|403) (?:Client Error|Error|Unauthorized|Forbidden|while getting)/,
    make: network('AUTH_FAILED'),
    what: 'the package index refused the login, or wants one',
  },
  {
    pattern: /^User for (?<host>.*):|^EOFError: EOF when reading a line/,
    make: network('AUTH_FAILED'),
    what: 'the package index wants a login',
  },
  {
    pattern:
      /fatal: (?:Authentication failed for|could not read (?:Username|Password) for) '(?<url>[^']+)'|Permission denied \(publickey/,
    make: network('AUTH_FAILED'),
    what: 'a repository refused the login, or wants one',
    hint: "give git the login, by its credential helper or an SSH agent; the installer's input is closed",
  },
  {
    pattern: /fatal: unable to access '(?<url>[^']+)'/,
    make: network('NETWORK_UNREACHABLE'),
    what: 'a repository could not be reached',
    hint: 'check the network, the address of the repository and the proxy of git, then try again',
  },
  {
    pattern:
      /fatal: (?:repository '(?<url>[^']+)' not found|'(?<path>[^']+)' does not appear to be a git repository|couldn't find remote ref (?<ref>\S+))|pathspec '(?<revision>[^']+)' did not match/,
    make: spec('SOURCE_MISSING'),
    what: 'a repository, or the revision in it, is not there',
    hint: 'check the address of the repository and what stands after the @',
  },
  {
    pattern: /(?<requirement>\S+) was not found in the (?:cache|provided package locations)/,
    make: network('OFFLINE_MISS'),
    what: OFFLINE,
  },
  {
    pattern: /Network connectivity is disabled/,
    make: network('OFFLINE_MISS'),
    what: OFFLINE,
  },
  {
    pattern: /Wheels are required for `(?<package>[^`]+)` because building from source is disabled/,
    make: packages('SDIST_FORBIDDEN'),
    what: NO_BUILDING,
  },
  {
    pattern: /Distribution `(?<package>[\w.-]+)[^`]*` can't be installed because it is marked as `--no-build`/,
    make: packages('SDIST_FORBIDDEN'),
    what: NO_BUILDING,
  },
  // Before the network: these need answers of the index, so a retry that was needed on the way was not the end.
  {
    // Not those of a package that is being built: the caller has not written them.
    pattern: /^ERROR: (?:ResolutionImpossible|Cannot install )|^(?!.*Failed to build `).*Because .* are incompatible\b/,
    make: packages('RESOLUTION_CONFLICT'),
    what: 'the requirements contradict each other',
  },
  // Before "no matching distribution", which is what pip makes of an index that does not answer.
  {
    pattern:
      /NewConnectionError|NameResolutionError|Max retries exceeded|Failed to establish a new connection|Retrying \(Retry\(total=0|ReadTimeoutError|ConnectTimeoutError|ConnectionResetError|\b(?:429 Client|5\d\d Server) Error\b|HTTP error (?:429|5\d\d)|ProxyError|RemoteDisconnected|IncompleteRead|Network is unreachable/,
    make: network('NETWORK_UNREACHABLE'),
    what: 'the package index could not be reached',
  },
  {
    pattern:
      /error sending request for url|HTTP status server error|\(429 Too Many Requests\)|error decoding response body|operation timed out|Request failed after \d+ retr/,
    make: network('NETWORK_UNREACHABLE'),
    what: 'the package index could not be reached',
  },
  {
    pattern: /(?:Failed building wheel for|Failed to build) `?(?<package>[\w.-]+)/,
    make: packages('BUILD_FAILED'),
    what: 'a package could not be built from source',
  },
  {
    pattern:
      /error: subprocess-exited-with-error|error: metadata-generation-failed|Could not build wheels for|Command errored out with exit status/,
    make: packages('BUILD_FAILED'),
    what: 'a package could not be built from source',
  },
  // pip leaves such an index out, and then finds nothing.
  {
    pattern: /The repository located at (?<host>\S+) is not a trusted or secure host/,
    make: network('TLS_FAILED'),
    what: 'the package index has no TLS, and is not trusted without',
    hint: 'use its https address; PIP_TRUSTED_HOST names hosts that are trusted without',
  },
  // The reason for these two stands elsewhere, and pip tells it only when asked to tell more.
  {
    pattern: /No matching distribution found for (?<requirement>[^(]*[^(\s])/,
    beside: ({ requirement = '' }) => new RegExp(`No sources permitted for ${/^[\w.-]*/.exec(requirement)}:`, 'i'),
    make: packages('SDIST_FORBIDDEN'),
    what: NO_BUILDING,
  },
  {
    pattern: /No matching distribution found for (?<requirement>[^(]*[^(\s])/,
    beside: () => /^\s*Ignoring indexes: |\s--no-index(?:\s|$)/,
    make: network('OFFLINE_MISS'),
    what: OFFLINE,
  },
  {
    pattern: /No matching distribution found for (?<requirement>[^(]*[^(\s])/,
    make: packages('NO_MATCHING_DISTRIBUTION'),
    what: NO_RELEASE,
  },
  {
    pattern: /(?<requirement>\S+) was not found in the package registry/,
    make: packages('NO_MATCHING_DISTRIBUTION'),
    what: NO_RELEASE,
  },
  {
    pattern: /there (?:is no version|are no versions) of (?<requirement>[^\s,]+)/,
    make: packages('NO_MATCHING_DISTRIBUTION'),
    what: NO_RELEASE,
  },
  {
    pattern: new RegExp(
      String.raw`only (?<package>[\w.-]+)[<>=!~]\S* is available and ${UV_WANTS} (?<requirement>\k<package>[<>=!~]\S*?), ${UV_GIVES_UP}`,
    ),
    make: packages('NO_MATCHING_DISTRIBUTION'),
    what: NO_RELEASE,
  },
  {
    pattern: new RegExp(
      String.raw`only the following versions of (?<package>\S+) are available: [^:]*? and ${UV_WANTS} (?<requirement>\k<package>[<>=!~]\S*?), ${UV_GIVES_UP}`,
    ),
    make: packages('NO_MATCHING_DISTRIBUTION'),
    what: NO_RELEASE,
  },
  {
    pattern: /Package '(?<requirement>[^']+)' requires a different Python|is not a supported wheel on this platform/,
    make: packages('NO_MATCHING_DISTRIBUTION'),
    what: 'no release fits this Python or platform',
  },
  {
    pattern: /does not satisfy Python\S* and (?:all versions of )?(?<requirement>[\w.-]+)/,
    make: packages('NO_MATCHING_DISTRIBUTION'),
    what: 'no release fits this Python',
  },
  {
    pattern:
      /(?<requirement>[\w.-]+)(?:==\S+)? has no (?:wheels with a matching|usable wheels)|Distribution `(?<package>[\w.-]+)[^`]*` can't be installed because it doesn't have a source distribution or wheel/,
    make: packages('NO_MATCHING_DISTRIBUTION'),
    what: 'no release fits this Python or platform',
  },
  {
    pattern: /Because .* requirements are unsatisfiable/,
    make: packages('RESOLUTION_CONFLICT'),
    what: 'the requirements contradict each other',
  },
  {
    pattern: /The lockfile at `(?<file>[^`]+)` needs to be updated/,
    make: spec('LOCKFILE_STALE'),
    what: 'the lock file does not fit pyproject.toml any more',
  },
  {
    pattern: /Unable to find lockfile at `(?<file>[^`]+)`/,
    make: spec('SOURCE_MISSING'),
    what: 'the project has no lock file',
    hint: 'make it by running uv lock in the folder of the project',
  },
  {
    pattern: /The lockfile at `(?<file>[^`]+)` uses an unsupported schema version/,
    make: spec('LOCKFILE_NEEDS_UV'),
    what: 'the lock file was written by another version of uv',
    hint: 'use a uv of the version that wrote the lock file',
  },
  {
    pattern: /Required uv version `(?<required>[^`]+)` does not match the running version `(?<version>[^`]+)`/,
    make: spec('LOCKFILE_NEEDS_UV'),
    what: 'the project asks for another version of uv',
    hint: 'use a uv that fits required-version in pyproject.toml or uv.toml',
  },
  {
    pattern: /incompatible with the project's Python requirement: `(?<range>[^`]+)`/,
    make: (message, failure) => new InterpreterError('PYTHON_VERSION_MISMATCH', message, failure),
    what: 'the project is not for this Python',
  },
  {
    pattern:
      /HTTP error (?:404|410)\b|\((?:404 Not Found|410 Gone)\)|Could not open requirements file: .*No such file|Invalid requirement.*File .* does not exist|Distribution not found at: |File not found: |due to an (?:OSError|EnvironmentError): \[Errno 2\]/,
    make: spec('SOURCE_MISSING'),
    what: 'a file or URL that is named is not there',
  },
  {
    pattern: /Group `(?<group>[^`]+)` is not defined/,
    make: spec('SPEC_INVALID'),
    what: 'the project has no such dependency group',
  },
  {
    pattern: /Extra `(?<extra>[^`]+)` is not defined/,
    make: spec('SPEC_INVALID'),
    what: 'the project has no such extra',
  },
  {
    pattern:
      /Invalid requirement|error: unrecognized arguments|error: no such option|^Usage:|Couldn't parse requirement|^error: Failed to parse/,
    make: spec('SPEC_INVALID'),
    what: 'a file holds what the installer does not understand',
  },
  {
    pattern: /File name too long|\[Errno 36\]|\[WinError 206\]|\(os error (?:36|206)\)/,
    make: spec('PATH_TOO_LONG'),
    what: 'a path is longer than the system allows',
  },
  {
    pattern: /Read-only file system|\[Errno 30\]|\(os error 30\)/,
    make: machine('HOME_READ_ONLY'),
    what: 'the disk is mounted for reading only',
  },
  {
    pattern: /Permission denied|\[Errno 13\]|\[Errno 1\]|\(os error (?:1|5|13)\)/,
    make: machine('PERMISSION_DENIED'),
    what: 'a file or folder may not be written',
  },
]

/** A derivation of uv may be long; the tails have all of it. In UTF-16 units. */
const MAX_SHOWN_LENGTH = 500

/**
 * Make the error of a command that failed. Facts: what the recognised line names, the URL or host in it, and the line itself.
 *
 * @param failure its `command` is read too: some messages mean another thing with `--no-index`
 */
export function classifyFailure(
  result: RunResult,
  failure: ProvisionFailure,
  rules: readonly Rule[] = pipAndUvRules,
): ProvisionError {
  const lines = [result.stderrTail, result.stdoutTail].flatMap(joinWrappedLines).map(redactUrls)
  for (const rule of rules) {
    const found = findLine(rule, lines, failure.command)
    if (!found) continue
    const shown = found.line.trim().slice(0, MAX_SHOWN_LENGTH)
    const hint = rule.hint === undefined ? {} : { hint: rule.hint }
    const facts = { ...placeIn(found.line), ...found.facts, line: shown }
    return rule.make(`${rule.what}: ${shown}`, { ...failure, ...hint, facts })
  }
  const last = lines.filter((line) => /^\s*(?:×|(?:ERROR|Error|error|\w+Error):)/.test(line)).at(-1)
  const ending = result.endedBy === null ? `with exit code ${result.exitCode}` : `by ${result.endedBy}`
  return packages('INSTALL_FAILED')(`the installer ended ${ending}${last ? `: ${last.trim()}` : ''}`, failure)
}

function findLine(
  { pattern, beside }: Rule,
  lines: readonly string[],
  command = '',
): { line: string; facts: Facts } | undefined {
  for (const line of lines) {
    const found = pattern.exec(line)
    if (!found) continue
    const named = Object.entries(found.groups ?? {}).filter(([, value]) => value !== undefined)
    const facts: Facts = Object.fromEntries(named)
    const other = beside?.(facts)
    if (!other || other.test(command) || lines.some((each) => other.test(each))) return { line, facts }
  }
  return undefined
}

/** Where it happened, for who has several indexes: `url` without login and query, and its `host`. */
function placeIn(line: string): Facts {
  const url = /https?:\/\/[^\s'"`()<>?#]+/.exec(line)?.[0].replace(/[.,:;]+$/, '')
  if (url !== undefined) return { url, host: url.replace(/^.*?:\/\/(?:.*@)?([^/]*).*$/, '$1') }
  const host = /\bhost='([^']+)'/.exec(line)?.[1]
  return host === undefined ? {} : { host }
}
