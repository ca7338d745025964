import { spawn } from 'node:child_process'
import { OptionError } from '@pyferry/errors'
import { describe, expect, it } from 'vitest'
import { workerCommand, workerLaunch } from '../src/index.js'
import { python } from './support.js'

describe('launch', () => {
  it('S-4: our own worker starts isolated, without site, on descriptors of its own', () => {
    const launch = workerLaunch({ python: '/usr/bin/python3', threads: 3, maxFrameBytes: 4096, env: { A: '1' } })
    expect(launch).toEqual({
      command: '/usr/bin/python3',
      args: [
        ...['-I', '-S', '-X', 'utf8', expect.stringMatching(/boot\.py$/)],
        ...['--fd-in', '3', '--fd-out', '4', '--lifeline', '5', '--max-workers', '3', '--max-frame-bytes', '4096'],
      ],
      env: { A: '1', PYFERRY_WORKER: '1' },
      cwd: undefined,
      transport: 'fd',
      environment: '/usr/bin/python3',
    })
  })

  it('W-1: workerCommand starts a worker that serves any host on stdin and stdout', async () => {
    const { command, args, env } = workerCommand({ python, protocol: 'base', threads: 2 })
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'inherit'] })
    const frame = (message: object) => {
      const body = Buffer.from(JSON.stringify(message))
      const header = Buffer.alloc(4)
      header.writeUInt32BE(body.length)
      return Buffer.concat([header, body])
    }
    child.stdin.write(
      frame({ type: 'define', opID: 'd', code: 'def f(x):\n    print("not on the channel")\n    return x' }),
    )
    child.stdin.end(frame({ type: 'call', callID: 'c', func: 'f', args: [1] }))
    let received = Buffer.alloc(0)
    for await (const chunk of child.stdout) received = Buffer.concat([received, chunk])
    const messages: unknown[] = []
    while (received.length > 0) {
      const length = received.readUInt32BE(0)
      messages.push(JSON.parse(received.subarray(4, 4 + length).toString()))
      received = received.subarray(4 + length)
    }
    expect(messages).toMatchObject([
      { type: 'ready' },
      { type: 'op_done', opID: 'd', ok: true },
      { type: 'call_done', callID: 'c', ok: true, result: [1] },
    ])
  })

  it('refuses a protocol there is not yet', () => {
    expect(() => workerCommand({ python, protocol: 'v2' as 'base' })).toThrow(OptionError)
  })
})
