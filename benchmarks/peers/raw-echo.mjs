import { spawn } from 'node:child_process'
import { pythonFile } from '../python.mjs'

const messageBytes = 64

/**
 * The floor: 64 bytes to Python and back over the same kind of pipes that a worker has, descriptors 3 and 4, with no
 * framing, no values and no function. What a call costs beyond this is what a library adds.
 */
export class RawEcho {
  #child
  #waiting = []
  #receivedBytes = 0
  #message = Buffer.alloc(messageBytes, 'x')

  async start(python) {
    this.#child = spawn(python, ['-I', '-S', pythonFile('echo.py')], {
      stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'pipe'],
    })
    this.#child.stdio[4].on('data', (chunk) => {
      this.#receivedBytes += chunk.length
      while (this.#receivedBytes >= messageBytes) {
        this.#receivedBytes -= messageBytes
        this.#waiting.shift()()
      }
    })
  }

  call() {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#child.stdio[3].write(this.#message)
    })
  }

  async close() {
    const exited = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.stdio[3].end()
    await exited
  }
}
