// A million float64 to numpy, doubled there, and a fresh array back.
import { HttpPeer } from './bytes.mjs'
import { LinePeer, micros, startVenv } from './machine.mjs'

const COUNT = 1_000_000

const lists = `
import json, sys
import numpy
for line in sys.stdin:
    print(json.dumps((numpy.array(json.loads(line)) * 2).tolist()), flush=True)
`

export async function arrays({ python }) {
  const values = Float64Array.from({ length: COUNT }, (_, index) => index * 1.1)
  const json = new LinePeer(python, ['-c', lists])
  const http = await HttpPeer.start(python, 'double')
  const py = await startVenv(python, 'def double(x): return x * 2')
  const check = (doubled) => {
    if (doubled.length !== COUNT || doubled[COUNT - 1] !== values[COUNT - 1] * 2) throw new Error('not doubled')
  }
  const bytes = Buffer.from(values.buffer)
  const ways = {
    pyferry: () => micros(async () => check(await py.callAndAwait('double', values))),
    'HTTP, raw bytes': () =>
      micros(async () => {
        const answer = await http.echo(bytes)
        check(new Float64Array(answer.buffer, answer.byteOffset, COUNT))
      }),
    'a list, as JSON': () => micros(async () => check(JSON.parse(await json.ask(JSON.stringify([...values]))))),
  }
  return {
    tables: [{ title: 'A million float64, doubled in numpy', ways }],
    close: () => Promise.all([json.close(), http.close(), py.close()]),
  }
}
