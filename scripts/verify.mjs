// Runs every check in turn and prints one total. Each step says how many checks it made.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const scratch = mkdtempSync(join(tmpdir(), 'pyferry-verify-'))
let passed = 0
let failed = 0

function run(title, command, args) {
  console.log(`\n── ${title}`)
  const { status } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  return status === 0
}

function check(title, command, args) {
  if (run(title, command, args)) passed += 1
  else failed += 1
}

check('build', 'turbo', ['run', 'build', '--output-logs=errors-only'])
check('types', 'tsc', ['-b'])
check('lint', 'biome', ['check', '.'])

const report = join(scratch, 'vitest.json')
const ok = run('unit', 'vitest', ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`])
const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'))
passed += numPassedTests
failed += numFailedTests
if (!ok && numFailedTests === 0) failed += 1

rmSync(scratch, { recursive: true })
console.log(`\n${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
