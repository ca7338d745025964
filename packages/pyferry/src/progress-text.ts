/**
 * How the making of an environment reads: what each event changes, the line a terminal shows for it, and the lines a log keeps.
 * All of it is pure; the time is an argument.
 */
import { stripVTControlCharacters } from 'node:util'
import type { ProvisionEvent } from '@pyferry/provisioner'

/** Where the making of one environment stands. */
export interface Standing {
  /** Its name as the provisioner tells it, also one that is not known here. `undefined`: there is nothing to show. */
  readonly phase: string | undefined
  readonly phaseSinceMs: number
  readonly detail: string
  /** The count told last, held to the greatest told for the same thing in this phase, so that nothing shown goes back. */
  readonly count: Count | undefined
  /** The greatest counts of this phase, by unit and item. */
  readonly counts: ReadonlyMap<string, Count>
  /** Since when something is being made; `undefined` while it may still be a hit. */
  readonly madeSinceMs: number | undefined
}

interface Count {
  current: number
  /** `null` until it is known. */
  total: number | null
  unit: string
  item: string
}

/** What a terminal can show. */
export interface Look {
  columns: number
  hasColor: boolean
  hasUnicode: boolean
}

/** Before the first event, and again after the last. */
export const nothing: Standing = {
  phase: undefined,
  phaseSinceMs: 0,
  detail: '',
  count: undefined,
  counts: new Map(),
  madeSinceMs: undefined,
}

/** Where things stand after `event`. */
export function advance(before: Standing, event: ProvisionEvent, nowMs: number): Standing {
  if (event.type === 'miss') return { ...before, madeSinceMs: nowMs }
  if (event.type === 'progress') return event.phase === before.phase ? counted(before, event) : before
  if (event.type !== 'phase' || event.state === 'skip') return before
  if (event.state === 'end') return ended(before, event.phase)
  const detail = visible(event.detail ?? '')
  // A phase that goes on tells its start again with news: a wait for a lock does, every ten seconds.
  if (event.phase === before.phase) return { ...before, detail }
  return { ...nothing, madeSinceMs: before.madeSinceMs, phase: event.phase, phaseSinceMs: nowMs, detail }
}

/** While something is being made the line stays until the next phase takes it: it would flicker between them. */
function ended(before: Standing, phase: string): Standing {
  if (isLast(phase)) return nothing
  if (phase !== before.phase || before.madeSinceMs !== undefined) return before
  return { ...nothing, madeSinceMs: before.madeSinceMs }
}

const isLast = (phase: string) => phase === 'done' || phase === 'hit'

function counted(before: Standing, event: ProvisionEvent & { type: 'progress' }): Standing {
  const item = visible(event.item ?? '')
  const key = `${event.unit} ${item}`
  const known = before.counts.get(key)
  const current = Math.max(event.current, known?.current ?? 0)
  const told = event.total ?? known?.total ?? null
  const total = told === null ? null : Math.max(told, known?.total ?? 0, current)
  const count = { current, total, unit: event.unit, item }
  return { ...before, count, counts: new Map(before.counts).set(key, count) }
}

/** A shorter phase is over before anybody wonders. */
const LASTED_MS = 1_000

/** The line to keep for `event`, without its end; most events are worth none, and those of a quick hit none at all. */
export function newsOf(before: Standing, event: ProvisionEvent, nowMs: number): string | undefined {
  if (event.type === 'warning') return `environment: warning: ${visible(event.message)}`
  if (event.type === 'miss') {
    const changed = event.changed?.length ? `: ${event.changed.join(', ')}` : ''
    return `environment: making it (${visible(event.reason + changed)})`
  }
  if (event.type !== 'phase') return undefined
  const phase: string = event.phase
  if (event.state === 'start') {
    const detail = visible(event.detail ?? '')
    const isNews = phase === 'lock-wait' && (before.phase !== phase || before.detail !== detail)
    return isNews ? `environment: ${join(phase, detail)}` : undefined
  }
  if (event.state !== 'end') return undefined
  if (phase === 'done' && before.madeSinceMs !== undefined) {
    return `environment: made in ${seconds(nowMs - before.madeSinceMs)}`
  }
  const elapsedMs = event.elapsedMs ?? 0
  return elapsedMs < LASTED_MS ? undefined : `environment: ${visible(phase)} took ${seconds(elapsedMs)}`
}

