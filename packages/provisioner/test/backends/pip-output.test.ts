import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { BuildJob } from '../../src/backends/backend.js'
import { PipOutput } from '../../src/backends/pip-output.js'
import { type ProvisionEvent, Reporter } from '../../src/events.js'
import { temporaryFolder } from '../fixtures/folders.js'

function listen(prefix = '/nowhere'): {
  output: PipOutput
  reporter: Reporter
  events: ProvisionEvent[]
  waitForProgress: (current: number) => Promise<void>
} {
  const events: ProvisionEvent[] = []
  let nowMs = 0
  let onProgress: ((current: number) => void) | undefined
  const reporter = new Reporter(
    (event) => {
      events.push(event)
      if (event.type === 'progress') onProgress?.(event.current)
    },
    () => (nowMs += 1_000),
  )
  const job = { reporter, generation: { prefix }, python: { info: { release: '3.13.0' } } } as unknown as BuildJob
  const waitForProgress = (wanted: number) =>
    new Promise<void>((resolve) => {
      onProgress = (current) => current === wanted && resolve()
    })
  reporter.enter('resolve')
  return { output: new PipOutput(job), reporter, events, waitForProgress }
}

const told = (events: readonly ProvisionEvent[]) =>
  events.flatMap((event) => {
    if (event.type === 'phase') return event.state === 'start' ? [event.phase] : []
    return event.type === 'progress' ? [`${event.current}/${event.total} ${event.unit} ${event.item ?? ''}`.trim()] : []
  })

test('V-3: what pip prints becomes phases that only go forward, and numbers', () => {
  const { output, events } = listen()
  const lines = [
    'Collecting tiny==1.0 (from -r requirements.txt (line 1))',
    '  Downloading https://h/packages/tiny-1.0-py3-none-any.whl.metadata (1 kB)',
    'Collecting other',
    '  Downloading https://h/tiny-1.0.whl?token=1 (2.0 MB)',
    'Progress 1024 of 2048',
    'Progress 2048 of 2048',
    'Progress 10 of 0',
    'Building wheels for collected packages: other',
    'Installing collected packages: other, tiny',
  ]
  const kept = lines.filter((line) => output.read('stdout', line) === 'keep')
  output.close()
  expect(kept).toEqual(lines.filter((line) => !line.startsWith('Progress')))
  expect(told(events)).toEqual([
    'resolve',
    '1/null packages tiny==1.0',
    'download',
    '2/null packages other',
    '1024/2048 bytes tiny-1.0.whl',
    '2048/2048 bytes tiny-1.0.whl',
    '2048/2048 bytes tiny-1.0.whl',
    'build',
    'install',
    '0/2 packages',
  ])
})

test('V-3: the same words on stderr are only lines', () => {
  const { output, events } = listen()
  expect(output.read('stderr', 'Collecting tiny')).toBe('keep')
  expect(told(events)).toEqual(['resolve'])
  expect(events.at(-1)).toMatchObject({ type: 'log', stream: 'stderr', line: 'Collecting tiny' })
})

test('V-3: what is installed is counted while pip is silent', async () => {
  const prefix = temporaryFolder()
  const { output, waitForProgress } = listen(prefix)
  const seen = waitForProgress(1)
  output.read('stdout', 'Installing collected packages: other, tiny')
  mkdirSync(join(prefix, 'lib', 'python3.13', 'site-packages', 'tiny-1.0.dist-info'), { recursive: true })
  // The counting does not keep the process alive; the wait for it does.
  const alive = setInterval(() => {}, 1_000)
  await seen
  clearInterval(alive)
  output.close()
})
