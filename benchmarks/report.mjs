const microseconds = (value) => (value < 100 ? value.toFixed(1) : value.toFixed(0))
const times = (value) => `${value.toFixed(value < 10 ? 2 : 1)} ×`

/** The figures of one placement as Markdown, one table for each scenario, ratios to the first peer. */
export function renderPlacement(placement, figures) {
  const scenarios = [...new Set(figures.map(({ scenario }) => scenario))]
  return scenarios
    .map((scenario) => {
      const rows = figures.filter((each) => each.scenario === scenario)
      return `### Small call, ${scenario}, ${placement}\n\n${renderTable(rows)}\n`
    })
    .join('\n')
}

function renderTable(rows) {
  const floor = rows[0]
  const head = ['', 'p50 µs', 'p99 µs', 'calls/s', `p50 against ${floor.name}`, 'spread']
  const body = rows.map((row) => [
    row.name,
    microseconds(row.p50),
    microseconds(row.p99),
    Math.round(row.callsPerSecond).toLocaleString('en'),
    times(row.p50 / floor.p50),
    `${Math.round(row.spread * 100)} %`,
  ])
  const widths = head.map((_, column) => Math.max(...[head, ...body].map((cells) => cells[column].length)))
  const line = (cells) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join(' | ')} |`
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [line(head), rule, ...body.map(line)].join('\n')
}
