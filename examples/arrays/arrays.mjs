// Arrays to numpy and back, and a picture that Python makes and Node writes. No number is ever text.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { NDArray, showProgress, Venv } from 'pyferry'

const here = fileURLToPath(new URL('.', import.meta.url))
const picture = process.argv[2] ?? join(here, '.data', 'landscape.png')
mkdirSync(dirname(picture), { recursive: true })

const progress = showProgress()
const py = await Venv.start(
  { requirements: ['numpy', 'pillow'], modules: [join(here, 'arrays.py')] },
  { onProgress: progress.onProgress },
).finally(progress.stop)

const signal = Float64Array.from({ length: 1_000_000 }, (_, index) => Math.sin(index / 50) + Math.random())
const smoothed = await py.invoke('smooth', signal, 100)
console.log(`smooth: ${smoothed.constructor.name} of ${smoothed.length.toLocaleString('en')}`)

const strengths = await py.invoke('spectrum', signal)
// The first says what all have in common, not how fast they change.
const strongest = strengths.reduce((best, strength, at) => (at > 1 && strength > strengths[best] ? at : best), 1)
console.log(
  `spectrum: ${strengths.constructor.name}; the wave repeats every ${Math.round(signal.length / strongest)} samples`,
)

const begin = performance.now()
for (let turn = 0; turn < 20; turn += 1) await py.invoke('smooth', signal, 1)
console.log(`8 MB there and back: ${((performance.now() - begin) / 20).toFixed(0)} ms, numpy's work included`)

const landscape = await py.invoke('heights', 400)
console.log(`heights: ${landscape instanceof NDArray ? `NDArray ${landscape.dtype} [${landscape.shape}]` : landscape}`)

const png = await py.invoke('paint', landscape)
writeFileSync(picture, png)
console.log(`paint: ${png.length.toLocaleString('en')} bytes, written to ${picture}`)

await py.close()
