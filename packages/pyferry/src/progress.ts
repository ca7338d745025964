/**
 * Shows what the making of an environment is doing: one line that is redrawn where somebody watches a terminal, and a few plain
 * lines everywhere else.
 */
import { performance } from 'node:perf_hooks'
import type { WriteStream } from 'node:tty'
import { assertKnownOptions, OptionError } from '@pyferry/errors'
import type { ProvisionEvent } from '@pyferry/provisioner'
import { advance, formatLine, type Look, newsOf, nothing } from './progress-text.js'
import { TerminalLine, writeTo } from './terminal-line.js'

export interface ProgressOptions {
  /**
   * `'bar'`: one line with a bar, redrawn at most ten times a second and taken away in the end. `'lines'`: a line when something
   * is made, for each phase that took a second or more, and in the end; no control characters.
   * @default 'auto': the bar on a terminal, unless `TERM` is `dumb` or `CI` is set
   */
  style?: 'auto' | 'bar' | 'lines'
}

export interface ProgressDisplay {
  /** For the option of this name of `start()`; needs no `this`. */
  readonly onProgress: (event: ProvisionEvent) => void
  /** Take the line away and show nothing more. Needed only after a start that failed; never wrong. */
  readonly stop: () => void
  /** The same as `stop`: `using progress = showProgress()`. */
  [Symbol.dispose](): void
}

type Stream = NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY' | 'columns' | 'getColorDepth'>>

/** Ten a second: more is flicker to a person. */
const REDRAW_INTERVAL_MS = 100

/** Where a terminal does not tell its width. */
const USUAL_COLUMNS = 80

/**
 * Show the progress of a start on `stream`, which stays the caller's. An environment that is there already shows nothing.
 * Keeps no program alive, and gives the cursor back however the program ends, by a signal too. What others write to the same
 * terminal meanwhile may share a line with the bar.
 *
 *     const progress = showProgress()
 *     await py.start({ onProgress: progress.onProgress }).finally(progress.stop)
 *
 * @throws OptionError
 */
export function showProgress(
  stream: NodeJS.WritableStream = process.stderr,
  options: ProgressOptions = {},
): ProgressDisplay {
  if (typeof stream !== 'object' || stream === null || typeof stream.write !== 'function') {
    throw new OptionError('stream', stream, 'a writable stream')
  }
  const style = resolveStyle(stream, options)
  const { onProgress, stop } = style === 'bar' ? showBar(stream) : showLines(stream)
  let isStopped = false
  const stopOnce = () => {
    isStopped = true
    stop()
  }
  return {
    onProgress: (event) => {
      if (!isStopped) onProgress(event)
    },
    stop: stopOnce,
    [Symbol.dispose]: stopOnce,
  }
}

function resolveStyle(stream: Stream, options: ProgressOptions): 'bar' | 'lines' {
  assertKnownOptions(options, ['style'])
  const { style = 'auto' } = options
  if (style === 'auto') return decideStyle(stream.isTTY === true, process.env)
  if (style !== 'bar' && style !== 'lines') throw new OptionError('style', style, "'auto', 'bar' or 'lines'")
  return style
}

/** A build server may give its jobs a terminal, but nobody watches it: what it keeps is a log. */
function decideStyle(isTerminal: boolean, { TERM, CI }: NodeJS.ProcessEnv): 'bar' | 'lines' {
  const isWatched = TERM !== 'dumb' && (CI === undefined || CI === '' || CI === 'false')
  return isTerminal && isWatched ? 'bar' : 'lines'
}

function showLines(stream: Stream): Pick<ProgressDisplay, 'onProgress' | 'stop'> {
  let standing = nothing
  return {
    onProgress(event) {
      const now = performance.now()
      const news = newsOf(standing, event, now)
      standing = advance(standing, event, now)
      if (news !== undefined) writeTo(stream, `${news}\n`)
    },
    stop() {},
  }
}

/** Events change what is known, and a steady clock draws it: so the rate is held, and a hit is over before the first picture. */
function showBar(stream: Stream): Pick<ProgressDisplay, 'onProgress' | 'stop'> {
  const line = new TerminalLine(stream)
  let standing = nothing
  let clock: NodeJS.Timeout | undefined

  const rest = () => {
    clearInterval(clock)
    clock = undefined
    line.erase()
  }
  const draw = () => {
    const look = lookOf(stream, process.env)
    line.draw(formatLine(standing, look, performance.now()), look.columns)
    if (standing.phase === undefined) rest()
  }
  return {
    onProgress(event) {
      const now = performance.now()
      const news = event.type === 'warning' ? newsOf(standing, event, now) : undefined
      if (news !== undefined) line.print(news)
      standing = advance(standing, event, now)
      if (standing === nothing) rest()
      else clock ??= setInterval(draw, REDRAW_INTERVAL_MS).unref()
    },
    stop: rest,
  }
}

/** Asked again for each picture: terminals change their size. */
function lookOf(stream: Stream, env: NodeJS.ProcessEnv): Look {
  return {
    columns: stream.columns || USUAL_COLUMNS,
    // Node lets FORCE_COLOR overrule NO_COLOR; no-color.org does not know of exceptions.
    hasColor: !env.NO_COLOR && (stream.getColorDepth?.(env) ?? 1) > 1,
    // The console of the Linux kernel and old ones of Windows have no such blocks in their fonts.
    hasUnicode: process.platform === 'win32' ? Boolean(env.WT_SESSION || env.TERM_PROGRAM) : env.TERM !== 'linux',
  }
}
