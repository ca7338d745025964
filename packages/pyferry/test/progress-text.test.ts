import { describe, expect, it } from 'vitest'
import type { ProvisionEvent } from '../src/index.js'
import { advance, formatLine, type Look, newsOf, nothing, type Standing } from '../src/progress-text.js'

const phase = (name: string, state: 'start' | 'end' | 'skip' = 'start', more: object = {}) =>
  ({ type: 'phase', id: '', phase: name, state, ...more }) as ProvisionEvent
const progress = (name: string, current: number, total: number | null, unit: string, item?: string) =>
  ({
    type: 'progress',
    id: '',
    phase: name,
    current,
    total,
    unit,
    ...(item !== undefined && { item }),
  }) as ProvisionEvent
const miss: ProvisionEvent = { type: 'miss', id: '', reason: 'absent' }
const warning = (message: string): ProvisionEvent => ({ type: 'warning', id: '', code: 'x', message })

/** Where things stand after events that all came at 0 ms. */
const after = (...events: ProvisionEvent[]): Standing =>
  events.reduce((standing, event) => advance(standing, event, 0), nothing)

const look = (columns: number, more: Partial<Look> = {}): Look => ({
  columns,
  hasColor: false,
  hasUnicode: true,
  ...more,
})
const line = (columns: number, ...events: ProvisionEvent[]) => formatLine(after(...events), look(columns), 0)

const download = [phase('download'), progress('download', 12_300_000, 16_800_000, 'bytes', 'numpy')]

describe('the line for a terminal', () => {
  it.each<[string, number, ProvisionEvent[], string]>([
    ['nothing before the first event', 80, [], ''],
    ['a phase', 80, [phase('create')], 'environment: create'],
    [
      'a phase with its detail',
      80,
      [phase('find-python', 'start', { detail: '>=3.11' })],
      'environment: find-python >=3.11',
    ],
    ['a phase that is not known here, by its name', 80, [phase('fetch-moon')], 'environment: fetch-moon'],
    ['bytes as MB', 100, download, 'environment: █████████████████░░░░░░░ download 12.3/16.8 MB numpy'],
    [
      'no bar without a total',
      80,
      [phase('download'), progress('download', 2_500_000, null, 'bytes', 'scipy')],
      'environment: download 2.5 MB scipy',
    ],
    [
      'a small file',
      80,
      [phase('download'), progress('download', 11_000, 24_000, 'bytes', 'six')],
      'environment: █████████░░░░░░░░░░░ download 0.01/0.02 MB six',
    ],
    [
      'packages',
      80,
      [phase('install'), progress('install', 3, 12, 'packages')],
      'environment: █████░░░░░░░░░░░░░░░ install 3/12 packages',
    ],
    [
      'a unit that is not known here',
      80,
      [phase('compile'), progress('compile', 10, 40, 'files')],
      'environment: █████░░░░░░░░░░░░░░░ compile 10/40 files',
    ],
    [
      'nothing of nothing',
      80,
      [phase('install'), progress('install', 0, 0, 'packages')],
      'environment: ░░░░░░░░░░░░░░░░░░░░ install 0/0 packages',
    ],
    ['no count of the phase before', 80, [...download, phase('install')], 'environment: install'],
    ['no count of a phase that is over', 80, [phase('install'), ...download.slice(1)], 'environment: install'],
    ['the next phase only, once something is made', 80, [miss, phase('key'), phase('key', 'end')], 'environment: key'],
    ['nothing between phases that make nothing', 80, [phase('key'), phase('key', 'end')], ''],
    ['nothing after a hit', 80, [phase('hit'), phase('hit', 'end')], ''],
    ['nothing after the end', 80, [miss, ...download, phase('done'), phase('done', 'end')], ''],
    ['nothing of what is skipped', 80, [phase('build', 'skip', { detail: 'no requirements' })], ''],
  ])('shows %s', (_, columns, events, expected) => {
    expect(line(columns, ...events)).toBe(expected)
  })

  it.each([
    [100, 'environment: █████████████████░░░░░░░ download 12.3/16.8 MB numpy'],
    [60, 'environment: ██████████░░░░░ download 12.3/16.8 MB numpy'],
    [59, '██████████░░░░ download 12.3/16.8 MB numpy'],
    [30, '█████░░ download 12.3/16.8 MB'],
    [28, 'download 12.3/16.8 MB'],
    [20, '███░░ download 73%'],
    [14, 'download 73%'],
    [10, 'download…'],
    [2, '…'],
    [1, ''],
  ])('fits into %i columns', (columns, expected) => {
    expect(line(columns, ...download)).toBe(expected)
  })

  it('is narrower than every terminal, whatever there is to say', () => {
    const names = [
      'six',
      'a-package-with-a-name-as-long-as-a-line-of-a-book-and-longer',
      '数値計算ライブラリ',
      '🐍🐍🐍🐍🐍🐍🐍🐍',
    ]
    for (const item of names) {
      const standing = after(phase('download'), progress('download', 1, 2, 'bytes', item))
      for (let columns = 1; columns < 200; columns += 1) {
        const text = formatLine(standing, look(columns), 3_600_000)
        const width = [...text].reduce((sum, each) => sum + (/[ -~█░…]/.test(each) ? 1 : 2), 0)
        expect(width, `${columns}: ${text}`).toBeLessThan(columns)
      }
    }
  })

  it('tells the time once somebody waits', () => {
    expect(formatLine(after(phase('create')), look(80), 1_999)).toBe('environment: create')
    expect(formatLine(after(phase('create')), look(80), 75_400)).toBe('environment: create 75 s')
    expect(formatLine(after(phase('create')), look(10), 75_400)).toBe('create')
  })

  it('has a bar of signs every terminal has, where it has no others, and colour only where there is some', () => {
    const half = after(phase('install'), progress('install', 1, 2, 'packages'))
    expect(formatLine(half, look(30, { hasUnicode: false }), 0)).toBe('###---- install 1/2 packages')
    expect(formatLine(half, look(30, { hasColor: true }), 0)).toBe('\u001b[36m███\u001b[39m░░░░ install 1/2 packages')
  })

  it('never goes back within a phase and a thing, and starts again with the next', () => {
    const read = (...events: ProvisionEvent[]) => line(59, phase('download'), ...events)
    const of = (current: number, total: number | null, item = 'a') =>
      progress('download', current * 1e6, total === null ? null : total * 1e6, 'bytes', item)
    expect(read(of(5, 10), of(4, 10))).toContain(' 5.0/10.0 MB')
    expect(read(of(5, 10), of(6, null))).toContain(' 6.0/10.0 MB')
    expect(read(of(5, 10), of(6, 8))).toContain(' 6.0/10.0 MB')
    expect(read(of(12, 10))).toContain(' 12.0/12.0 MB')
    expect(read(of(5, 10), of(1, 2, 'b'))).toContain(' 1.0/2.0 MB b')
    expect(read(of(5, 10), of(1, 2, 'b'), of(3, 10))).toContain(' 5.0/10.0 MB a')
  })
})

