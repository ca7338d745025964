import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * The path of an interpreter of one version.
 *
 * @param {string} version such as `3.9`, or `debian` for the system's own on Debian and what descends from it
 * @throws when there is none, saying how to get it: a version that is not tested must not look as if it were
 */
export function findPython(version) {
  const found = version === 'debian' ? debianPython() : (pyenvPython(version) ?? pythonOnPath(version))
  if (found === undefined) throw new Error(`Python ${version} is not installed: ${howToGet(version)}`)
  return found
}

export const hasDebianPython = () => debianPython() !== undefined

function debianPython() {
  return existsSync('/etc/debian_version') && existsSync('/usr/bin/python3') ? '/usr/bin/python3' : undefined
}

function pyenvPython(version) {
  const versions = join(process.env.PYENV_ROOT ?? join(homedir(), '.pyenv'), 'versions')
  if (!existsSync(versions)) return undefined
  const latest = readdirSync(versions)
    .filter((name) => new RegExp(`^${version.replace('.', '\\.')}\\.\\d+$`).test(name))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .at(-1)
  return latest === undefined ? undefined : join(versions, latest, 'bin/python3')
}

/** Asked what it is: in front of a missing version a version manager puts a script that fails, or another version. */
function pythonOnPath(version) {
  const code = 'import sys; print(sys.executable, "%d.%d" % sys.version_info[:2], sep="\\n")'
  try {
    const answer = execFileSync(`python${version}`, ['-I', '-c', code], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [executable, actual] = answer.trim().split('\n')
    return actual === version ? executable : undefined
  } catch {
    return undefined
  }
}

const howToGet = (version) =>
  version === 'debian'
    ? 'run this on Debian or Ubuntu'
    : `\`pyenv install ${version}\` or \`uv python install ${version}\``
