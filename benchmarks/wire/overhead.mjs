// What the public API adds to the supervisor below it (id, result cache, promise, options), and processor time on both sides.
import { readFileSync } from 'node:fs'
import { Worker, workerLaunch } from '@pyferry/supervisor'
import { startVenv } from './machine.mjs'

const source = 'def add(value): return value["a"] + value["b"]'
const TICKS_PER_SECOND = 100

export async function overhead({ python }) {
  const py = await startVenv(python, source)
  const below = await Below.start(python)
  const alone = (call) => () => keepBusy(call, 1, 2_000)
  const many = (call, pid) => async () => {
    const before = [process.cpuUsage(), ticksOf(pid)]
    const p50 = await keepBusy(call, 512, 51_200)
    const { user, system } = process.cpuUsage(before[0])
    const python = ((ticksOf(pid) - before[1]) / TICKS_PER_SECOND) * 1e6
    return { 'a call': p50, 'CPU of Node': (user + system) / 51_200, 'CPU of Python': python / 51_200 }
  }
  const own = (value) => py.callAndAwait('add', value)
  const bare = (value) => below.call('add', value)
  return {
    tables: [
      { title: 'A small call, alone', ways: { supervisor: alone(bare), pyferry: alone(own) } },
      {
        title: 'A small call of 512 in flight',
        figures: ['a call', 'CPU of Node', 'CPU of Python'],
        ways: { supervisor: many(bare, below.pid), pyferry: many(own, py.pid) },
      },
    ],
    close: () => Promise.all([py.close(), below.close()]),
  }
}

/** Microseconds from one call to the next. */
async function keepBusy(call, inFlight, calls) {
  let left = calls
  const one = async () => {
    while (left > 0) {
      left -= 1
      await call({ a: 1, b: 2 })
    }
  }
  const start = performance.now()
  await Promise.all(Array.from({ length: inFlight }, one))
  return ((performance.now() - start) * 1000) / calls
}

const ticksOf = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return Number(fields[11]) + Number(fields[12])
}

/** The supervisor as who knows nothing better would use it: a promise for each call. */
class Below {
  #worker
  #waiting = new Map()
  #lastId = 0

  static async start(python) {
    const self = new Below()
    self.#worker = new Worker({
      definition: { sources: [{ name: 'add.py', code: source }], modules: [], importPaths: [], expose: 'all' },
      onCallEnd: ({ id }, end) => {
        const resolve = self.#waiting.get(id)
        self.#waiting.delete(id)
        resolve(end.value)
      },
    })
    self.#worker.hold()
    await self.#worker.start(() => workerLaunch({ python }))
    return self
  }

  get pid() {
    return this.#worker.pid
  }

  call(func, args) {
    return new Promise((resolve) => {
      this.#lastId += 1
      const id = String(this.#lastId)
      this.#waiting.set(id, resolve)
      this.#worker.submit({ id, func }, { args })
    })
  }

  close() {
    return this.#worker.close()
  }
}
