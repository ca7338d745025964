import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { HandshakeError } from '../../src/index.js'
import { Rendezvous } from '../../src/transports/rendezvous.js'
import type { Channel } from '../../src/transports/transport.js'
import { eventually, makeFolder } from '../support.js'

interface Invitation {
  type: string
  transport: string
  address: string
  in: string
  out: string
  host: string
}

const rendezvous = new Set<Rendezvous>()
const sockets = new Set<Socket>()

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
  for (const each of rendezvous) each.close()
  for (const each of sockets) each.destroy()
  rendezvous.clear()
  sockets.clear()
})

/** A rendezvous, what the worker would read on stdin, and what came of it. */
async function open(name: 'unix' | 'tcp') {
  const transport = new Rendezvous(name)
  rendezvous.add(transport)
  const stdin = new PassThrough()
  const channels: Channel[] = []
  const failures: Error[] = []
  transport.open([stdin], {
    onOpen: (channel) => {
      channels.push(channel)
      sockets.add(channel.input as Socket).add(channel.output as Socket)
    },
    onFailure: (error) => failures.push(error),
  })
  const [frame] = (await new Promise((resolve) => stdin.once('data', (chunk) => resolve([chunk])))) as [Buffer]
  expect(frame.readUInt32BE(0)).toBe(frame.length - 4)
  const invitation = JSON.parse(frame.subarray(4).toString()) as Invitation
  return { transport, stdin, invitation, channels, failures }
}

/** Connect, say something, and gather what is said back until the end. */
function visit({ address }: Invitation, text?: string) {
  const port = address.startsWith('127.0.0.1:') ? Number(address.split(':')[1]) : undefined
  const socket = port === undefined ? connect(address) : connect(port, '127.0.0.1')
  sockets.add(socket)
  let heard = ''
  socket.on('data', (chunk) => {
    heard += chunk
  })
  let error: NodeJS.ErrnoException | undefined
  socket.on('error', (thrown) => {
    error = thrown
  })
  const closed = new Promise<NodeJS.ErrnoException | undefined>((resolve) => socket.once('close', () => resolve(error)))
  if (text !== undefined) socket.write(text)
  return { socket, closed, heard: () => heard }
}

describe.each(['unix', 'tcp'] as const)('meeting on a socket: %s (W-5)', (name) => {
  it('W-5: opens when both connections have said what they were told, whatever their order', async () => {
    const { invitation, channels } = await open(name)
    expect(invitation).toMatchObject({ type: 'connect', transport: name })
    const writer = visit(invitation, invitation.out)
    await new Promise((resolve) => writer.socket.once('connect', resolve))
    const reader = visit(invitation, invitation.in)
    await eventually(() => reader.heard() === invitation.host && writer.heard() === invitation.host)
    const { input, output } = channels[0]!
    writer.socket.write('from the worker')
    output.write('from the host')
    expect(String(await new Promise((resolve) => input.once('data', resolve)))).toBe('from the worker')
    await eventually(() => reader.heard() === `${invitation.host}from the host`)
    expect(channels).toHaveLength(1)
  })

  it('W-5: each start has secrets of its own, 256 bits each', async () => {
    const [one, two] = [await open(name), await open(name)]
    const secrets = [one, two].flatMap(({ invitation }) => [invitation.in, invitation.out, invitation.host])
    expect(new Set(secrets).size).toBe(6)
    for (const secret of secrets) expect(secret).toMatch(/^[0-9a-f]{64}$/)
  })

  it.each([
    ['garbage', () => 'GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/html, application/json, text/plain\r\n\r\n'],
    ['another secret', () => 'f'.repeat(64)],
    ["the host's own secret", (invitation: Invitation) => invitation.host],
    ['more than a secret', (invitation: Invitation) => `${invitation.in}!`],
    ['what was said already', (invitation: Invitation) => invitation.in],
  ])('W-5: a peer that says %s is dropped, hears nothing, and the worker is waited for', async (_, say) => {
    const { transport, invitation, channels } = await open(name)
    const reader = visit(invitation, invitation.in)
    await new Promise((resolve) => reader.socket.once('connect', resolve))
    const stranger = visit(invitation, say(invitation))
    await stranger.closed
    expect(stranger.heard()).toBe('')
    expect(channels).toEqual([])
    expect(transport.missing()).toMatchObject({ name: 'HandshakeError', transport: name, refusedCount: 1 })
    const writer = visit(invitation, invitation.out)
    await eventually(() => writer.heard() === invitation.host)
    expect(channels).toHaveLength(1)
    expect(transport.missing()).toBeUndefined()
  })

  it('W-5: a peer that leaves early is no matter', async () => {
    const { transport, invitation, channels } = await open(name)
    const stranger = visit(invitation, 'half a sec')
    stranger.socket.end()
    await stranger.closed
    await eventually(() => transport.missing()?.refusedCount === 1)
    visit(invitation, invitation.in)
    visit(invitation, invitation.out)
    await eventually(() => channels.length === 1)
  })

  it('W-5: of peers that say nothing the oldest is dropped for a seventeenth', async () => {
    const { invitation, channels } = await open(name)
    const silent = []
    for (let index = 0; index < 17; index += 1) {
      const stranger = visit(invitation)
      await new Promise((resolve) => stranger.socket.once('connect', resolve))
      silent.push(stranger)
    }
    await silent[0]!.closed
    expect(silent[1]!.socket.destroyed).toBe(false)
    visit(invitation, invitation.in)
    visit(invitation, invitation.out)
    await eventually(() => channels.length === 1)
    // Nobody is waited for any more.
    for (const { closed } of silent) await closed
  })

  it('W-5: a peer that says nothing for 10 s is dropped', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { transport, invitation } = await open(name)
    const stranger = visit(invitation)
    await new Promise((resolve) => stranger.socket.once('connect', resolve))
    // The host has taken it when it takes the next one.
    const next = visit(invitation, 'x'.repeat(64))
    await next.closed
    vi.advanceTimersByTime(9_999)
    expect(transport.missing()?.refusedCount).toBe(1)
    vi.advanceTimersByTime(1)
    await stranger.closed
    expect(transport.missing()?.refusedCount).toBe(2)
  })

  it('W-5: once it is open nobody else is let in', async () => {
    const { invitation, channels } = await open(name)
    visit(invitation, invitation.in)
    visit(invitation, invitation.out)
    await eventually(() => channels.length === 1)
    const late = visit(invitation, invitation.in)
    expect(await late.closed).toMatchObject({ code: name === 'unix' ? 'ENOENT' : 'ECONNREFUSED' })
  })

  it('W-5: closed before anybody came, it leaves no listener, and drops who is there', async () => {
    const { transport, invitation, channels, failures } = await open(name)
    const reader = visit(invitation, invitation.in)
    const silent = visit(invitation)
    await Promise.all([reader, silent].map(({ socket }) => new Promise((resolve) => socket.once('connect', resolve))))
    transport.close()
    transport.close()
    await Promise.all([reader.closed, silent.closed])
    expect(await visit(invitation).closed).toMatchObject({ code: name === 'unix' ? 'ENOENT' : 'ECONNREFUSED' })
    expect([channels, failures]).toEqual([[], []])
  })
})

