import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/**
 * The interpreter that every peer runs: `PYTHON`, else `python3` on PATH. Its own path, so that no version manager's shim
 * stands in front of it.
 */
export function findPython() {
  const command = process.env.PYTHON ?? 'python3'
  return execFileSync(command, ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim()
}

export const pythonVersion = (python) =>
  execFileSync(python, ['-c', 'import platform; print(platform.python_version())'], { encoding: 'utf8' }).trim()

export const pythonFile = (name) => fileURLToPath(new URL(`./peers/${name}`, import.meta.url))
