import { execFileSync } from 'node:child_process'

/** The real interpreter behind the Python under test, not a shim in front of it. */
export const python = execFileSync(
  process.env.PYFERRY_TEST_PYTHON ?? 'python3',
  ['-I', '-S', '-c', 'import sys; print(sys.executable)'],
  { encoding: 'utf8' },
).trim()
