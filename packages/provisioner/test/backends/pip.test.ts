import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { BuildJob } from '../../src/backends/backend.js'
import { findPip } from '../../src/backends/pip.js'
import { isPipAtLeast } from '../../src/backends/pip-commands.js'
import { makeVenvPip } from '../../src/backends/venv-pip.js'
import { installerEnvironment } from '../../src/child-environment.js'
import { Reporter } from '../../src/events.js'
import { type FoundPython, findPython } from '../../src/find-python.js'
import { type EnvironmentSpec, InterpreterError, Provisioner } from '../../src/index.js'
import { baseDirLayout, generationLayout, newGeneration, VENV_PYTHON } from '../../src/layout.js'
import { readSource } from '../../src/source.js'
import { resolveSpec } from '../../src/spec.js'
import { temporaryFolder } from '../fixtures/folders.js'
import { usePackagesOf } from '../fixtures/pip-settings.js'
import { findPipWheel, relocatePython, runPython, testPython } from '../fixtures/pythons.js'
import { makeWheel, writeFiles } from '../fixtures/wheels.js'

afterEach(() => vi.unstubAllEnvs())

const wheel = findPipWheel()
const version = /^pip-([^-]+)-/.exec(basename(wheel))?.[1]

describe('V-3: a base without ensurepip', () => {
  test('PIP_MISSING with the apt line when no pip is anywhere', async () => {
    const python = relocatePython(join(temporaryFolder(), 'base'), { without: ['ensurepip'] })
    const job = await jobFor(python)
    const error = await findPip(job, '/nowhere').catch((thrown) => thrown)
    expect(error).toBeInstanceOf(InterpreterError)
    expect(error).toMatchObject({
      code: 'ERR_PYFERRY_PIP_MISSING',
      hint: expect.stringContaining('apt install python3-pip-whl'),
      message: expect.stringContaining(python),
      facts: { python, looked: [expect.stringContaining('_bundled'), '/nowhere'] },
    })
  })

  test("works with the wheel in Debian's folder, or in the one that WHEEL_PKG_DIR names", async () => {
    const folder = temporaryFolder()
    const python = relocatePython(join(folder, 'base'), { without: ['ensurepip'] })
    const wheels = writeFiles(join(folder, 'wheels'), [
      { fileName: basename(wheel), bytes: readFileSync(wheel), sha256: '' },
      { fileName: 'setuptools-65.5.0-py3-none-any.whl', bytes: Buffer.alloc(0), sha256: '' },
      { fileName: 'pip-1.0-py3-none-any.whl', bytes: Buffer.alloc(0), sha256: '' },
    ])
    const job = await jobFor(python)
    const expected = { place: join(wheels, basename(wheel)), version }
    expect(await findPip(job, wheels)).toEqual(expected)
    const named = { ...job, python: { ...job.python, info: { ...job.python.info, wheelFolder: wheels } } }
    expect(await findPip(named, '/nowhere')).toEqual(expected)
  })

  test('works with an importable pip, which is neither in the environment nor takes its neighbours for installed', async () => {
    const folder = temporaryFolder()
    const python = relocatePython(join(folder, 'base'), { without: ['ensurepip'] })
    const library = runPython(python, 'import sysconfig; print(sysconfig.get_path("purelib"))')
    unpack(wheel, library)
    unpack(writeWheel(folder, '1.0'), library)
    usePackagesOf(writeFiles(join(folder, 'links'), [makeWheel({ name: 'tiny', version: '2.0' })]))
    const job = await jobFor(python, { requirements: ['tiny'] })
    expect(await findPip(job, '/nowhere')).toEqual({ place: library, version })
    const { plan } = await makeVenvPip('/nowhere').build(job)
    expect(plan).toMatchObject([{ name: 'tiny', version: '2.0', isRequested: true, from: 'index' }])
    const script = 'import importlib.metadata; print([d.metadata["Name"] for d in importlib.metadata.distributions()])'
    expect(runPython(join(job.generation.prefix, VENV_PYTHON), script)).toBe("['tiny']")
  })

  test('needs no pip when nothing is to be installed', async () => {
    const folder = temporaryFolder()
    const python = relocatePython(join(folder, 'base'), { without: ['ensurepip'] })
    const environment = await new Provisioner({ baseDir: join(folder, 'home') }).ensure({ python })
    expect(environment.packages).toEqual([])
    expect(runPython(environment.python, 'import sys; print(sys.prefix)')).toBe(environment.prefix)
  })
})

test.each([
  ['23.0.1', 23, 0, true],
  ['22.3', 23, 0, false],
  ['24.1', 24, 1, true],
  ['24.0', 24, 1, false],
  ['26.0.dev0', 24, 1, true],
])('E: pip %s is at least %d.%d: %s', (given, major, minor, expected) => {
  expect(isPipAtLeast(given, major, minor)).toBe(expected)
})

/** A whole job for the Python at `path`, which says nothing of wheels elsewhere, as Debian's does. */
async function jobFor(path: string, given: EnvironmentSpec = {}): Promise<BuildJob & { python: FoundPython }> {
  const folder = temporaryFolder()
  const { key } = baseDirLayout(folder)
  mkdirSync(key.folder)
  const spec = resolveSpec(given)
  const python = await findPython(path, { env: process.env })
  return {
    spec,
    source: await readSource(spec, { env: process.env, folder, onIgnored: () => {} }),
    tool: undefined,
    launcher: undefined,
    home: undefined,
    python: { ...python, info: { ...python.info, wheelFolder: null } },
    generation: generationLayout(key, newGeneration()),
    env: installerEnvironment(process.env),
    temporary: {},
    workingFolder: folder,
    reporter: new Reporter(undefined),
    signal: new AbortController().signal,
    redact: (text) => text,
  }
}

function unpack(archive: string, folder: string): void {
  execFileSync(testPython, ['-I', '-m', 'zipfile', '-e', archive, folder])
}

function writeWheel(folder: string, version: string): string {
  mkdirSync(join(folder, 'neighbour'))
  const file = makeWheel({ name: 'tiny', version })
  writeFiles(join(folder, 'neighbour'), [file])
  return join(folder, 'neighbour', file.fileName)
}
