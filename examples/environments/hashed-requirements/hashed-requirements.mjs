// A requirements file with hashes: what is not, byte for byte, what was locked is not installed.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isPyferryError, showProgress, Venv } from 'pyferry'

const locked = fileURLToPath(new URL('requirements.txt', import.meta.url))
const render = 'from markdown_it import MarkdownIt\ndef render(text): return MarkdownIt().render(text)'
const progress = showProgress()

const py = new Venv({ requirementsFile: locked, environment: { hashes: 'require' }, sources: [render] })
try {
  await py.start({ onProgress: progress.onProgress }).finally(progress.stop)
  for (const { name, version } of py.environment.packages) console.log(`${name} ${version} is what was locked`)
  console.log(await py.callAndAwait('render', '**Markdown** by [Python](https://www.python.org), *checked*'))
} finally {
  await py.close()
}

// The same file, with one digit of a hash changed: as if the index served something else.
const folder = mkdtempSync(join(tmpdir(), 'hashes-'))
const changed = join(folder, 'requirements.txt')
writeFileSync(changed, readFileSync(locked, 'utf8').replaceAll(/(?<=mdurl.*sha256:)\w/gs, '0'))
try {
  await Venv.start({ requirementsFile: changed })
} catch (error) {
  if (!isPyferryError(error, 'ERR_PYFERRY_HASH_MISMATCH')) throw error
  console.log(`Refused: ${error.message}\n(${error.hint})`)
} finally {
  rmSync(folder, { recursive: true })
}
