import { expect, test } from 'vitest'
import type { BuildJob } from '../../src/backends/backend.js'
import { UvOutput } from '../../src/backends/uv-output.js'
import { type ProvisionEvent, Reporter } from '../../src/events.js'

test('E: what uv builds is a phase, and a warning when it is nothing that was named by its folder', () => {
  const events: ProvisionEvent[] = []
  const reporter = new Reporter((event) => events.push(event))
  reporter.enter('resolve')
  const output = new UvOutput({ reporter, generation: { prefix: '/nowhere' } } as unknown as BuildJob)
  // As uv 0.13.9 prints them.
  for (const line of ['   Building app @ file:///home/me/app', '   Building docopt==0.6.2']) output.read('stderr', line)
  output.close()
  expect(reporter.phase).toBe('build')
  expect(events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))).toEqual([
    'docopt==0.6.2 has no wheel here and is built from source',
  ])
})
