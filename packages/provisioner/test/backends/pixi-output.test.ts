import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { classifyPixiFailure } from '../../src/backends/pixi-output.js'

const folder = new URL('../recorded/pixi-0.15.2/output/', import.meta.url)

// What no manifest can bring about, recorded on small and on read-only disks.
test.each([
  ['disk-full', 'DISK_FULL'],
  ['read-only', 'HOME_READ_ONLY'],
])('E: recorded output is called what it is: %s', (name, code) => {
  const { exitCode, stderr } = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'))
  expect(classify(stderr, exitCode)).toMatchObject({ code: `ERR_PYFERRY_${code}`, exitCode })
})

// What only a newer pixi prints, as its source has it.
test.each([
  ['lock-file not up-to-date with the workspace', 'LOCKFILE_STALE'],
  ['lock file not up-to-date with the workspace', 'LOCKFILE_STALE'],
  ["error: unexpected argument '--offline' found", 'TOOL_TOO_OLD'],
])('E: %s: %s', (line, code) => {
  expect(classify(`${line}\n    Diagnostic severity: error\n`)).toMatchObject({ code: `ERR_PYFERRY_${code}` })
})

test('E: what no rule knows is INSTALL_FAILED with the message, not with the log before it', () => {
  const error = classify(' WARN pixi: careful\nERROR pixi: oh\nthe stars are wrong\n    Caused by: Mars\n')
  expect(error).toMatchObject({
    code: 'ERR_PYFERRY_INSTALL_FAILED',
    message: 'pixi could not make the environment: the stars are wrong',
  })
})

test('E: a pixi that says nothing failed all the same', () => {
  expect(classify('', 101)).toMatchObject({
    code: 'ERR_PYFERRY_INSTALL_FAILED',
    message: 'the installer ended with exit code 101',
  })
})

function classify(stderrTail: string, exitCode = 1) {
  return classifyPixiFailure({ exitCode, endedBy: null, stdoutTail: '', stderrTail }, { exitCode })
}
