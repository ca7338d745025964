// Two versions of numpy in one Node program: each environment has its own, each worker is a process of its own.
import { showProgress, Venv } from 'pyferry'

const sources = [
  `
import numpy

def add(small, large):
    with numpy.errstate(over="ignore"):
        total = numpy.uint8(small) + large
    return f"numpy {numpy.__version__}: uint8({small}) + {large} = {total} ({total.dtype})"
`,
]
// 1.26 has wheels for Python 3.9 to 3.12: it would take minutes, and a compiler, to build it.
const shared = { python: '>=3.9,<3.13', sources, environment: { build: 'deny', downloads: 'missing' } }
const venvs = ['numpy==1.26.4', 'numpy==2.0.2'].map((numpy) => new Venv({ ...shared, requirements: [numpy] }))
try {
  const progress = showProgress()
  for (const venv of venvs) await venv.start({ onProgress: progress.onProgress })
  progress.stop()
  for (const line of await Promise.all(venvs.map((venv) => venv.invoke('add', 200, 100)))) console.log(line)
  const [one, two] = venvs.map((venv) => venv.environment.prefix)
  console.log(`They live side by side:\n  ${one}\n  ${two}`)
} finally {
  await Promise.all(venvs.map((venv) => venv.close()))
}
