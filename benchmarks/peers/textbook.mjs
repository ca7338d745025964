import { spawn } from 'node:child_process'
import { pythonFile } from '../python.mjs'

/**
 * The worker one writes in an afternoon: a length and a JSON object over stdin and stdout, two writes for each message, a
 * `ThreadPoolExecutor(16)` behind a buffered reader. It does on the wire what pyferry's base protocol does.
 */
export class Textbook {
  #child
  #pending = new Map()
  #received = Buffer.alloc(0)
  #lastId = 0

  /** @param args of the interpreter: another worker that takes and gives such frames */
  async start(python, args = [pythonFile('textbook.py')]) {
    this.#child = spawn(python, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child.stdout.on('data', (chunk) => this.#read(chunk))
  }

  call(a, b) {
    return this.ask({ args: { a, b } })
  }

  /** @param fields of the message, besides its id */
  ask(fields) {
    return new Promise((resolve) => {
      this.#lastId += 1
      this.#pending.set(this.#lastId, resolve)
      const body = Buffer.from(JSON.stringify({ id: this.#lastId, ...fields }))
      const length = Buffer.alloc(4)
      length.writeUInt32BE(body.length)
      this.#child.stdin.write(length)
      this.#child.stdin.write(body)
    })
  }

  async close() {
    const exited = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.stdin.end()
    await exited
  }

  #read(chunk) {
    this.#received = Buffer.concat([this.#received, chunk])
    while (this.#received.length >= 4) {
      const end = 4 + this.#received.readUInt32BE(0)
      if (this.#received.length < end) return
      const { id, result } = JSON.parse(this.#received.toString('utf8', 4, end))
      this.#received = this.#received.subarray(end)
      const resolve = this.#pending.get(id)
      this.#pending.delete(id)
      resolve(result)
    }
  }
}
