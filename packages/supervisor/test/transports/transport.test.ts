/** The same story over each transport (W-5): nothing above it may tell which one it is. */
import { existsSync, readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { HandshakeError, hostEnvironment, type Launch, StartError, type TransportName } from '../../src/index.js'
import { defaultTransport } from '../../src/transports/transport.js'
import { eventually, isAlive, makeFolder, makeWorker, nextDeath, own, python, source } from '../support.js'

const onLinux = process.platform === 'linux'

/** Our own worker over each transport, and behind a command that hands stdin and stdout on: one that it becomes, one that it stays. */
const ways: Record<string, (threads?: number) => Launch> = {
  fd: (threads) => own(threads, { transport: 'fd' }),
  unix: (threads) => own(threads, { transport: 'unix' }),
  tcp: (threads) => own(threads, { transport: 'tcp' }),
  stdio: (threads) => own(threads, { transport: 'stdio' }),
  'unix, forked from a template': (threads) => own(threads, { start: 'fork' }),
  'stdio behind a command that becomes the worker': (threads) => behind('exec "$0" "$@"', threads),
  'stdio behind a command that waits for the worker': (threads) => behind('"$0" "$@"; exit $?', threads),
}

function behind(script: string, threads?: number): Launch {
  const launch = own(threads, { transport: 'stdio' })
  return { ...launch, command: 'sh', args: ['-c', script, python, ...launch.args] }
}

/** Temporary files of this host and its workers, to be looked through. */
let temporary: string
/** Files of the test itself. */
let folder: string
beforeEach(() => {
  folder = makeFolder()
  temporary = makeFolder()
  vi.stubEnv('TMPDIR', temporary)
  return () => vi.unstubAllEnvs()
})

const openDescriptors = () => (onLinux ? readdirSync('/proc/self/fd').length : 0)

describe.each(Object.entries(ways))('%s', (way, launch) => {
  const isStdio = way.startsWith('stdio')

  it.each(['off', 'both'] as const)('W-5: carries small calls, one after the other (spin: %s)', async (spin) => {
    const definition = source('def f(x): return [x, float("nan"), 2**70, b"bytes"]')
    const { worker, end } = makeWorker({ spin, definition })
    await worker.start(() => launch())
    for (let index = 0; index < 20; index += 1) {
      expect(await end('f', index)).toEqual({
        state: 'done',
        value: [index, NaN, 2n ** 70n, new Uint8Array(Buffer.from('bytes'))],
      })
    }
  })

  it('W-5: carries a thousand calls at once, each answered once', async () => {
    const { worker, end } = makeWorker({ threads: 4, definition: source('def f(x): return x * 2') })
    await worker.start(() => launch(4))
    const ends = await Promise.all(Array.from({ length: 1_000 }, (_, index) => end('f', index)))
    expect(ends).toEqual(Array.from({ length: 1_000 }, (_, index) => ({ state: 'done', value: index * 2 })))
  })

  it('W-5: carries large attachments, both ways at once', async () => {
    const { worker, end } = makeWorker({ threads: 2, definition: source('def f(x): return bytes(reversed(x))') })
    await worker.start(() => launch(2))
    const pattern = Buffer.from(Array.from({ length: 251 }, (_, index) => index))
    const sent = [12_000_000, 9_999_999].map((size) => new Uint8Array(Buffer.alloc(size, pattern)))
    const ends = await Promise.all(sent.map((bytes) => end('f', bytes)))
    for (const [index, { state, value }] of (ends as { state: string; value?: Uint8Array }[]).entries()) {
      expect(state).toBe('done')
      expect(Buffer.compare(value!, sent[index]!.reverse())).toBe(0)
    }
  })

  it('W-5, D-4: carries 5 MB of bytes and as much text in pieces, both ways, and small calls between them', async () => {
    const definition = source('def f(x): return {**x, "bytes": x["bytes"][::-1]}\ndef g(x): return x')
    const { worker, end } = makeWorker({ threads: 4, definition })
    await worker.start(() => launch(4))
    const bytes = Uint8Array.from({ length: 5_000_000 }, (_, index) => (index * 31) >> 3)
    const text = 'ü€😀'.repeat(560_000)
    const large = Array.from({ length: 3 }, (_, index) => end('f', { index, bytes, text }))
    const small = await Promise.all(Array.from({ length: 200 }, (_, index) => end('g', index)))
    expect(small).toEqual(Array.from({ length: 200 }, (_, index) => ({ state: 'done', value: index })))
    const reversed = bytes.toReversed()
    for (const [index, each] of (await Promise.all(large)).entries()) {
      const { value } = each as { value?: { index: number; bytes: Uint8Array; text: string } }
      expect(value?.index).toBe(index)
      expect(Buffer.compare(value!.bytes, reversed)).toBe(0)
      expect(value!.text === text).toBe(true)
    }
  })

  it('V-17: what user code prints arrives, and what it does to its descriptors hurts nobody', async () => {
    const lines: string[] = []
    const { worker, end } = makeWorker({
      [isStdio ? 'stderr' : 'stdout']: (line: string) => lines.push(line),
      definition: source(
        [
          'import os, subprocess, sys',
          'def speak(x):',
          '    print("print")',
          '    os.write(1, b"write\\n")',
          '    subprocess.run(["echo", "echo"], check=True)',
          '    return sys.stdin.read()',
          'def lose(x): os.closerange(0, 64)',
          'def split(x):',
          '    if os.fork() == 0: return "from the child"',
          '    os.wait()',
          '    return "from the worker"',
        ].join('\n'),
      ),
    })
    await worker.start(() => launch())
    expect(await end('speak')).toEqual({ state: 'done', value: '' })
    await eventually(() => lines.length === 3)
    expect(lines).toEqual(['print', 'write', 'echo'])
    expect(await end('lose')).toEqual({ state: 'done', value: null })
    expect(await end('split')).toEqual({ state: 'done', value: 'from the worker' })
  })

  it('V-13: of a worker that is killed the death is told, and a new start makes a new worker', async () => {
    const { worker, end, liveness } = makeWorker({
      definition: source('import time\ndef nap(s): time.sleep(s)\ndef f(x): return x'),
    })
    await worker.start(() => launch())
    const napping = end('nap', 600)
    const { pid } = worker
    process.kill(pid!, 'SIGKILL')
    expect(await napping).toMatchObject({ error: { name: 'DiedError', signal: 'SIGKILL' } })
    await eventually(() => worker.state === 'died')
    await worker.start(() => launch())
    expect(worker.pid).not.toBe(pid)
    expect(await end('f', 1)).toEqual({ state: 'done', value: 1 })
    await eventually(() => liveness.length === 3)
    expect(liveness).toEqual(['ready', 'died', 'ready'])
  })

  it('V-15: a host that closes lets what runs end, forgets what waits, and leaves nothing behind', async () => {
    const before = openDescriptors()
    const file = `${folder}/finished`
    const { worker, end } = makeWorker({
      definition: source(
        'import os, time\ndef pid(x): return os.getpid()\n' +
          'def nap(file):\n    with open(file + ".begun", "x"): pass\n    time.sleep(0.2)\n    with open(file, "x"): pass',
      ),
    })
    await worker.start(() => launch())
    const { value: pid } = (await end('pid')) as { value: number }
    const ends = [end('nap', file), end('nap', `${file}.waiting`)]
    await eventually(() => existsSync(`${file}.begun`))
    await worker.close()
    expect(await Promise.all(ends)).toMatchObject([
      { error: { name: 'ClosedError' } },
      { error: { name: 'ClosedError' } },
    ])
    expect(existsSync(file)).toBe(true)
    expect(existsSync(`${file}.waiting.begun`)).toBe(false)
    await eventually(() => !isAlive(pid))
    expect(readdirSync(temporary)).toEqual([])
    expect(openDescriptors()).toBe(before)
  })

  it('V-15: a host that closes kills after closeGraceMs what does not end', async () => {
    const { worker, end } = makeWorker({
      closeGraceMs: 50,
      definition: source('import os\ndef pid(x): return os.getpid()\ndef loop(x):\n    while True: pass'),
    })
    await worker.start(() => launch())
    const { value: pid } = (await end('pid')) as { value: number }
    void end('loop')
    await worker.close()
    expect(isAlive(pid)).toBe(false)
  })

  it('V-4: a start that is aborted, at whatever moment, leaves nothing behind', async () => {
    const before = openDescriptors()
    const { worker } = makeWorker({ definition: source('import time; time.sleep(600)') })
    for (const turns of [0, 1, 5, 50, 500]) {
      const controller = new AbortController()
      const starting = worker.start(() => launch(), { signal: controller.signal })
      for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve))
      const { pid } = worker
      controller.abort(new Error('changed my mind'))
      await expect(starting).rejects.toThrow('changed my mind')
      if (pid !== undefined) expect(isAlive(pid)).toBe(false)
    }
    expect(readdirSync(temporary)).toEqual([])
    expect(openDescriptors()).toBe(before)
  })
})

