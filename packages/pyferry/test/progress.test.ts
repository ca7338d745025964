import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { OptionError, type ProvisionEvent, showProgress } from '../src/index.js'
import { makeFolder, makeVenv, makeWheel, python } from './support.js'
import { runOnTerminal, Screen } from './terminal.js'

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
})

/** What was written to it; a terminal when it is told to be one. */
class Recorder extends Writable {
  readonly writes: string[] = []
  readonly isTTY: boolean
  columns = 59

  constructor(isTTY = false) {
    super({ decodeStrings: false })
    this.isTTY = isTTY
  }

  override _write(text: string, _: BufferEncoding, done: () => void) {
    this.writes.push(text)
    done()
  }

  get text(): string {
    return this.writes.join('')
  }
}

const start = (phase: string) => ({ type: 'phase', id: '', phase, state: 'start' }) as ProvisionEvent
const end = (phase: string, elapsedMs = 0) =>
  ({ type: 'phase', id: '', phase, state: 'end', elapsedMs }) as ProvisionEvent
const miss: ProvisionEvent = { type: 'miss', id: '', reason: 'absent' }
const bytes = (current: number, total: number): ProvisionEvent => ({
  type: 'progress',
  ...{ id: '', phase: 'download', current, total, unit: 'bytes', item: 'numpy' },
})

describe('showProgress', () => {
  it.each<[string, unknown, unknown, string]>([
    ['a stream that is a name', 'stderr', {}, 'stream'],
    ['a stream that is nothing', null, {}, 'stream'],
    ['a stream that cannot be written to', {}, {}, 'stream'],
    ['options that are none', process.stderr, 'bar', 'options'],
    ['an unknown option', process.stderr, { stile: 'bar' }, 'stile'],
    ['an unknown style', process.stderr, { style: 'spinner' }, 'style'],
  ])('X: refuses %s by name', (_, stream, options, option) => {
    const refused = () => showProgress(stream as Writable, options as object)
    expect(refused).toThrow(OptionError)
    expect(refused).toThrow(expect.objectContaining({ code: 'ERR_PYFERRY_OPTION', option }))
  })

  it('E: writes plain lines where there is no terminal, and no control character ever', () => {
    const stream = new Recorder()
    const { onProgress } = showProgress(stream)
    onProgress(miss)
    onProgress(start('download'))
    onProgress(bytes(1, 2))
    onProgress({ type: 'warning', id: '', code: 'x', message: 'not \u001b[2Ksecure\r\n' })
    onProgress(end('download', 1_200))
    onProgress(start('done'))
    onProgress(end('done'))
    expect(stream.text.replace(/\d\.\d s\n$/, '')).toBe(
      [
        'environment: making it (absent)',
        'environment: warning: not secure',
        'environment: download took 1.2 s',
        'environment: made in ',
      ].join('\n'),
    )
  })

  it.each([
    ['TERM', 'dumb'],
    ['CI', 'true'],
  ])('E: writes plain lines to a terminal nobody watches: %s=%s', (name, value) => {
    for (const each of ['CI', 'TERM']) vi.stubEnv(each, undefined)
    vi.stubEnv(name, value)
    const stream = new Recorder(true)
    showProgress(stream).onProgress(miss)
    expect(stream.text).toBe('environment: making it (absent)\n')
  })

  it('E: is told what to be', () => {
    const lines = new Recorder(true)
    showProgress(lines, { style: 'lines' }).onProgress(miss)
    expect(lines.text).toBe('environment: making it (absent)\n')
    vi.useFakeTimers()
    const bar = new Recorder(false)
    showProgress(bar, { style: 'bar' }).onProgress(start('create'))
    vi.advanceTimersByTime(100)
    expect(bar.text).toContain('create')
  })

  it('E: draws at most ten times a second, however many events there are', () => {
    vi.useFakeTimers()
    const stream = new Recorder(true)
    const { onProgress, stop } = showProgress(stream, { style: 'bar' })
    onProgress(start('download'))
    for (let millisecond = 0; millisecond < 1_000; millisecond += 1) {
      onProgress(bytes(millisecond * 1e6, 1e9))
      vi.advanceTimersByTime(1)
    }
    expect(stream.writes).toHaveLength(10)
    vi.advanceTimersByTime(900)
    expect(stream.writes, 'the same text is not drawn twice').toHaveLength(10)
    stop()
  })

  it('E: a hit is over before anything is drawn, and nothing runs on', () => {
    vi.useFakeTimers()
    const stream = new Recorder(true)
    const { onProgress } = showProgress(stream, { style: 'bar' })
    for (const phase of ['resolve-source', 'find-python', 'key', 'hit']) {
      onProgress(start(phase))
      onProgress(end(phase))
    }
    expect(vi.getTimerCount()).toBe(0)
    expect(stream.text).toBe('')
  })

  it('E: shows nothing after stop(), which may come twice, and is what `using` calls', () => {
    for (const style of ['bar', 'lines'] as const) {
      const stream = new Recorder()
      const display = showProgress(stream, { style })
      display[Symbol.dispose]()
      display.stop()
      display.onProgress(miss)
      display.onProgress({ type: 'warning', id: '', code: 'x', message: 'late' })
      expect(stream.text).toBe('')
    }
  })

  it('E: a stream that ended is left alone', () => {
    const stream = new PassThrough()
    const errors = vi.fn()
    stream.on('error', errors)
    stream.end()
    showProgress(stream, { style: 'lines' }).onProgress(miss)
    expect(errors).not.toHaveBeenCalled()
  })

  it('E: shows a real environment being made, and nothing of the kind when it is there', async () => {
    const folder = makeFolder()
    const wheels = join(folder, 'wheels')
    mkdirSync(wheels)
    makeWheel(wheels, 'ferrytest', '1.0')
    const run = async () => {
      const stream = new Recorder()
      const py = makeVenv({ python, baseDir: join(folder, 'base'), requirements: ['ferrytest'] })
      await py.start({ onProgress: showProgress(stream).onProgress })
      await py.close()
      return stream.text
    }
    expect(await run()).toMatch(
      /^environment: making it \(absent\)\n(environment: \S+ took .*\n)*environment: made in \d+\.\d s\n$/,
    )
    expect(await run()).not.toMatch(/making|made/)
  })
})

