// A project with a `uv.lock`: its package, and the other one of its workspace, as the lock file says.
import { fileURLToPath } from 'node:url'
import { showProgress, Venv } from 'pyferry'

const py = new Venv({
  // Without uv on the machine it is fetched, from the index that pip uses: a library asks before it does that.
  environment: { project: fileURLToPath(new URL('.', import.meta.url)), downloads: 'missing' },
  modules: ['haiku'],
})
try {
  const progress = showProgress()
  await py.start({ onProgress: progress.onProgress }).finally(progress.stop)
  const { backend, packages } = py.environment
  console.log(`${backend} has installed ${packages.map(({ name, version }) => `${name} ${version}`).join(' and ')}`)

  const poem = ['An old silent pond', 'A frog jumps into the pond', 'Splash! Silence again']
  const { counts, isHaiku } = await py.callAndAwait('haiku.check', poem)
  for (const [index, line] of poem.entries()) console.log(`  ${counts[index]}  ${line}`)
  console.log(isHaiku ? 'It is a haiku.' : 'It is not a haiku.')
} finally {
  await py.close()
}
