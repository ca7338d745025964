import { Venv } from 'pyferry'

/** pyferry through its front door: `callAndAwait`, one worker, every option at its default. */
export class Pyferry {
  #venv

  async start(python) {
    this.#venv = new Venv({
      interpreter: python,
      sources: ['def add(value):\n    return value["a"] + value["b"]\n'],
    })
    await this.#venv.start()
  }

  call(a, b) {
    return this.#venv.callAndAwait('add', { a, b })
  }

  close() {
    return this.#venv.close()
  }
}