describe('the lines for a log', () => {
  it.each<[string, ProvisionEvent[], ProvisionEvent, string | undefined]>([
    ['why something is made', [], miss, 'environment: making it (absent)'],
    [
      'what changed',
      [],
      { type: 'miss', id: '', reason: 'input-changed', changed: ['requirements', 'python'] },
      'environment: making it (input-changed: requirements, python)',
    ],
    [
      'a phase that lasted',
      [phase('download')],
      phase('download', 'end', { elapsedMs: 4_240 }),
      'environment: download took 4.2 s',
    ],
    ['no phase of less than a second', [phase('create')], phase('create', 'end', { elapsedMs: 999 }), undefined],
    ['no start of a phase', [], phase('create'), undefined],
    ['nothing that is skipped', [], phase('build', 'skip'), undefined],
    ['no count', [phase('download')], download[1]!, undefined],
    [
      'nothing of what a tool prints',
      [],
      { type: 'log', id: '', phase: 'build', stream: 'stderr', line: 'x' },
      undefined,
    ],
    [
      'the owner of a lock',
      [],
      phase('lock-wait', 'start', { detail: 'pid 12, install' }),
      'environment: lock-wait pid 12, install',
    ],
    [
      'no owner twice',
      [phase('lock-wait', 'start', { detail: 'pid 12' })],
      phase('lock-wait', 'start', { detail: 'pid 12' }),
      undefined,
    ],
    [
      'the next owner',
      [phase('lock-wait', 'start', { detail: 'pid 12' })],
      phase('lock-wait', 'start', { detail: 'pid 13' }),
      'environment: lock-wait pid 13',
    ],
    ['a warning', [], warning('the lock file is not used'), 'environment: warning: the lock file is not used'],
    ['the end of what was made', [miss], phase('done', 'end', { elapsedMs: 0 }), 'environment: made in 5.0 s'],
    ['no end of a hit', [phase('key')], phase('hit', 'end', { elapsedMs: 0 }), undefined],
  ])('tell %s', (_, before, event, expected) => {
    expect(newsOf(after(...before), event, 5_000)).toBe(expected)
  })
})

describe('text of others', () => {
  const hostile: [string, string][] = [
    ['\u001b[31mred\u001b[0m', 'red'],
    ['\u001b]0;title\u0007text', 'text'],
    ['\u001b]8;;https://example.org\u0007link\u001b]8;;\u0007', 'link'],
    ['up\u001b[2J\u001b[1A', 'up'],
    ['\u009b31mone', 'one'],
    ['a\rb\nc\td\be', 'a b c d e'],
    ['left\u202eright\u2066', 'left right'],
    ['a\u200b\u2028b\u00a0c', 'a b c'],
    ['\u001b', ''],
  ]
  it.each(hostile)('%j is shown as %j', (text, shown) => {
    expect(newsOf(nothing, warning(text), 0)).toBe(`environment: warning: ${shown}`)
    expect(line(59, phase('build', 'start', { detail: text }))).toBe(`build ${shown}`.trim())
    expect(line(59, phase('build'), progress('build', 1, null, 'things', text))).toBe(`build 1 thing ${shown}`.trim())
  })
})