const hideCursor = '\u001b[?25l'
const startOfPicture = '\r\u001b[?7l'
const endOfPicture = '\u001b[?7h\r'

const untilEnded = 'await new Promise((resolve) => setInterval(resolve, 2 ** 30))'

/** Events of a download, as a program's text. */
const events = `
  const { onProgress, stop } = showProgress()
  const start = (phase) => onProgress({ type: 'phase', id: '', phase, state: 'start' })
  const end = (phase) => onProgress({ type: 'phase', id: '', phase, state: 'end', elapsedMs: 1 })
  const bytes = (current) =>
    onProgress({ type: 'progress', id: '', phase: 'download', current, total: 20e6, unit: 'bytes', item: 'nu\\x1b[31mmpy' })
  console.error('earlier')
  onProgress({ type: 'miss', id: '', reason: 'absent' })
  start('download')
  bytes(10e6)
  written = process.stderr.bytesWritten
  await drawn()
`

describe('on a real terminal', () => {
  it('E: shows one line, warnings above it, and leaves nothing behind', async () => {
    const story = `${events}
      bytes(15e6)
      await drawn()
      onProgress({ type: 'warning', id: '', code: 'x', message: 'slow \\x1b]0;title\\x07 index\\r' })
      end('download')
      start('done')
      end('done')
      console.error('later')
    `
    const { rc, output } = await runOnTerminal(story)
    expect(rc).toBe(0)
    const screen = new Screen(80)
    const [before = '', drawn = '', ...more] = output.split(hideCursor)
    expect(screen.write(before).lines).toEqual(['earlier'])
    expect(more, 'the cursor is hidden once').toEqual([])

    const pictures = drawn.split(endOfPicture)
    const after = pictures.pop()
    const shown = pictures.map((picture) => screen.write(hideCursor + picture + endOfPicture).lines)
    expect(screen.isCursorVisible).toBe(false)
    for (const lines of shown) {
      expect(lines.slice(0, -1)).toEqual(['earlier', 'environment: warning: slow index'].slice(0, lines.length - 1))
    }
    // A slow machine may get to see the time.
    const bars = shown.map((lines) => lines.at(-1)!.replace(/ \d+ s$/, ''))
    expect(bars).toContain(`environment: ${'█'.repeat(10)}${'░'.repeat(10)} download 10.0/20.0 MB numpy`)
    expect(bars).toContain(`environment: ${'█'.repeat(15)}${'░'.repeat(5)} download 15.0/20.0 MB numpy`)

    expect(screen.write(after!).lines).toEqual(['earlier', 'environment: warning: slow index', 'later'])
    expect(screen.isCursorVisible).toBe(true)
  })

  it.each([
    ['a key', untilEnded, [{ seen: 'numpy', type: '\u0003' }], 130],
    ['process.exit()', 'process.exit(3)', [], 3],
    ['its own end, for the display keeps nothing alive', '', [], 0],
    ['an error nobody catches', `Promise.reject(new Error('on purpose'))`, [], 1],
    ['stop()', 'stop()', [], 0],
  ])('E: gives the cursor back when the program is ended in the middle by %s', async (_, code, steps, expected) => {
    const { rc, output } = await runOnTerminal(events + code, { steps })
    expect(rc).toBe(expected)
    // What a terminal echoes of the key is its own.
    const screen = new Screen(80).write(output.replace('^C', ''))
    expect(screen.isCursorVisible).toBe(true)
    expect(screen.lines[0]).toBe('earlier')
    expect(screen.lines.join('\n')).not.toContain('numpy')
  })

  it("E: leaves a signal to the program's own listener, and goes on", async () => {
    const code = `${events}
      const working = setInterval(() => {}, 2 ** 30)
      const told = new Promise((resolve) => process.once('SIGINT', resolve))
      bytes(15e6)
      await told
      clearInterval(working)
      bytes(20e6)
      written = process.stderr.bytesWritten
      await drawn()
      stop()
    `
    const { rc, output } = await runOnTerminal(code, { steps: [{ seen: '15.0/20.0', type: '\u0003' }] })
    expect(rc).toBe(0)
    expect(output).toContain('20.0/20.0 MB')
    expect(new Screen(80).write(output.replace('^C', '')).isCursorVisible).toBe(true)
  })

  it('E: follows a terminal that changes its width', async () => {
    const steps = [
      { seen: 'numpy', columns: 20 },
      { seen: '50%', type: '\u0003' },
    ]
    const { output } = await runOnTerminal(events + untilEnded, { columns: 100, steps })
    const [last = ''] = output.slice(output.lastIndexOf(startOfPicture)).split(endOfPicture)
    expect(new Screen(20).write(last).lines).toEqual(['██░░░ download 50%'])
  })

  it('E: has no colour where NO_COLOR forbids it', async () => {
    const { output } = await runOnTerminal(`${events}stop()`, { env: { NO_COLOR: '1' } })
    expect(output).toContain('numpy')
    expect(output).not.toContain('\u001b[36m')
  })
})
