// A small call beside four others that are always under way: sleeping, or burning the processor. It is made in two rhythms, since a call
// after a pause finds everybody asleep and takes longer by itself: whoever compares it with a call alone has to keep the rhythm.
import { Textbook } from '../peers/textbook.mjs'
import { quantile } from '../statistics.mjs'
import { startVenv } from './machine.mjs'

const CALLS = 200

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** What is waited for after a call. */
const rhythms = {
  'in bursts of ten': (call) => (call % 10 === 9 ? pause(3) : undefined),
  // Not in step with what the others do.
  'after pauses': () => pause(Math.random() * 2),
}

const functions = `
import time
def add(numbers):
    return numbers["a"] + numbers["b"]
def sleep(ms):
    time.sleep(ms / 1000)
def burn(ms):
    end = time.perf_counter() + ms / 1000
    while time.perf_counter() < end:
        pass
`

const textbook = `
import json, struct, sys, threading
from concurrent.futures import ThreadPoolExecutor
${functions}
lock = threading.Lock()
def answer(message):
    result = globals()[message["function"]](message["value"])
    body = json.dumps({"id": message["id"], "result": result}).encode()
    with lock:
        sys.stdout.buffer.write(struct.pack(">I", len(body)))
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()
with ThreadPoolExecutor(16) as threads:
    while header := sys.stdin.buffer.read(4):
        threads.submit(answer, json.loads(sys.stdin.buffer.read(struct.unpack(">I", header)[0])))
`

export async function mixed({ python }) {
  const peers = { textbook: await MixedTextbook.start(python), pyferry: await Ours.start(python) }
  const beside = (other, rhythm) => ({
    title: `add ${rhythm}, beside four that ${other} 5 ms`,
    figures: ['p50', 'p99'],
    ways: Object.fromEntries(Object.entries(peers).map(([name, peer]) => [name, () => measure(peer, rhythm, other)])),
  })
  const againstAlone = (rhythm) => ({
    title: `add ${rhythm}, pyferry`,
    figures: ['p50', 'p99'],
    ways: {
      alone: () => measure(peers.pyferry, rhythm),
      'beside four that sleep 5 ms': () => measure(peers.pyferry, rhythm, 'sleep'),
    },
  })
  const tables = [
    ...Object.keys(rhythms).flatMap((rhythm) => [againstAlone(rhythm), beside('sleep', rhythm)]),
    beside('burn', 'after pauses'),
  ]
  return { tables, close: () => Promise.all(Object.values(peers).map((peer) => peer.close())) }
}

async function measure(peer, rhythm, other) {
  let isOver = false
  const keepUp = async () => {
    while (!isOver) await peer.call(other, 5)
  }
  const others = other === undefined ? [] : Array.from({ length: 4 }, keepUp)
  const times = new Float64Array(CALLS)
  for (let call = -20; call < CALLS; call += 1) {
    const start = performance.now()
    await peer.call('add', { a: 1, b: 2 })
    if (call >= 0) times[call] = (performance.now() - start) * 1000
    await rhythms[rhythm](call)
  }
  isOver = true
  await Promise.all(others)
  times.sort()
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) }
}

class Ours {
  #venv

  static async start(python) {
    const self = new Ours()
    self.#venv = await startVenv(python, functions, { threads: 8 })
    return self
  }

  call(name, value) {
    return this.#venv.callAndAwait(name, value)
  }

  close() {
    return this.#venv.close()
  }
}

class MixedTextbook {
  #peer = new Textbook()

  static async start(python) {
    const self = new MixedTextbook()
    await self.#peer.start(python, ['-c', textbook])
    await self.call('add', { a: 1, b: 2 })
    return self
  }

  call(name, value) {
    return this.#peer.ask({ function: name, value })
  }

  close() {
    return this.#peer.close()
  }
}
