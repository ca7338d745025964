// 10 MB of records there and back: lists of dicts, which no attachment helps.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Packr, Unpackr } from 'msgpackr'
import { findPython } from '../python.mjs'
import { micros, startVenv } from './machine.mjs'

const peerSource = (load, dump, module) => `
import struct, sys
import ${module}
read, write = sys.stdin.buffer, sys.stdout.buffer
while header := read.read(4):
    body = ${dump}(${load}(read.read(struct.unpack(">I", header)[0])))
    write.write(struct.pack(">I", len(body)))
    write.write(body)
    write.flush()
`

export async function records({ python }) {
  const items = Array.from({ length: 90_000 }, (_, index) => ({
    id: index,
    name: `record number ${index}`,
    isActive: index % 3 === 0,
    score: index / 7,
    tags: ['first', 'second'],
  }))
  const json = new BodyPeer(python, peerSource('json.loads', '(lambda v: json.dumps(v).encode())', 'json'))
  const msgpack = new BodyPeer(python, peerSource('msgpack.unpackb', 'msgpack.packb', 'msgpack'))
  const packr = new Packr({ useRecords: false })
  const unpackr = new Unpackr({ useRecords: false })
  const py = await startVenv(python, 'def echo(x): return x')
  const bare = await startVenv(findPython(), 'def echo(x): return x')
  const check = (answer) => {
    if (answer.length !== items.length || answer.at(-1).name !== items.at(-1).name) throw new Error('not what was sent')
  }
  const ways = {
    'JSON by hand': () =>
      micros(async () => check(JSON.parse((await json.ask(Buffer.from(JSON.stringify(items)))).toString()))),
    'MessagePack in C by hand': () => micros(async () => check(unpackr.unpack(await msgpack.ask(packr.pack(items))))),
    pyferry: () => micros(async () => check(await py.callAndAwait('echo', items))),
    'pyferry, no msgpack in the environment': () => micros(async () => check(await bare.callAndAwait('echo', items))),
  }
  const megabytes = (JSON.stringify(items).length / 1e6).toFixed(1)
  return {
    tables: [{ title: `Records, ${megabytes} MB as JSON, there and back`, ways }],
    close: () => Promise.all([json.close(), msgpack.close(), py.close(), bare.close()]),
  }
}

class BodyPeer {
  #child
  #chunks = []
  #length = 0
  #expected
  #resolve

  constructor(python, source) {
    this.#child = spawn(python, ['-c', source], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child.stdout.on('data', (chunk) => this.#read(chunk))
  }

  ask(body) {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(body.length)
    this.#child.stdin.cork()
    this.#child.stdin.write(length)
    this.#child.stdin.write(body)
    this.#child.stdin.uncork()
    return new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  async close() {
    this.#child.stdin.end()
    await once(this.#child, 'exit')
  }

  #read(chunk) {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    this.#expected ??= this.#length >= 4 ? 4 + Buffer.concat(this.#chunks).readUInt32BE(0) : undefined
    if (this.#length < (this.#expected ?? Number.POSITIVE_INFINITY)) return
    const body = Buffer.concat(this.#chunks).subarray(4)
    this.#chunks = []
    this.#length = 0
    this.#expected = undefined
    this.#resolve(body)
  }
}
