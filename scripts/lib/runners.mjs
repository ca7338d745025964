/**
 * One function per kind of check. Each gives a step: called, it runs the check and answers with what it counted. A step may
 * throw; that is one failure.
 *
 * @typedef {() => Promise<import('./count.mjs').Count>} Step
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { count, parseJunitReport, parseVitestReport, settle } from './count.mjs'
import { root, run } from './process.mjs'
import { pythonTools } from './python-tools.mjs'

/** A command that says yes or no by its exit status. @returns {Step} */
export const command =
  (file, ...args) =>
  async () =>
    run(file, args) ? count({ passed: 1 }) : count({ failed: 1 })

/** A tool among the Python ones, run in `python/`. @returns {Step} */
export const pythonCommand =
  (...args) =>
  async () =>
    run(await pythonTools(), args, { cwd: join(root, 'python') }) ? count({ passed: 1 }) : count({ failed: 1 })

/**
 * The tests of the packages, or of the projects named in `args`.
 *
 * @param {readonly string[]} args for vitest
 * @param {{ node?: string, reporter?: string, env?: Record<string, string> }} options `node`: the Node that runs them, else
 *   this one; `reporter`: what people read
 * @returns {Step}
 */
export const vitest =
  (args = [], { node = process.execPath, reporter = 'default', env = {} } = {}) =>
  async () =>
    withReport(parseVitestReport, (report) =>
      run(
        node,
        // Not by its launcher in `.bin`, which always starts the Node that is installed beside it.
        [
          join(root, 'node_modules/vitest/vitest.mjs'),
          'run',
          `--reporter=${reporter}`,
          '--reporter=json',
          `--outputFile.json=${report}`,
          ...args,
        ],
        { env },
      ),
    )

/**
 * The tests of the Python side.
 *
 * @param {{ python?: string, args?: readonly string[], env?: Record<string, string> }} options `python`: the interpreter they run
 *   on, else the one found on PATH; `args`: for pytest, in place of all tests
 * @returns {Step}
 */
export const pytest =
  ({ python, args = ['tests'], env = {} } = {}) =>
  async () => {
    const interpreter = await pythonTools(python)
    return withReport(parseJunitReport, (report) =>
      run(interpreter, ['-m', 'pytest', `--junit-xml=${report}`, ...args], { cwd: join(root, 'python'), env }),
    )
  }

async function withReport(parse, runWith) {
  const folder = mkdtempSync(join(tmpdir(), 'pyferry-report-'))
  const report = join(folder, 'report')
  try {
    const endedWell = runWith(report)
    if (!existsSync(report)) throw new Error('the runner ended before it reported')
    return settle(parse(readFileSync(report, 'utf8')), endedWell)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
