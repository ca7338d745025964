/**
 * Recorded output of real versions of pip, and the installed pip live. To record: PYFERRY_RECORD=1 with PYFERRY_TEST_PYTHON naming
 * a Python whose pip is wanted; paths, hosts and ports are replaced on the way.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { classifyFailure } from '../src/classify.js'
import { type ProvisionError, Provisioner } from '../src/index.js'
import { type FailureCase, failures, indexFiles } from './fixtures/failures.js'
import { temporaryFolder } from './fixtures/folders.js'
import { findRefusingOrigin, type PackageIndex, startPackageIndex } from './fixtures/package-index.js'
import { usePipSettings } from './fixtures/pip-settings.js'
import { testPython } from './fixtures/pythons.js'

interface Sample {
  exitCode: number | null
  stdout: string
  stderr: string
}

const recorded = new URL('./recorded/', import.meta.url)
const isRecording = process.env.PYFERRY_RECORD === '1'

describe('E: recorded output is called what it is', () => {
  const files = readdirSync(recorded, { recursive: true }).map(String)
  test.each(files.filter((file) => /^pip-.*\.json$/.test(file)).sort())('%s', (file) => {
    const sample: Sample = JSON.parse(readFileSync(new URL(file, recorded), 'utf8'))
    const { code, facts = {} } = findCase(basename(file, '.json'))
    const error = classifySample(sample)
    expect(error).toMatchObject({ code, hint: expect.stringMatching(/./), exitCode: sample.exitCode })
    expect(error.facts).toMatchObject(facts)
  })
})

describe('E: the installed pip fails as the recorded ones did', () => {
  let index: PackageIndex
  let refusing: string
  beforeAll(async () => {
    index = await startPackageIndex(indexFiles)
    refusing = await findRefusingOrigin()
  })
  afterAll(() => index.close())
  afterEach(() => vi.unstubAllEnvs())

  // Those of which every version says the same are left to the records: a run of pip takes a second and more.
  const live = ['no-such-version', 'conflict', 'build', 'hash-mismatch', 'wrong-password', 'forbidden', 'refused']
  const wanted = failures.filter(({ title }) => isRecording || live.includes(title))
  test.each(wanted.filter(({ requirements }) => requirements))('$title: $code', async (failure) => {
    const folder = temporaryFolder()
    const settings = join(folder, 'pip.conf')
    writeFileSync(settings, '[global]\nretries = 1\ntimeout = 1\n')
    usePipSettings({ PIP_CONFIG_FILE: settings })
    const requirementsFile = join(folder, 'requirements.txt')
    writeFileSync(requirementsFile, failure.requirements?.({ index, refusing }) ?? '')
    const ensuring = new Provisioner({ baseDir: join(folder, 'base') }).ensure({ python: testPython, requirementsFile })
    const error: ProvisionError = await ensuring.then(
      () => expect.unreachable('it was installed'),
      (thrown) => thrown,
    )
    if (isRecording) record(failure, error, { folder, index, refusing })
    expect(error).toMatchObject({
      code: failure.code,
      command: expect.stringContaining('install'),
      exitCode: expect.any(Number),
    })
    expect(error.facts).toMatchObject(failure.facts ?? {})
    expect(['resolve', 'download', 'build', 'install']).toContain(error.phase)
    expect(`${error.message} ${JSON.stringify(error)}`).not.toContain('s3cret')
    expect(readdirSync(join(folder, 'base', 'env'))).toEqual([])
  })
})

test('E: what no rule knows is INSTALL_FAILED with the last line that looks like an error', () => {
  const error = classifySample({
    exitCode: 3,
    stdout: 'one\n',
    stderr: 'ERROR: first\nERROR: the stars are wrong\nbye\n',
  })
  expect(error).toMatchObject({
    code: 'ERR_PYFERRY_INSTALL_FAILED',
    message: 'the installer ended with exit code 3: ERROR: the stars are wrong',
  })
})

test('E: a retry that was needed on the way is not taken for the end', () => {
  const retry =
    "WARNING: Retrying (Retry(total=4, connect=None)) after connection broken by 'NewConnectionError(…)': /simple/"
  const end = 'ERROR: ResolutionImpossible: for help visit …'
  expect(classifySample({ exitCode: 1, stdout: '', stderr: `${retry}\n${end}` }).code).toBe(
    'ERR_PYFERRY_RESOLUTION_CONFLICT',
  )
})

function classifySample({ exitCode, stdout, stderr }: Sample): ProvisionError {
  return classifyFailure({ exitCode, endedBy: null, stdoutTail: stdout, stderrTail: stderr }, { exitCode })
}

function findCase(title: string): FailureCase {
  const found = failures.find((each) => each.title === title)
  if (!found) throw new Error(`no case is called ${title}`)
  return found
}

function record(
  { title }: FailureCase,
  error: ProvisionError,
  { folder, index, refusing }: { folder: string; index: PackageIndex; refusing: string },
): void {
  const version = /pip-([\d.]+)-py/.exec(error.command ?? '')?.[1] ?? 'installed'
  const anonymous = (text = '') =>
    text
      .replaceAll(folder, '/folder')
      .replaceAll(/\/\S*(?=\/lib\/python3)/g, '/python')
      .replaceAll(/[^\s"']*\/pip-[\d.]+-py3-none-any\.whl/g, '/python/pip.whl')
      .replaceAll(/\/tmp\/pip-[\w-]+/g, '/tmp/pip-work')
      .replaceAll(
        new RegExp(
          `(?:127\\.0\\.0\\.1|localhost):(?:${[index.origin, index.secureOrigin, refusing].map(portOf).join('|')})`,
          'g',
        ),
        'index.example',
      )
      .replaceAll(/port=\d+/g, 'port=80')
      .replaceAll(/127\.0\.0\.1|localhost/g, 'index.example')
  const sample: Sample = {
    exitCode: error.exitCode ?? null,
    stdout: anonymous(error.stdoutTail),
    stderr: anonymous(error.stderrTail),
  }
  const place = new URL(`pip-${version}/`, recorded)
  mkdirSync(place, { recursive: true })
  writeFileSync(new URL(`${title}.json`, place), `${JSON.stringify(sample, null, 1)}\n`)
}

function portOf(origin: string): string {
  return new URL(origin).port
}