describe('the folder of a Unix socket (W-5)', () => {
  it('W-5: is for this user alone, and gone with the socket as soon as both connections are there', async () => {
    const folder = makeFolder()
    vi.stubEnv('TMPDIR', folder)
    const { invitation, channels } = await open('unix')
    expect(dirname(dirname(invitation.address))).toBe(folder)
    expect(statSync(dirname(invitation.address)).mode & 0o777).toBe(0o700)
    visit(invitation, invitation.in)
    visit(invitation, invitation.out)
    await eventually(() => channels.length === 1)
    expect(readdirSync(folder)).toEqual([])
  })

  it('W-5: is gone when nobody came', async () => {
    const folder = makeFolder()
    vi.stubEnv('TMPDIR', folder)
    const { transport } = await open('unix')
    expect(readdirSync(folder)).toHaveLength(1)
    transport.close()
    expect(readdirSync(folder)).toEqual([])
  })

  it('W-5: is elsewhere when the path would be longer than a socket can have', async () => {
    const deep = join(makeFolder(), 'x'.repeat(100))
    mkdirSync(deep)
    vi.stubEnv('TMPDIR', deep)
    const { transport, invitation } = await open('unix')
    expect(dirname(dirname(invitation.address))).toBe('/tmp')
    transport.close()
    expect(existsSync(dirname(invitation.address))).toBe(false)
  })

  it('W-5: that cannot be made is a HandshakeError', () => {
    vi.stubEnv('TMPDIR', '/nowhere')
    expect(() => new Rendezvous('unix')).toThrow(HandshakeError)
    expect(() => new Rendezvous('unix')).toThrow('no folder for a socket can be made: ENOENT')
  })

  it('W-5: in which nothing can be listened on is a HandshakeError, and leaves nothing', async () => {
    const folder = makeFolder()
    vi.stubEnv('TMPDIR', folder)
    const transport = new Rendezvous('unix')
    rendezvous.add(transport)
    // Somebody has been faster: there is something of that name already.
    mkdirSync(join(folder, readdirSync(folder)[0]!, 's'))
    const failure = await new Promise<Error>((resolve) =>
      transport.open([new PassThrough()], { onOpen: () => {}, onFailure: resolve }),
    )
    expect(failure).toBeInstanceOf(HandshakeError)
    expect(failure.message).toContain('cannot be listened on: listen EADDRINUSE')
    expect(readdirSync(folder)).toEqual([])
  })
})
