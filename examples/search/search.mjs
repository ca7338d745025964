// Semantic search over real text, and what call and await are good for. Questions may be given on the command line.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { isPyferryError, kwargs, showProgress, Venv } from 'pyferry'

const here = fileURLToPath(new URL('.', import.meta.url))
const data = join(here, '.data')
mkdirSync(data, { recursive: true })

const questions = process.argv.slice(2)
if (questions.length === 0) {
  questions.push(
    'how do I read a zip archive?',
    'wait for several threads to finish',
    'parse command line arguments',
    'random numbers from a normal distribution',
    'compare two files and show the differences',
  )
}

const since = (start) => `${((performance.now() - start) / 1000).toFixed(2)} s`
const began = performance.now()

const py = new Venv({
  baseDir: join(data, 'environment'),
  requirements: ['scikit-learn'],
  modules: [join(here, 'search.py')],
  threads: 2,
})

try {
  console.log(`The environment and what was read are kept in ${data}`)
  const progress = showProgress()
  await py.start({ onProgress: progress.onProgress }).finally(progress.stop)
  console.log(`Python ${py.pythonVersion} is ready after ${since(began)}`)

  const index = await py.callAndAwait('load', { store: join(data, 'index.pickle') })
  const source = index.kept ? 'kept from an earlier run' : 'read and fitted now'
  console.log(`${index.documents} docstrings of the standard library, ${source}, in ${index.seconds.toFixed(2)} s\n`)

  const ask = async (question) => {
    const start = performance.now()
    const answers = await py.invoke('search', question, kwargs({ top: 3 }))
    return { question, answers, ms: performance.now() - start }
  }
  for (const { question, answers, ms } of await Promise.all(questions.map(ask))) {
    console.log(`${question}  (${ms.toFixed(1)} ms)`)
    for (const { score, name, summary } of answers) console.log(`  ${score.toFixed(3)}  ${name} — ${summary}`)
  }

  console.log('\nA long call, its wait abandoned, its result fetched all the same:')
  const id = py.call('topics', { count: 24 })
  try {
    await py.await(id, { timeoutMs: 50 })
  } catch (error) {
    if (!isPyferryError(error, 'ERR_PYFERRY_AWAIT_TIMEOUT')) throw error
    console.log(`  gave up waiting for ${id} after 50 ms; it is ${py.peek(id)}`)
  }
  const meanwhile = await ask('convert a date to text')
  console.log(`  meanwhile, ${meanwhile.question} → ${meanwhile.answers[0].name}  (${meanwhile.ms.toFixed(1)} ms)`)
  const topics = await py.await(id)
  console.log(`  awaited again: ${topics.length} topics; the largest are`)
  for (const { size, words } of topics.slice(0, 3)) console.log(`    ${size} about ${words.join(', ')}`)

  console.log('\nThe worker is killed, and started again in the same environment:')
  py.on('died', (error) => console.log(`  [liveness] died: ${error.message}`))
  py.on('ready', () => console.log('  [liveness] ready'))
  const lost = py.call('topics', { count: 24 })
  process.kill(py.pid, 'SIGKILL')
  await py.await(lost).catch((error) => console.log(`  the call in flight: ${error.name}, ${error.signal}`))
  const restart = performance.now()
  await py.start()
  console.log(`  nothing was installed; ${since(restart)} later it runs in ${await py.callAndAwait('where')}`)
} finally {
  await py.close()
}
console.log(`\nAll of it took ${since(began)}.`)
