import { PythonShell } from 'python-shell'
import { pythonFile } from '../python.mjs'

/** python-shell 5 in its JSON mode: a line each way, a loop in Python that adds. It answers in order, so order is the id. */
export class PythonShellPeer {
  #shell
  #waiting = []

  async start(python) {
    this.#shell = new PythonShell(pythonFile('python_shell.py'), { mode: 'json', pythonPath: python })
    this.#shell.on('message', (result) => this.#waiting.shift()(result))
  }

  call(a, b) {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#shell.send({ a, b })
    })
  }

  close() {
    return new Promise((resolve, reject) => {
      this.#shell.end((error) => (error ? reject(error) : resolve()))
    })
  }
}
