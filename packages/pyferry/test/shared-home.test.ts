import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { OptionError, type ProvisionEvent, Venv, type VenvConfig } from '../src/index.js'
import { death, makeFolder, makeVenv, makeWheel, opened, python, runProgram } from './support.js'

const sources = ['import ferrytest, sys\ndef show(x): return [ferrytest.VERSION, sys.prefix]']

/** A home of its own, and a wheel made for the test. */
function fixture() {
  const folder = makeFolder()
  const wheels = join(folder, 'wheels')
  mkdirSync(wheels)
  makeWheel(wheels, 'ferrytest', '1.0')
  const home = join(folder, 'home')
  return { folder, wheels, home, environment: { home, backend: 'venv-pip' as const } }
}

const generationsOf = (home: string) =>
  readdirSync(join(home, 'e')).flatMap((id) =>
    readdirSync(join(home, 'e', id)).filter((name) => /^g[0-9a-f]{8}$/.test(name)),
  )

describe('environments that programs share (E)', () => {
  it('E: two programs that ask the same at the same time build once, and so does one that is started twice', async () => {
    const { home } = fixture()
    const code = `
      const misses = []
      const py = await Venv.start(
        { python, requirements: ['ferrytest'], sources: ${JSON.stringify(sources)}, environment: { backend: 'venv-pip' } },
        { onProgress: (event) => event.type === 'miss' && misses.push(event.reason) },
      )
      say([await py.callAndAwait('show'), misses, py.environment.id])
      await py.close()
    `
    const env = { PYFERRY_HOME: home }
    const both = await Promise.all([runProgram(code, env), runProgram(code, env)])
    const said = await Promise.all(both.map(async (program) => JSON.parse(await program.nextLine())))
    await Promise.all(both.map((program) => program.exit))
    const again = await runProgram(code, env)
    said.push(JSON.parse(await again.nextLine()))
    await again.exit
    const [[[, prefix]]] = said
    expect(said.map(([shown]) => shown)).toEqual([1, 2, 3].map(() => ['1.0', prefix]))
    expect(said.flatMap(([, misses]) => misses)).toEqual(['absent'])
    expect(generationsOf(home)).toHaveLength(1)
    // Nobody uses it any more.
    expect(readdirSync(join(home, 'u', said[0][2]))).toEqual([])
  })

  it('E: venv.environment tells id, packages and Python, as a plain value', async () => {
    const { environment } = fixture()
    const py = makeVenv({ python, requirements: ['ferrytest'], sources, environment })
    expect(py.environment).toBeUndefined()
    await py.start()
    const [, prefix] = await py.callAndAwait<[string, string]>('show')
    expect(structuredClone(py.environment)).toEqual({
      id: expect.stringMatching(/^[a-z2-7]{16}$/),
      generation: expect.stringMatching(/^g[0-9a-f]{8}$/),
      backend: 'venv-pip',
      prefix,
      python: expect.stringContaining(prefix),
      pythonVersion: py.pythonVersion,
      packages: [{ name: 'ferrytest', version: '1.0' }],
      activation: {},
      hit: false,
    })
  })

  it('V-13: after a death the same generation is used under the same lease, whatever was built meanwhile', async () => {
    const { home, environment } = fixture()
    const py = makeVenv({ python, requirements: ['ferrytest'], sources, environment })
    await py.start()
    const { id, generation } = py.environment as NonNullable<Venv['environment']>
    const leases = readdirSync(join(home, 'u', id))
    expect(leases).toHaveLength(1)
    // Somebody else has it built anew.
    writeFileSync(join(home, 'e', id, 'current.json'), '{}')
    const other = makeVenv({ python, requirements: ['ferrytest'], sources, environment })
    await other.start()
    expect(other.environment?.generation).not.toBe(generation)
    await other.close()

    const died = death(py)
    process.kill(py.pid as number, 'SIGKILL')
    await died
    const events: ProvisionEvent[] = []
    await py.start({ onProgress: (event) => events.push(event) })
    expect(events).toEqual([])
    expect(py.environment?.generation).toBe(generation)
    expect(await py.callAndAwait('show')).toEqual(['1.0', expect.stringContaining(generation)])
    expect(readdirSync(join(home, 'u', id))).toEqual(leases)
    await py.close()
    expect(readdirSync(join(home, 'u', id))).toEqual([])
  })

  it('V-15: close() never removes a shared environment, only its own temporary folder', async () => {
    const { environment } = fixture()
    const py = await Venv.start({ python, requirements: ['ferrytest'], sources, environment })
    opened.add(py)
    const made = py.environment as NonNullable<Venv['environment']>
    await py.close()
    expect(existsSync(made.python)).toBe(true)
  })

  it('E: the long form says all that the short forms say, and more', async () => {
    const { folder, home } = fixture()
    writeFileSync(join(folder, 'run.py'), '# /// script\n# dependencies = ["ferrytest"]\n# ///\n')
    const py = makeVenv({
      sources,
      python,
      environment: { home, backend: 'venv-pip', script: join(folder, 'run.py'), extra: { tenant: 'a' } },
    })
    await py.start()
    expect(await py.callAndAwait('show')).toEqual(['1.0', expect.stringContaining(home)])
  })
})

describe('environment as an option (V-1)', () => {
  const refused = (config: VenvConfig) => {
    try {
      new Venv(config)
    } catch (error) {
      return error as OptionError
    }
    throw new Error('expected to be refused')
  }

  it.each<[string, VenvConfig, string]>([
    ['an unknown one', { environment: { projct: '.' } as never }, 'environment.projct'],
    ['a bad value', { environment: { backend: 'conda' as never } }, 'environment.backend'],
    ['the same in both places', { python: '3.11', environment: { python: '3.12' } }, 'environment.python'],
    ['a home beside baseDir', { baseDir: 'x', environment: { home: 'y' } }, 'environment.home'],
    ['what excludes a short form', { requirements: ['six'], environment: { pixi: 'pixi.toml' } }, 'requirements'],
    ['an interpreter beside what is built', { interpreter: 'p', environment: { project: '.' } }, 'environment.project'],
    ['a requirement that is none', { environment: { requirements: ['-e .'] } }, 'environment.requirements'],
    ['no object', { environment: 'x' as never }, 'environment'],
  ])('V-1: refuses %s by name', (_, config, option) => {
    const error = refused(config)
    expect(error).toBeInstanceOf(OptionError)
    expect(error).toMatchObject({ option })
  })

  it('V-1: names the closest known option', () => {
    expect(refused({ environment: { projct: '.' } as never }).hint).toBe('did you mean project?')
  })

  it('V-1: touches neither disk nor processes', () => {
    const { home } = fixture()
    vi.stubEnv('PYFERRY_HOME', home)
    new Venv({ environment: { project: '/nowhere' } })
    expect(existsSync(home)).toBe(false)
    vi.unstubAllEnvs()
  })
})
