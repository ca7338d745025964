/**
 * What a runner reported, as numbers.
 *
 * @typedef {{ passed: number, failed: number, skipped: number }} Count
 */

/** @param {Partial<Count>} numbers @returns {Count} */
export const count = ({ passed = 0, failed = 0, skipped = 0 }) => ({ passed, failed, skipped })

/** @param {readonly Count[]} counts */
export const sum = (counts) =>
  counts.reduce(
    (total, each) => ({
      passed: total.passed + each.passed,
      failed: total.failed + each.failed,
      skipped: total.skipped + each.skipped,
    }),
    count({}),
  )

/** The line that a machine reads. @param {Count} total */
export const totalLine = ({ passed, failed }) => `${passed} passed, ${failed} failed`

/**
 * Makes a count honest: a runner that ended badly without a failed test has failed somewhere else (a file that does not
 * load, an unhandled rejection), and a runner without a single test has checked nothing.
 *
 * @param {Count} reported @param {boolean} endedWell
 */
export function settle(reported, endedWell) {
  if (!endedWell && reported.failed === 0) return { ...reported, failed: 1 }
  if (reported.passed + reported.failed === 0) return { ...reported, failed: 1 }
  return reported
}

/** @param {string} json the output of vitest's `json` reporter */
export function parseVitestReport(json) {
  const report = JSON.parse(json)
  return count({
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests + report.numTodoTests,
  })
}

/** @param {string} xml the output of pytest's `--junit-xml`: one `testsuite` with its totals as attributes */
export function parseJunitReport(xml) {
  const suite = /<testsuite\s[^>]*>/.exec(xml)?.[0]
  if (suite === undefined) throw new Error('the report holds no <testsuite>')
  const number = (name) => Number(new RegExp(`\\s${name}="(\\d+)"`).exec(suite)?.[1] ?? 0)
  const failed = number('failures') + number('errors')
  const skipped = number('skipped')
  // A test that passed and whose clean-up raised is one test and one error: the rest must not go below zero.
  return count({ passed: Math.max(0, number('tests') - failed - skipped), failed, skipped })
}
