/** What an interpreter says of itself: a Python script and the reading of its answer. */
import { JSON_PRELUDE } from './json-prelude.js'

/** Before the answer, which stands on a line of its own: what starts Python (a shim, a wrapper) may print lines too. */
const MARK = 'pyferry-probe:'

/**
 * For `python -I -S -c`, from Python 3.0 on, so that one that is too old can be told by its version.
 *
 * In a virtual environment `base` is the Python it was made from. `sys._base_executable` knows it from 3.11 on; before, it is
 * looked for in the base's own prefix.
 */
export const PROBE_SCRIPT = `${JSON_PRELUDE}
import os, sys, sysconfig
def base_executable():
    here = os.path.dirname(os.path.abspath(sys.executable))
    folders = (here, os.path.dirname(here))
    if not any(os.path.isfile(os.path.join(folder, "pyvenv.cfg")) for folder in folders):
        return sys.executable
    base = getattr(sys, "_base_executable", None)
    if base and os.path.abspath(base) != os.path.abspath(sys.executable):
        return base
    version = "python%d.%d" % sys.version_info[:2]
    for name in ("bin/" + version, "bin/python3", "bin/python", "python.exe"):
        found = os.path.join(sys.base_prefix, name)
        if os.path.isfile(found):
            return found
    return sys.executable
def own_prefix():
    # Without site the prefix of a virtual environment is not set: it is where pyvenv.cfg is.
    here = os.path.dirname(os.path.abspath(sys.executable))
    for folder in (here, os.path.dirname(here)):
        if os.path.isfile(os.path.join(folder, "pyvenv.cfg")):
            return folder
    return sys.prefix
def libc():
    try:
        return os.confstr("CS_GNU_LIBC_VERSION").replace(" ", "-")
    except (AttributeError, OSError, ValueError):
        return "musl" if "musl" in (sysconfig.get_config_var("SOABI") or "") else None
def has(name):
    from importlib.machinery import PathFinder
    return PathFinder.find_spec(name) is not None
def arch():
    return os.uname().machine if hasattr(os, "uname") else __import__("platform").machine()
print("\\n${MARK}" + dump({
    "version": "%d.%d.%d" % sys.version_info[:3] + ("" if sys.version_info[3] == "final" else "%s%d" % sys.version_info[3:]),
    "release": "%d.%d.%d" % sys.version_info[:3],
    "implementation": sys.implementation.name,
    "executable": sys.executable,
    "base": base_executable(),
    "prefix": os.path.realpath(sys.base_prefix),
    "ownPrefix": own_prefix(),
    "soabi": sysconfig.get_config_var("SOABI"),
    "os": {"win32": "windows"}.get(sys.platform, sys.platform),
    "arch": arch(),
    "libc": libc(),
    "wheelFolder": sysconfig.get_config_var("WHEEL_PKG_DIR") or None,
    "standardLibrary": sysconfig.get_path("stdlib"),
    "hasVenv": has("venv"),
}))
`

export interface InterpreterInfo {
  /** `'3.11.7'`, `'3.14.0rc1'`. */
  version: string
  /** The numbers of it alone. */
  release: string
  /** `'cpython'`, `'pypy'`. */
  implementation: string
  /** What runs when this interpreter is started: for a shim, what it stands for. */
  executable: string
  /** What environments are built from: `executable`, or of a virtual environment the Python it was made from. */
  base: string
  /** Real path of `sys.base_prefix`. */
  prefix: string
  /** `sys.prefix`: of a virtual environment its folder. */
  ownPrefix: string
  /** Tag of compiled modules; tells debug and free-threaded builds apart. */
  soabi: string | null
  /** `'linux'`, `'darwin'`, `'windows'`. */
  os: string
  /** As Python sees it: another than the machine's under emulation. */
  arch: string
  /** `'glibc-2.36'`, `'musl'`; `null` where it does not matter. */
  libc: string | null
  /** Where this Python's packager keeps the wheels for `ensurepip`, when that is not inside the standard library. */
  wheelFolder: string | null
  standardLibrary: string
  hasVenv: boolean
}

/** Read what the script printed, among whatever else was printed; `undefined` when the answer is not in it. */
export function tryParseProbe(stdout: string): InterpreterInfo | undefined {
  const line = stdout.split('\n').findLast((each) => each.startsWith(MARK))
  if (line === undefined) return undefined
  try {
    const info = JSON.parse(line.slice(MARK.length)) as InterpreterInfo
    return typeof info.version === 'string' && typeof info.base === 'string' ? info : undefined
  } catch {
    return undefined
  }
}
