// A Python file with its dependencies in it (PEP 723): the same file names the environment and the functions.
import { fileURLToPath } from 'node:url'
import { kwargs, showProgress, Venv } from 'pyferry'

const script = fileURLToPath(new URL('sunrise.py', import.meta.url))
const py = new Venv({ environment: { script }, modules: [script] })
try {
  const progress = showProgress()
  await py.start({ onProgress: progress.onProgress }).finally(progress.stop)
  const places = { Reykjavík: [64.15, -21.94], Nairobi: [-1.29, 36.82], Wellington: [-41.29, 174.78] }
  for (const [name, [latitude, longitude]] of Object.entries(places)) {
    const { sunrise, sunset } = await py.functions.sunrise(kwargs({ latitude, longitude, day: '2026-12-21' }))
    console.log(`${name.padEnd(10)} ${sunrise} to ${sunset} UTC`)
  }
} finally {
  await py.close()
}
