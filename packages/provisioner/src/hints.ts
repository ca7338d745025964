/** Every code of this package, with what the user can do about it. */

export type ProvisionCode = keyof typeof hints

/** By code, without its prefix `ERR_PYFERRY_`. A place that knows more gives a hint of its own. */
export const hints = {
  SPEC_INVALID: 'correct what the message names: an option, or a line of a file',
  SPEC_UNSAFE_REQUIREMENT: 'write it as PEP 508 has it: name[extra]>=1.0; marker, or name @ URL',
  SOURCE_MISSING: 'check the path; a relative one starts at the current folder of the process',
  LOCKFILE_STALE:
    "bring the lock file up to date with its own tool (uv lock, pixi install), or choose lockMode 'update'",
  LOCKFILE_NEEDS_UV:
    "install uv (pip install uv), allow downloads: 'missing', or give up the lock file (lockPolicy: 'prefer')",
  HASH_MISSING:
    'give a version and a hash to every requirement and to what it needs (uv pip compile --generate-hashes), or take the hashes out',
  PATH_TOO_LONG: 'choose a folder whose path is shorter',
  PYTHON_NOT_FOUND: 'install Python 3.9 or later, put it on PATH, or name it with the option python',
  PYTHON_STUB: 'install a Python: what is on PATH only opens the shop (Settings, App execution aliases, turns it off)',
  PYTHON_VERSION_MISMATCH: 'install a Python that fits, or name another with the option python',
  PYTHON_BROKEN: 'run it with --version to see what is wrong, or name another with the option python',
  VENV_MODULE_MISSING: 'install the venv module (Debian, Ubuntu: apt install python3-venv)',
  PIP_MISSING: 'install pip for this Python (Debian, Ubuntu: apt install python3-pip-whl)',
  TOOL_NOT_FOUND: 'check the path, or leave it out: then the tool is looked for on PATH',
  TOOL_TOO_OLD: 'bring one of them up to date (uv self update, pixi self-update), or put a newer one on PATH',
  TOOL_FAILED_TO_START: 'run it with --version to see what is wrong, or name another',
  TOOL_DOWNLOAD_FAILED: 'see cause; or install the tool by hand and put it on PATH',
  TOOL_CHECKSUM_MISMATCH: 'what was served is not what was published: find out why, or install the tool by hand',
  NO_MATCHING_DISTRIBUTION: 'check name and version; the package may have no release for this Python or platform',
  RESOLUTION_CONFLICT: 'loosen one of the requirements that stdoutTail and stderrTail name',
  BUILD_FAILED:
    'the package has no ready wheel here and its build failed: see stdoutTail and stderrTail for what it lacks',
  SDIST_FORBIDDEN: 'allow this package to be built, or choose a version or a Python for which it has a ready wheel',
  HASH_MISMATCH: 'what the index serves is not what was locked: find out why before you renew the hashes',
  INSTALL_FAILED: 'see stdoutTail and stderrTail',
  VERIFY_FAILED: 'a package claims another version than the one installed; see facts',
  NETWORK_UNREACHABLE: 'check the network, the proxy variables and the address of the package index, then try again',
  AUTH_FAILED: 'give the login with the address of the index, by netrc or keyring; it never stands in a requirement',
  TLS_FAILED: "name the company's certificate file with PIP_CERT for pip, and with SSL_CERT_FILE for uv",
  OFFLINE_MISS: 'allow the network once, or put the package into a folder that findLinks or PIP_FIND_LINKS names',
  DISK_FULL: 'free some space (also for TMPDIR and the caches), or choose a folder on another disk',
  PERMISSION_DENIED: 'choose a folder that this user may write to',
  HOME_READ_ONLY: 'choose a folder on a disk that is mounted for writing',
  HOME_UNSAFE: 'choose a folder that belongs to this user alone',
  HOME_INCOMPATIBLE: 'it was made by another version: use that one, or choose another folder',
  BASE_DIR_IN_USE: 'close the other owner first, or give each a baseDir of its own',
  SPAWN_FAILED: 'see cause for the reason that the system gives',
  ENV_BROKEN: 'ask for it with ensure, which makes it anew; list and doctor tell what is there',
  ENV_IN_USE: 'end the processes that facts names, or pass force: true to take it away from under them',
  TIMEOUT: 'raise buildTimeoutMs; packages that are compiled take long',
  LOCK_TIMEOUT: 'somebody else builds the same environment: wait for that, or raise lockTimeoutMs',
  INTERNAL: 'see cause; where that is no fault of the system, please report it',
  ABORTED: 'the signal of this call was aborted: call again, nothing half-made is used',
} as const

/** The same call may succeed later with nothing changed. */
export const retryableCodes: ReadonlySet<ProvisionCode> = new Set<ProvisionCode>([
  'NETWORK_UNREACHABLE',
  'BASE_DIR_IN_USE',
  'ENV_IN_USE',
  'TIMEOUT',
  'LOCK_TIMEOUT',
  'ABORTED',
])
