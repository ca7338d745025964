// Bytes each way into fresh memory, beside a C program; and 10 MiB there and back, beside HTTP on a connection that is kept.
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { LinePeer, micros, startVenv } from './machine.mjs'

const SIZES = { '1 MB': 2 ** 20, '10 MB': 10 * 2 ** 20, '100 MB': 100 * 2 ** 20 }

const source = `
ready = {}
def take(data):
    return sum(memoryview(data)[::4096])
def prepare(size):
    ready[size] = b"x" * size
def give(size):
    return ready[size]
def echo(data):
    return data
`

export async function bytes({ python }) {
  const program = fileURLToPath(new URL('../../.cache/fresh', import.meta.url))
  mkdirSync(fileURLToPath(new URL('../../.cache', import.meta.url)), { recursive: true })
  execFileSync('cc', ['-O2', '-o', program, fileURLToPath(new URL('fresh.c', import.meta.url))])
  const c = new LinePeer(program)
  const py = await startVenv(python, source)
  const http = await HttpPeer.start(python)
  for (const size of Object.values(SIZES)) await py.callAndAwait('prepare', size)

  const tables = []
  for (const [name, size] of Object.entries(SIZES)) {
    const up = async () => {
      const data = Buffer.alloc(size, 7)
      return await micros(() => py.callAndAwait('take', data))
    }
    const down = () => micros(async () => touch(await py.callAndAwait('give', size)))
    tables.push(
      {
        title: `${name} to Python`,
        ways: { 'C, socketpair': async () => Number(await c.ask(`${size} up`)), pyferry: up },
      },
      {
        title: `${name} from Python`,
        ways: { 'C, socketpair': async () => Number(await c.ask(`${size} down`)), pyferry: down },
      },
    )
  }
  const data = Buffer.alloc(SIZES['10 MB'], 7)
  tables.push({
    title: '10 MiB there and back',
    ways: {
      'HTTP, http.server': () => micros(() => http.echo(data)),
      pyferry: () => micros(() => py.callAndAwait('echo', data)),
    },
  })
  const close = () => Promise.all([c.close(), py.close(), http.close()])
  return { tables, close }
}

/** A byte of each page, as whoever uses them would. */
function touch(data) {
  let sum = 0
  for (let at = 0; at < data.length; at += 4096) sum += data[at]
  return sum
}

const server = `
import http.server, sys
what = sys.argv[1]
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        body = answer(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args): pass
def answer(body):
    if what == "double":
        import numpy
        return (numpy.frombuffer(body) * 2).tobytes()
    return body
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
`

/** Bytes posted to `http.server` of the standard library, and what it answers. */
export class HttpPeer {
  #peer
  #options

  /** @param what `'echo'`, or `'double'` for float64 in numpy */
  static async start(python, what = 'echo') {
    const self = new HttpPeer()
    self.#peer = new LinePeer(python, ['-c', server, what])
    const port = Number(await self.#peer.ask())
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    self.#options = { host: '127.0.0.1', port, method: 'POST', agent, highWaterMark: 2 ** 20 }
    return self
  }

  echo(body) {
    return new Promise((resolve, reject) => {
      const headers = { 'Content-Length': body.length }
      const sent = request({ ...this.#options, headers }, (response) => {
        const answer = Buffer.allocUnsafe(Number(response.headers['content-length']))
        let filled = 0
        response.on('data', (chunk) => {
          filled += chunk.copy(answer, filled)
        })
        response.on('end', () => resolve(answer))
      })
      sent.on('error', reject)
      sent.end(body)
    })
  }

  async close() {
    this.#options.agent.destroy()
    await this.#peer.close()
  }
}
