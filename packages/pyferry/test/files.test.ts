/** Open files as arguments (D-2, D-4): sent piece by piece, never held. */
import { createHash } from 'node:crypto'
import { openAsBlob, writeFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { ClosedError, DiedError, kwargs, UnserializableError, ValueTooLargeError, type Venv } from '../src/index.js'
import { death, failureOf, makeFolder, runProgram, startVenv } from './support.js'

const code = `
import hashlib, os
seen = []
def echo(x=None, **named): return named or x
def digest(x): return [type(x).__name__, len(x), hashlib.sha256(x).hexdigest()]
def note(name, data): seen.append(name); return list(seen)
def pid(_): return os.getpid()
def exit(_): os._exit(3)
`

const handles = new Set<FileHandle>()
afterEach(async () => {
  for (const handle of handles) await handle.close()
  handles.clear()
})

/** Bytes that are not all the same. */
function bytesOf(length: number): Buffer {
  return Buffer.alloc(length, Buffer.from(Array.from({ length: 251 }, (_, index) => index)))
}

const digestOf = (bytes: Uint8Array) => ['bytes', bytes.length, createHash('sha256').update(bytes).digest('hex')]

async function handleOf(bytes: Uint8Array, flags = 'r'): Promise<FileHandle> {
  const path = join(makeFolder(), 'file')
  writeFileSync(path, bytes)
  const handle = await open(path, flags)
  handles.add(handle)
  return handle
}

/** A file of 3 MB, to which something happens when its second megabyte is about to be read. */
async function fileUntil(happening: (handle: FileHandle) => Promise<unknown>): Promise<FileHandle> {
  const handle = await handleOf(bytesOf(3_000_000), 'r+')
  const read = handle.read.bind(handle) as (...args: unknown[]) => ReturnType<FileHandle['read']>
  let hasHappened = false
  handle.read = (async (buffer: Uint8Array, options: { position: number }) => {
    if (options.position > 1_000_000 && !hasHappened) {
      hasHappened = true
      await happening(handle)
    }
    return read(buffer, options)
  }) as unknown as FileHandle['read']
  return handle
}

describe('a FileHandle', () => {
  it.each([0, 1, 65_536, 65_537, 262_144, 1_000_001])('D-2: of %i bytes arrives as bytes', async (length) => {
    const py = await startVenv(code)
    const bytes = bytesOf(length)
    const handle = await handleOf(bytes)
    expect(await py.callAndAwait('digest', handle)).toEqual(digestOf(bytes))
  })

  it('D-2: is sent from its beginning wherever others have read to, stays there, and stays open', async () => {
    const py = await startVenv(code)
    for (const bytes of [bytesOf(100), bytesOf(500_000)]) {
      const handle = await handleOf(bytes)
      await handle.read(Buffer.alloc(10), 0, 10)
      const digests = await Promise.all([py.callAndAwait('digest', handle), py.callAndAwait('digest', handle)])
      expect(digests).toEqual([digestOf(bytes), digestOf(bytes)])
      expect(Buffer.compare(await handle.readFile(), bytes.subarray(10))).toBe(0)
    }
  })

  it('D-4: may stand anywhere, beside others that are large or small, and in frames of any size', async () => {
    for (const maxFrameBytes of [1024, 67_108_864]) {
      const py = await startVenv(code, { maxFrameBytes })
      const [small, large] = [bytesOf(70), bytesOf(300_000)]
      const [one, other] = [await handleOf(small), await handleOf(large)]
      const args = { files: [one, other, one], blob: new Blob([large]), bytes: large, text: 'ü'.repeat(100_000), n: -0 }
      expect(await py.invoke('echo', kwargs(args))).toStrictEqual({
        ...args,
        files: [small, large, small].map((each) => new Uint8Array(each)),
        blob: new Uint8Array(large),
        bytes: new Uint8Array(large),
      })
    }
  })

  it.each([
    ['a FileHandle', '(await open(path))'],
    ['a Blob of a file', '(await openAsBlob(path))'],
  ])('D-4: 300 MB of %s are never held', async (_, source) => {
    const path = join(makeFolder(), 'file')
    writeFileSync(path, '')
    const program = await runProgram(`
import { open, truncate } from 'node:fs/promises'
import { openAsBlob } from 'node:fs'
const path = ${JSON.stringify(path)}
const py = await Venv.start({ interpreter: python, sources: ['def size(x): return len(x)'] })
const sizeOf = async (bytes) => {
  await truncate(path, bytes)
  const source = ${source}
  const size = await py.callAndAwait('size', source)
  await source.close?.()
  return size
}
await sizeOf(10_000_000)
const before = process.resourceUsage().maxRSS
say([await sizeOf(300_000_000), process.resourceUsage().maxRSS - before])
await py.close()
`)
    const [size, grownKb] = JSON.parse(await program.nextLine()) as [number, number]
    expect(size).toBe(300_000_000)
    expect(grownKb).toBeLessThan(100_000)
    expect(await program.exit).toMatchObject({ code: 0, stderr: '' })
  })

  it('V-5: with one thread what is called after it starts after it; with more, small calls go by it', async () => {
    const one = await startVenv(code)
    const handle = await handleOf(bytesOf(3_000_000))
    const names = ['file', 'small', 'large', 'last']
    const sent = [handle, 1, bytesOf(1_000_000), 2]
    const answers = await Promise.all(names.map((name, index) => one.invoke('note', name, sent[index])))
    expect(answers.at(-1)).toEqual(names)

    const several = await startVenv(code, { threads: 2 })
    let goOn!: () => void
    const held = await fileUntil(() => new Promise<void>((resolve) => (goOn = resolve)))
    const waiting = several.callAndAwait('digest', held)
    while (goOn === undefined) expect(await several.callAndAwait('echo', 'by')).toBe('by')
    expect(await several.callAndAwait('echo', 'by')).toBe('by')
    goOn()
    expect(await waiting).toEqual(digestOf(bytesOf(3_000_000)))
  })

  it.each<[string, (handle: FileHandle) => Promise<unknown>, RegExp]>([
    [
      'becomes shorter',
      (handle) => handle.truncate(1_200_000),
      /the file has become shorter, 1200000 bytes of 3000000$/,
    ],
    ['is closed', (handle) => handle.close(), /the FileHandle could not be read: .*(closed|EBADF)/],
  ])(
    'D-6: of a file that %s while it is sent fails its call alone, and what follows is sent',
    async (_, happening, message) => {
      for (const threads of [1, 2]) {
        const py = await startVenv(code, { threads })
        const pid = await py.callAndAwait('pid')
        const broken = await fileUntil(happening)
        const id = py.call('echo', { files: [bytesOf(100_000), await handleOf(bytesOf(200_000)), broken] })
        const following = py.callAndAwait('digest', bytesOf(900_000))
        const error = await failureOf(py.await(id))
        expect(error).toBeInstanceOf(UnserializableError)
        expect(error).toMatchObject({ path: 'args.files[2]', function: 'echo', callId: id })
        expect(error.message).toMatch(message)
        expect(await following).toEqual(digestOf(bytesOf(900_000)))
        expect(await py.callAndAwait('digest', await handleOf(bytesOf(200_000)))).toEqual(digestOf(bytesOf(200_000)))
        expect(await py.callAndAwait('pid')).toBe(pid)
        handles.delete(broken)
        await broken.close().catch(() => {})
      }
    },
  )

  it('D-6: that grows while it is sent arrives as it was when its call was sent', async () => {
    const py = await startVenv(code)
    const growing = await fileUntil((handle) => handle.truncate(4_000_000))
    expect(await py.callAndAwait('digest', growing)).toEqual(digestOf(bytesOf(3_000_000)))
  })

  it('D-6: that is closed is refused at once; of a folder, a pipe, or a file that tells no size, fails its call', async () => {
    const py = await startVenv(code)
    const closed = await handleOf(bytesOf(1))
    await closed.close()
    expect(() => py.call('echo', { x: closed })).toThrow('args.x: a call cannot carry a FileHandle that is closed')
    const paths: [string, string][] = [
      [makeFolder(), 'something that is no regular file'],
      ['/dev/null', 'something that is no regular file'],
    ]
    if (process.platform === 'linux') paths.push(['/proc/self/status', 'a file that does not tell its size'])
    for (const [path, what] of paths) {
      const handle = await open(path)
      handles.add(handle)
      await expect(py.callAndAwait('echo', [handle])).rejects.toMatchObject({
        code: 'ERR_PYFERRY_UNSERIALIZABLE',
        path: 'args[0]',
        message: `args[0]: a call cannot carry a FileHandle of ${what}`,
      })
    }
    expect(await py.callAndAwait('echo', 1)).toBe(1)
  })

  it('D-4: over maxPayloadBytes fails its call alone, and nothing of it is sent', async () => {
    const py = await startVenv(code, { maxPayloadBytes: 100_000 })
    const handle = await handleOf(bytesOf(100_001))
    await expect(py.callAndAwait('echo', handle)).rejects.toBeInstanceOf(ValueTooLargeError)
    expect(await py.callAndAwait('digest', await handleOf(bytesOf(99_000)))).toEqual(digestOf(bytesOf(99_000)))
  })

  it.each<[string, (py: Venv) => Promise<unknown>, new (...args: never[]) => Error]>([
    ['V-15: close() ends', (py) => py.close(), ClosedError],
    ['V-14: the death of the worker ends', (py) => failureOf(py.callAndAwait('exit')), DiedError],
  ])('%s a call whose file is being sent', async (_, end, type) => {
    const py = await startVenv(code, { threads: 2 })
    let goOn!: () => void
    const begun = new Promise<void>((resolve) => {
      void fileUntil(() => {
        resolve()
        return new Promise<void>((release) => (goOn = release))
      }).then((handle) => waiting.push(failureOf(py.callAndAwait('echo', handle))))
    })
    const waiting: Promise<Error>[] = []
    await begun
    const died = death(py)
    await end(py)
    expect(await waiting[0]).toBeInstanceOf(type)
    goOn()
    if (py.state === 'closed') return
    await died
    await py.start()
    expect(await py.callAndAwait('digest', await handleOf(bytesOf(300_000)))).toEqual(digestOf(bytesOf(300_000)))
  })

  it('W-1: is refused by name where only the base protocol is spoken', async () => {
    const py = await startVenv(code, { protocol: 'base' })
    const handle = await handleOf(bytesOf(1))
    await expect(py.invoke('echo', handle)).rejects.toMatchObject({
      message: 'args: JSON cannot carry a FileHandle',
      hint: 'send await handle.readFile()',
    })
  })
})

it.each([90_000, 900_000])(
  'D-6: a Blob of %i bytes that does not give what it says fails its call alone',
  async (size) => {
    const py = await startVenv(code)
    const part = { arrayBuffer: async () => new ArrayBuffer(7) }
    const blob = Object.assign(new Blob([bytesOf(size)]), { slice: () => part })
    await expect(py.callAndAwait('digest', [blob])).rejects.toMatchObject({
      path: 'args[0]',
      message: expect.stringMatching(/^args\[0\]: the Blob gave 7 bytes of \d+$/),
    })
    expect(await py.callAndAwait('digest', new Blob([bytesOf(400_000)]))).toEqual(digestOf(bytesOf(400_000)))
  },
)

it('D-6: a Blob of a file that becomes shorter while it is sent fails its call alone', async () => {
  const py = await startVenv(code)
  const path = join(makeFolder(), 'file')
  writeFileSync(path, bytesOf(3_000_000))
  const blob = await openAsBlob(path)
  writeFileSync(path, bytesOf(2_000_000))
  const error = await failureOf(py.callAndAwait('digest', blob))
  expect(error).toMatchObject({ code: 'ERR_PYFERRY_UNSERIALIZABLE', path: 'args', cause: { name: 'NotReadableError' } })
  expect(await py.callAndAwait('digest', new Blob([bytesOf(400_000)]))).toEqual(digestOf(bytesOf(400_000)))
})