/** A worker of a few lines that takes its channel by hand. */
const byHand = (transport: TransportName, way: string): Launch => ({
  command: process.execPath,
  args: [fileURLToPath(new URL('../fixtures/by-hand.mjs', import.meta.url)), transport, way],
  env: hostEnvironment(),
  transport,
})

describe.each(['fd', 'unix', 'tcp', 'stdio'] as const)('%s, with a worker of somebody else', (transport) => {
  it('W-5: works as the specification says', async () => {
    const { worker, end } = makeWorker()
    await worker.start(() => byHand(transport, 'well'))
    expect(await end('f', 'x')).toEqual({ state: 'done', value: 'x' })
    await worker.close()
    expect(readdirSync(temporary)).toEqual([])
  })

  it('V-14: of a worker that dies the answers it had written count, and all other calls end in DiedError', async () => {
    const { worker, ends } = makeWorker()
    await worker.start(() => byHand(transport, 'die'))
    const died = nextDeath(worker)
    // More than fits into the channel: the worker ends with much unread, and the host is still writing.
    for (let index = 0; index < 20_000; index += 1) worker.submit({ id: `c${index}`, func: 'f' }, { args: index })
    const error = await died
    expect(error).toMatchObject({ name: 'DiedError', exitCode: 9 })
    const counts = { done: 0, failed: 0 }
    for (const end of ends.values()) counts[end.state] += 1
    expect(counts).toEqual({ done: 2_000, failed: 18_000 })
    expect(ends.get('c2000')).toMatchObject({ error: { name: 'DiedError', exitCode: 9 } })
  })

  it('V-4: garbage instead of the ready frame fails the start', async () => {
    const { worker } = makeWorker()
    const error = await worker.start(() => byHand(transport, 'garbage')).catch((thrown) => thrown)
    expect(error).toBeInstanceOf(StartError)
    expect(error.cause).toMatchObject({ name: 'FrameTooLargeError' })
    expect(worker.state).toBe('idle')
    expect(readdirSync(temporary)).toEqual([])
  })

  it('V-4: a program that is no worker fails the start', async () => {
    const { worker } = makeWorker()
    const launch = { ...byHand(transport, ''), args: ['-e', 'process.exitCode = 4'] }
    const error = await worker.start(() => launch).catch((thrown) => thrown)
    expect(error).toBeInstanceOf(StartError)
    expect(error.exitCode).toBe(4)
    expect(error.cause).toBeUndefined()
    expect(readdirSync(temporary)).toEqual([])
  })

  it('V-4: a command that is not there fails the start', async () => {
    const { worker } = makeWorker()
    const launch = { ...byHand(transport, ''), command: '/nowhere/python3' }
    await expect(worker.start(() => launch)).rejects.toThrow('/nowhere/python3 was not found')
    expect(readdirSync(temporary)).toEqual([])
  })
})

