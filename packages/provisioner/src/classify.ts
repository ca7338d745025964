/**
 * What went wrong, from what a tool printed. Exit codes separate almost nothing, and no stream has all of it: both are read, by a
 * table in which the first match wins. The samples it is tested with are what real versions of pip printed.
 */
import {
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
import type { RunResult } from './run.js'

type Classified = (message: string, failure: ProvisionFailure) => ProvisionError

interface Rule {
  /** On one line of either stream. Its named groups become facts. */
  pattern: RegExp
  make: Classified
  what: string
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

const rules: readonly Rule[] = [
  // Whatever else fails on a full disk fails because of it.
  {
    pattern: /No space left on device|Disk quota exceeded|\[Errno (?:28|122)\]/,
    make: machine('DISK_FULL'),
    what: 'the disk is full',
  },
  {
    pattern: /DO NOT MATCH THE HASHES/,
    make: packages('HASH_MISMATCH'),
    what: 'what was downloaded has another hash than was required',
  },
  {
    pattern: /Hashes are required in --require-hashes mode|In --require-hashes mode, all requirements must/,
    make: spec('HASH_MISSING'),
    what: 'a requirement has no hash, and hashes are required of all when one has one',
  },
  {
    pattern: /CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError|\[SSL[:\]]|SSLError\(/,
    make: network('TLS_FAILED'),
    what: 'the certificate of the package index is not trusted',
  },
  {
    pattern:
      /\b(?<status>401|403) (?:Client )?Error\b|HTTP error (?<code>401|403)\b|^User for .*:|^EOFError: EOF when reading a line/,
    make: network('AUTH_FAILED'),
    what: 'the package index refused the login, or wants one',
  },
  // Before the network: these need answers of the index, so a retry that was needed on the way was not the end.
  {
    pattern: /ERROR: (?:ResolutionImpossible|Cannot install )/,
    make: packages('RESOLUTION_CONFLICT'),
    what: 'the requirements contradict each other',
  },
  // Before "no matching distribution", which is what pip makes of an index that does not answer.
  {
    pattern:
      /NewConnectionError|NameResolutionError|Max retries exceeded|Failed to establish a new connection|Retrying \(Retry\(total=0|ReadTimeoutError|ConnectTimeoutError|ConnectionResetError|\b5\d\d Server Error\b|HTTP error 5\d\d|ProxyError|RemoteDisconnected|IncompleteRead|Network is unreachable/,
    make: network('NETWORK_UNREACHABLE'),
    what: 'the package index could not be reached',
  },
  {
    pattern:
      /error: subprocess-exited-with-error|error: metadata-generation-failed|Failed building wheel for (?<name>\S+)|Failed to build (?<project>\S+)|Could not build wheels for/,
    make: packages('BUILD_FAILED'),
    what: 'a package could not be built from source',
  },
  // pip leaves such an index out, and then finds nothing.
  {
    pattern: /The repository located at (?<host>\S+) is not a trusted or secure host/,
    make: network('TLS_FAILED'),
    what: 'the package index has no TLS, and is not trusted without',
  },
  {
    pattern: /No matching distribution found for (?<requirement>[^(]*[^(\s])/,
    make: packages('NO_MATCHING_DISTRIBUTION'),
    what: 'no release fits',
  },
  {
    pattern: /Package '(?<requirement>[^']+)' requires a different Python|is not a supported wheel on this platform/,
    make: packages('NO_MATCHING_DISTRIBUTION'),
    what: 'no release fits this Python or platform',
  },
  {
    pattern:
      /HTTP error (?:404|410)\b|Could not open requirements file: .*No such file|Invalid requirement.*File .* does not exist/,
    make: spec('SOURCE_MISSING'),
    what: 'a file or URL that is named is not there',
  },
  {
    pattern: /Invalid requirement|error: unrecognized arguments|error: no such option|^Usage:/,
    make: spec('SPEC_INVALID'),
    what: 'a requirements file holds what pip does not understand',
  },
  {
    pattern: /Read-only file system|\[Errno 30\]/,
    make: machine('HOME_READ_ONLY'),
    what: 'the disk is mounted for reading only',
  },
  {
    pattern: /Permission denied|\[Errno 13\]|\[Errno 1\]/,
    make: machine('PERMISSION_DENIED'),
    what: 'a file or folder may not be written',
  },
]

/** Make the error of a command that failed. Facts: what the recognised line names, and the line itself. */
export function classifyFailure(result: RunResult, failure: ProvisionFailure): ProvisionError {
  const lines = [...result.stderrTail.split('\n'), ...result.stdoutTail.split('\n')]
  for (const { pattern, make, what } of rules) {
    for (const line of lines) {
      const found = pattern.exec(line)
      if (!found) continue
      const facts = Object.entries(found.groups ?? {}).filter(([, value]) => value !== undefined)
      const shown = line.trim().slice(0, 300)
      return make(`${what}: ${shown}`, { ...failure, facts: { ...Object.fromEntries(facts), line: shown } })
    }
  }
  const last = lines.filter((line) => /^\s*(?:ERROR|Error|error|\w+Error):/.test(line)).at(-1)
  const ending = result.endedBy === null ? `with exit code ${result.exitCode}` : `by ${result.endedBy}`
  return packages('INSTALL_FAILED')(`the installer ended ${ending}${last ? `: ${last.trim()}` : ''}`, failure)
}
