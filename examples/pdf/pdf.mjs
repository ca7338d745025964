// PDFs to pypdf as the bytes they are, their text back, and a PDF made of them. Nothing is base64 on the way.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isPyferryError, showProgress, Venv } from 'pyferry'

const here = fileURLToPath(new URL('.', import.meta.url))
const joined = process.argv[2] ?? join(here, '.data', 'joined.pdf')
mkdirSync(dirname(joined), { recursive: true })

const progress = showProgress()
const py = await Venv.start(
  { requirements: ['pypdf'], modules: [join(here, 'pdf.py')] },
  { onProgress: progress.onProgress },
).finally(progress.stop)

const files = ['letter.pdf', 'invoice.pdf'].map((name) => readFileSync(join(here, 'files', name)))
for (const { title, pages } of await Promise.all(files.map((file) => py.invoke('read', file)))) {
  console.log(`${title}, ${pages.length} pages`)
  for (const text of pages) console.log(text.trim().replaceAll(/^/gm, '  │ '))
}

const all = await py.invoke('join', files)
writeFileSync(joined, all)
console.log(`${all.constructor.name} of ${all.length.toLocaleString('en')} bytes, written to ${joined}`)
console.log(`read again: ${(await py.invoke('read', all)).pages.length} pages`)

try {
  await py.invoke('read', readFileSync(join(here, 'pdf.py')))
} catch (error) {
  if (!isPyferryError(error, 'ERR_PYFERRY_PYTHON')) throw error
  console.log(`what is no PDF: ${error.pythonType}: ${error.message}`)
}
await py.close()
