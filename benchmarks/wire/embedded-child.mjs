// Python inside this process, for `embedded.mjs`: bytes go in as such, and come back as an ArrayBuffer.
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { checkDoubled, micros, someFloats } from './machine.mjs'

const [folder, paths] = process.argv.slice(2)
const file = `${folder}/doubling.py`
writeFileSync(file, 'import numpy\ndef double(x): return (numpy.frombuffer(x) * 2).tobytes()\n')

const { interpreter } = createRequire(`${folder}/`)('node-calls-python')
for (const path of JSON.parse(paths)) interpreter.addImportPath(path)
const module = await interpreter.import(file)
const values = someFloats()
process.on('message', async () => {
  const took = await micros(async () =>
    checkDoubled(values, new Float64Array(await interpreter.call(module, 'double', values))),
  )
  process.send(took)
})
process.send('ready')
