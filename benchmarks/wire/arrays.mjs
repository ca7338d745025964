// A million float64 to numpy, doubled there, and a fresh array back.
import { HttpPeer } from './bytes.mjs'
import { EmbeddedPeer } from './embedded.mjs'
import { COUNT, checkDoubled, LinePeer, micros, someFloats, startVenv } from './machine.mjs'

const lists = `
import json, sys
import numpy
for line in sys.stdin:
    print(json.dumps((numpy.array(json.loads(line)) * 2).tolist()), flush=True)
`

export async function arrays({ python }) {
  const values = someFloats()
  const json = new LinePeer(python, ['-c', lists])
  const http = await HttpPeer.start(python, 'double')
  const py = await startVenv(python, 'def double(x): return x * 2')
  const embedded = await EmbeddedPeer.tryStart(python)
  const check = (doubled) => checkDoubled(values, doubled)
  const bytes = Buffer.from(values.buffer)
  const ways = {
    pyferry: () => micros(async () => check(await py.callAndAwait('double', values))),
    'HTTP, raw bytes': () =>
      micros(async () => {
        const answer = await http.echo(bytes)
        check(new Float64Array(answer.buffer, answer.byteOffset, COUNT))
      }),
    ...(embedded && { 'node-calls-python': () => embedded.double() }),
    'a list, as JSON': () => micros(async () => check(JSON.parse(await json.ask(JSON.stringify([...values]))))),
  }
  return {
    tables: [{ title: 'A million float64, doubled in numpy', ways }],
    close: () => Promise.all([json.close(), http.close(), py.close(), embedded?.close()]),
  }
}
