import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { count, parseJunitReport, parseVitestReport, settle, sum, totalLine } from '../scripts/lib/count.mjs'
import { command, vitest } from '../scripts/lib/runners.mjs'
import { runSteps } from '../scripts/lib/steps.mjs'

describe('a count', () => {
  test('is read from the report of vitest', () => {
    const report = { numPassedTests: 7, numFailedTests: 2, numPendingTests: 1, numTodoTests: 1 }
    expect(parseVitestReport(JSON.stringify(report))).toEqual({ passed: 7, failed: 2, skipped: 2 })
  })

  test('is read from the report of pytest', () => {
    const report = `<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest"
      errors="1" failures="2" skipped="3" tests="10" time="0.041"><testcase classname="t" name="errors" /></testsuite></testsuites>`
    expect(parseJunitReport(report)).toEqual({ passed: 4, failed: 3, skipped: 3 })
  })

  test('is refused when the report is none', () => {
    expect(() => parseVitestReport('')).toThrow(SyntaxError)
    expect(() => parseJunitReport('<html>')).toThrow('no <testsuite>')
  })

  test('has one failure where the runner ended badly without a failed test', () => {
    expect(settle(count({ passed: 5 }), false)).toEqual({ passed: 5, failed: 1, skipped: 0 })
    expect(settle(count({ passed: 5, failed: 2 }), false)).toEqual({ passed: 5, failed: 2, skipped: 0 })
    expect(settle(count({ passed: 5 }), true)).toEqual({ passed: 5, failed: 0, skipped: 0 })
  })

  test('has one failure where nothing was checked, also when all was skipped', () => {
    expect(settle(count({}), true).failed).toBe(1)
    expect(settle(count({ skipped: 3 }), true).failed).toBe(1)
  })

  test('is added up into the line that a machine reads', () => {
    const total = sum([count({ passed: 1 }), count({ passed: 2, failed: 1 }), count({ skipped: 4 })])
    expect(totalLine(total)).toBe('3 passed, 1 failed')
  })
})

describe('a runner', () => {
  test('of a command counts one', async () => {
    expect(await command(process.execPath, '-e', '')()).toEqual({ passed: 1, failed: 0, skipped: 0 })
    expect(await command(process.execPath, '-e', 'process.exit(3)')()).toEqual({ passed: 0, failed: 1, skipped: 0 })
    expect(await command('no-such-command')()).toEqual({ passed: 0, failed: 1, skipped: 0 })
  })

  test('that ends before it reported throws', async () => {
    await expect(vitest(['--no-such-option'])()).rejects.toThrow('before it reported')
  })

  test('that finds no test has one failure', async () => {
    expect(await vitest(['--project=errors', 'no-such-file'])()).toEqual({ passed: 0, failed: 1, skipped: 0 })
  })
})

describe('all steps together', () => {
  let lines: string[]
  beforeEach(() => {
    lines = []
    vi.spyOn(console, 'log').mockImplementation((line = '') => void lines.push(line))
    vi.spyOn(console, 'error').mockImplementation(() => {})
  })
  afterEach(() => vi.restoreAllMocks())

  test('end with the total alone on the last line, and with 0 when all passed', async () => {
    const steps = [
      ['one', async () => count({ passed: 3 })],
      ['two', async () => count({ passed: 4, skipped: 1 })],
    ] as const
    expect(await runSteps(steps)).toBe(0)
    expect(lines.at(-1)).toBe('7 passed, 0 failed')
    expect(lines.join('\n')).toContain('4 passed, 0 failed, 1 skipped')
  })

  test('go on after a step that failed or broke, which counts as one, and do not end with 0', async () => {
    const broken = async () => {
      throw new Error('the runner broke')
    }
    const steps = [
      ['broken', broken],
      ['bad', async () => count({ failed: 2 })],
      ['good', async () => count({ passed: 1 })],
    ] as const
    expect(await runSteps(steps)).toBe(1)
    expect(lines.at(-1)).toBe('1 passed, 3 failed')
  })

  test('of which there is none do not pass', async () => {
    expect(await runSteps([])).toBe(1)
    expect(lines.at(-1)).toBe('0 passed, 0 failed')
  })
})