/** From this width on there is room to say what the line is about. */
const ROOMY_COLUMNS = 60
const MAX_BAR_COLUMNS = 24
const MIN_BAR_COLUMNS = 5
/** Less of a name tells nothing. */
const MIN_ITEM_COLUMNS = 6
/** The time is told once somebody begins to wait. */
const WAITING_MS = 2_000

/**
 * The line for a terminal: bar, phase, count, item, and how long the phase takes, as far as there is room, in this order of
 * importance: phase, count, bar, time, item. Never wider than `columns - 1`; empty when there is nothing to show.
 */
export function formatLine(standing: Standing, look: Look, nowMs: number): string {
  const { phase, count, detail } = standing
  if (phase === undefined) return ''
  // In its last column a terminal is about to wrap, and each in its own way.
  const columns = look.columns - 1
  const prefix = look.columns < ROOMY_COLUMNS ? '' : 'environment: '
  const core = shorten(formatCore(visible(phase), count, columns - prefix.length), columns - prefix.length, look)
  let room = columns - prefix.length - columnsOf(core)

  const barColumns = Math.min(MAX_BAR_COLUMNS, Math.max(MIN_BAR_COLUMNS, Math.floor(look.columns / 4)))
  const hasBar = count !== undefined && count.total !== null && room > barColumns
  if (hasBar) room -= barColumns + 1

  const waitedMs = nowMs - standing.phaseSinceMs
  const waited = waitedMs < WAITING_MS ? '' : `${Math.floor(waitedMs / 1000)} s`
  const time = room > waited.length ? waited : ''
  if (time) room -= time.length + 1

  const item = room <= MIN_ITEM_COLUMNS ? '' : shorten(count?.item || detail, room - 1, look)
  return prefix + join(hasBar ? formatBar(count, barColumns, look) : '', core, item, time)
}

/** Phase and count, the count as a percentage where it would not fit otherwise. */
function formatCore(phase: string, count: Count | undefined, columns: number): string {
  if (!count) return phase
  const whole = join(phase, formatCount(count))
  if (count.total === null || columnsOf(whole) <= columns) return whole
  return join(phase, `${Math.floor(fractionOf(count) * 100)}%`)
}

function formatCount({ current, total, unit }: Count): string {
  const number = unit === 'bytes' ? megabytes(total ?? current) : String
  const name = unit === 'bytes' ? 'MB' : (total ?? current) === 1 ? visible(unit).replace(/s$/, '') : visible(unit)
  return `${total === null ? number(current) : `${number(current)}/${number(total)}`} ${name}`
}

/** Of 10^6 bytes, as pip and browsers count; a small wheel gets a digit more, so that it is not nothing. */
const megabytes = (greatest: number) => (bytes: number) => (bytes / 1e6).toFixed(greatest < 1e6 ? 2 : 1)

const fractionOf = ({ current, total }: Count) => (total ? current / total : 0)

function formatBar(count: Count, columns: number, { hasColor, hasUnicode }: Look): string {
  const filled = Math.floor(fractionOf(count) * columns)
  const [full, empty] = hasUnicode ? ['█', '░'] : ['#', '-']
  const done = full.repeat(filled)
  return (hasColor && done ? `\u001b[36m${done}\u001b[39m` : done) + empty.repeat(columns - filled)
}

const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`

const join = (...parts: string[]) => parts.filter((part) => part !== '').join(' ')

/**
 * Text of others without what a terminal would obey or not show: escape sequences go, and each run of control, format
 * (direction marks too), unassigned and separator characters becomes one blank.
 */
function visible(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .trim()
}

/** Columns `text` takes at most. Two for whatever is not ASCII: no character takes more, and a line that is too short harms nobody. */
function columnsOf(text: string): number {
  let columns = 0
  for (const character of text) columns += character < '\u007f' ? 1 : 2
  return columns
}

function shorten(text: string, columns: number, { hasUnicode }: Look): string {
  if (columnsOf(text) <= columns) return text
  let kept = ''
  let room = columns - 1
  for (const character of text) {
    room -= columnsOf(character)
    if (room < 0) break
    kept += character
  }
  return columns < 1 ? '' : kept + (hasUnicode ? '…' : '~')
}