describe.each(['unix', 'tcp'] as const)('%s, and who else may connect', (transport) => {
  it('W-5: needs no descriptor above 2, so that a command may stand in front that closes them', async () => {
    const { worker, end } = makeWorker({ definition: source('import os\ndef pid(x): return os.getpid()') })
    const launch = own(1, { transport })
    const script = 'for fd in 3 4 5 6; do eval "exec $fd>&-"; done; "$0" "$@"; exit $?'
    await worker.start(() => ({ ...launch, command: 'sh', args: ['-c', script, python, ...launch.args] }))
    const { value: pid } = (await end('pid')) as { value: number }
    expect(pid).not.toBe(worker.pid)
    await worker.close()
    expect(isAlive(pid)).toBe(false)
  })

  it('W-5: strangers are refused, and the worker is served; after it nobody is', async () => {
    const addresses: string[] = []
    const { worker, end } = makeWorker({ stdout: (line) => addresses.push(line) })
    await worker.start(() => byHand(transport, 'strangers'))
    expect(await end('f', 'x')).toEqual({ state: 'done', value: 'x' })
    await eventually(() => addresses.length === 1)
    const [address] = addresses as [string]
    const socket = transport === 'unix' ? connect(address) : connect(Number(address.split(':')[1]), '127.0.0.1')
    const error = await new Promise((resolve) => socket.once('error', resolve))
    expect(error).toMatchObject({ code: transport === 'unix' ? 'ENOENT' : 'ECONNREFUSED' })
  })

  it('W-5: garbage instead of the secret fails the start, and the error says so', async () => {
    const { worker } = makeWorker()
    const error = await worker.start(() => byHand(transport, 'garbage-for-a-secret')).catch((thrown) => thrown)
    expect(error).toBeInstanceOf(StartError)
    expect(error.exitCode).toBe(3)
    expect(error.cause).toBeInstanceOf(HandshakeError)
    expect(error.cause).toMatchObject({
      code: 'ERR_PYFERRY_HANDSHAKE',
      transport,
      refusedCount: 1,
      message: 'the worker has not connected; 1 that did not know the secret was refused',
    })
    expect(readdirSync(temporary)).toEqual([])
  })

  it('W-5: a worker that never connects fails the start at startTimeoutMs, and the error says so', async () => {
    const { worker } = makeWorker({ startTimeoutMs: 300 })
    await expect(worker.start(() => byHand(transport, 'never'))).rejects.toMatchObject({
      name: 'StartError',
      message: 'the worker was not ready within 300 ms (startTimeoutMs)',
      cause: { name: 'HandshakeError', message: 'the worker has not connected', refusedCount: 0 },
    })
    expect(readdirSync(temporary)).toEqual([])
  })
})

it('W-5: a socket that cannot be made fails the start, and no process is left', async () => {
  vi.stubEnv('TMPDIR', '/nowhere')
  const { worker } = makeWorker()
  const error = await worker.start(() => own(1, { transport: 'unix', env: {} })).catch((thrown) => thrown)
  expect(error).toBeInstanceOf(StartError)
  expect(error.cause).toBeInstanceOf(HandshakeError)
  expect(error.message).toContain('no folder for a socket can be made')
})

it('W-5: descriptors are the default, and a port where a process can be given none', () => {
  expect(defaultTransport('linux')).toBe('fd')
  expect(defaultTransport('darwin')).toBe('fd')
  expect(defaultTransport('win32')).toBe('tcp')
})
