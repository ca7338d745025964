// From a folder of wheels, without a network. Its preparation needs the network once; on a machine without, bring the folder along.
import { execFileSync } from 'node:child_process'
import { existsSync, renameSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Provisioner } from '@pyferry/provisioner'
import { showProgress, Venv } from 'pyferry'

const wheels = fileURLToPath(new URL('.data/wheels', import.meta.url))
if (!existsSync(wheels)) {
  const environment = await new Provisioner().ensure({ backend: 'venv-pip', withPip: true })
  const pip = ['-m', 'pip', 'download', '--quiet', '--only-binary=:all:', '--dest', `${wheels}.new`]
  execFileSync(environment.python, [...pip, 'python-slugify==8.0.4'], { stdio: 'inherit' })
  renameSync(`${wheels}.new`, wheels)
  environment.release()
}

const py = new Venv({
  requirements: ['python-slugify==8.0.4'],
  environment: {
    findLinks: [wheels],
    offline: true,
    // Nobody listens there: whoever asked the network all the same would fail.
    env: { set: { HTTPS_PROXY: 'http://127.0.0.1:9', HTTP_PROXY: 'http://127.0.0.1:9' } },
  },
  modules: ['slugify'],
})
try {
  const progress = showProgress()
  await py.start({ onProgress: progress.onProgress }).finally(progress.stop)
  console.log(`Installed from ${wheels}: ${py.environment.packages.map(({ name }) => name).join(', ')}`)
  for (const title of ['Größe & Gewicht', 'Наука и жизнь', '影師嗎']) {
    console.log(`  ${title} → ${await py.callAndAwait('slugify.slugify', title)}`)
  }
} finally {
  await py.close()
}
