// What an environment costs, beside what people do by hand, in one interleaved run.
//
//     node benchmarks/environments/run.mjs [--rounds 5] [--save <name>] [--real-index]
//
// Packages come from an index on loopback that serves wheels fetched once into `.cache/`: the network is not what is
// measured, unless `--real-index` wants it to be, as it is where an environment is really new.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Provisioner } from '@pyferry/provisioner'
import { findPython, pythonVersion } from '../python.mjs'
import { ascending, median, quantile, shuffled } from '../statistics.mjs'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, save: { type: 'string' }, 'real-index': { type: 'boolean' } },
})
const rounds = Number(values.rounds)
const root = fileURLToPath(new URL('../..', import.meta.url))
const python = findPython()
const work = mkdtempSync(join(tmpdir(), 'pyferry-bench-'))
process.on('exit', () => rmSync(work, { recursive: true, force: true }))

const index = values['real-index'] ? undefined : await startIndex()
const byIndex = (option) => (index === undefined ? [] : [option, index])
const uv = await fetchUv()
const env = cleanEnvironment()

/** Neither pip's nor uv's variables of this machine: both sides get the same. */
function cleanEnvironment() {
  const own = Object.entries(process.env).filter(([name]) => !/^(?:PIP|UV|PYFERRY)_/.test(name))
  return {
    ...Object.fromEntries(own),
    PIP_CONFIG_FILE: '/dev/null',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    UV_NO_CONFIG: '1',
  }
}

async function startIndex() {
  const wheels = join(root, '.cache/benchmark-wheels', pythonVersion(python))
  if (!existsSync(wheels) || readdirSync(wheels).length === 0) {
    execFileSync(python, ['-m', 'pip', 'download', '-q', '--only-binary=:all:', '-d', wheels, 'numpy', 'six'])
  }
  const script = fileURLToPath(new URL('wheel-index.mjs', import.meta.url))
  const child = spawn(process.execPath, [script, wheels], { stdio: ['pipe', 'pipe', 'inherit'] })
  process.on('exit', () => child.kill())
  child.unref()
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data')
  return line.trim()
}

/** The real one, by the way in which ours fetches it. */
async function fetchUv() {
  const home = join(root, '.cache/tools')
  const project = join(work, 'needs-uv')
  mkdirSync(project)
  writeFileSync(join(project, 'pyproject.toml'), '[project]\nname = "a"\nversion = "1"\nrequires-python = ">=3.9"\n')
  writeFileSync(
    join(project, 'uv.lock'),
    'version = 1\nrequires-python = ">=3.9"\n\n[[package]]\nname = "a"\nversion = "1"\nsource = { virtual = "." }\n',
  )
  const { tool } = await new Provisioner({ home }).plan({ python, project })
  if (tool) return tool.path
  const made = await new Provisioner({ home }).ensure({ python, project, downloads: 'missing' })
  made.release()
  return (await new Provisioner({ home }).plan({ python, project })).tool.path
}

let folders = 0
function newFolder() {
  folders += 1
  const folder = join(work, String(folders))
  mkdirSync(folder)
  return folder
}

async function timed(run) {
  const start = performance.now()
  await run()
  return performance.now() - start
}

const sh = (file, args, more = {}) => execFileSync(file, args, { env: { ...env, ...more }, stdio: 'ignore' })

/** What a program does: a Node of its own on our side, or it would be warm where the other is cold. */
const ours = (home, backend, extra) => {
  const own = { ...(index && { index }), ...(extra && { extra }) }
  const spec = { python, backend, requirements: ['numpy'], ambient: 'ignore', ...own }
  const script = `
    import { Provisioner } from '@pyferry/provisioner'
    const made = await new Provisioner(${JSON.stringify({ home, uvPath: uv })}).ensure(${JSON.stringify(spec)})
    made.release()
  `
  execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: join(root, 'benchmarks'),
    env,
    stdio: 'ignore',
  })
}

/** Milliseconds of each way in each round, in turns of random order. */
async function interleave(ways, times) {
  const measured = Object.fromEntries(Object.keys(ways).map((name) => [name, []]))
  for (let round = 0; round < times; round += 1) {
    for (const name of shuffled(Object.keys(ways))) measured[name].push(await ways[name]())
  }
  return measured
}

async function coldEnvironments() {
  const bare = {
    'venv + pip, by hand': () => {
      const folder = newFolder()
      return timed(() => {
        sh(python, ['-m', 'venv', join(folder, 'v')])
        const args = ['install', '-q', ...byIndex('--index-url'), 'numpy']
        sh(join(folder, 'v/bin/pip'), args, { PIP_CACHE_DIR: join(folder, 'c') })
      })
    },
    'uv, by hand': () => {
      const folder = newFolder()
      return timed(() => {
        sh(uv, ['venv', '-q', '--no-project', '--python', python, join(folder, 'v')])
        const args = [
          'pip',
          'install',
          '-q',
          '--python',
          join(folder, 'v/bin/python'),
          ...byIndex('--default-index'),
          'numpy',
        ]
        sh(uv, args, { UV_CACHE_DIR: join(folder, 'c') })
      })
    },
  }
  const homes = {}
  const built = (backend) => () => {
    homes[backend] = join(newFolder(), 'home')
    return timed(() => ours(homes[backend], backend))
  }
  const second = (backend) => async () => {
    // The first of this pair, when its turn has not come yet.
    homes[backend] ??= join(newFolder(), 'home')
    ours(homes[backend], backend)
    return timed(() => ours(homes[backend], backend, { n: String(folders++) }))
  }
  const ways = {
    ...bare,
    'ours with pip': built('venv-pip'),
    'ours with uv': built('uv'),
    'ours with pip, a second one': second('venv-pip'),
    'ours with uv, a second one': second('uv'),
  }
  const measured = await interleave(ways, rounds)
  return { measured, disk: await diskOf(homes.uv) }
}

async function diskOf(home) {
  ours(home, 'uv', { n: 'disk' })
  const rows = await new Provisioner({ home }).list()
  return rows.map(({ bytes }) => bytes)
}

async function hits() {
  const home = join(newFolder(), 'home')
  const project = newFolder()
  writeFileSync(join(project, 'nested.txt'), 'six\n')
  writeFileSync(join(project, 'requirements.txt'), '-r nested.txt\n')
  const shared = { python, backend: 'uv', ambient: 'ignore', ...(index && { index }) }
  const specs = {
    'requirements, inline': { ...shared, requirements: ['six'] },
    'a requirements file, one within': { ...shared, requirementsFile: join(project, 'requirements.txt') },
  }
  const locked = newFolder()
  writeFileSync(
    join(locked, 'pyproject.toml'),
    '[project]\nname = "a"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["six"]\n',
  )
  sh(uv, ['lock', '-q', '--python', python, ...byIndex('--default-index'), '--directory', locked])
  specs['a project with uv.lock'] = { ...shared, project: locked }
  const provisioner = new Provisioner({ home, uvPath: uv })
  const table = []
  for (const [name, spec] of Object.entries(specs)) {
    const { prefix, release } = await provisioner.ensure(spec)
    release()
    const warm = { lease: [], 'no lease': [] }
    for (let round = 0; round < 400; round += 1) {
      for (const kind of shuffled(Object.keys(warm))) {
        warm[kind].push(
          await timed(async () => (await provisioner.ensure(spec, { lease: kind === 'lease' })).release()),
        )
      }
    }
    const fresh = await interleave(
      { first: () => firstHit(home, spec), 'uv, nothing to do': () => timed(() => noOp(prefix)) },
      Math.max(15, rounds),
    )
    table.push({ name, warm, fresh })
  }
  return table
}

/** The first `ensure` of a new Node, from after the import to its answer, as it measures itself. */
function firstHit(home, spec) {
  const script = `
    import { Provisioner } from '@pyferry/provisioner'
    const start = performance.now()
    const made = await new Provisioner(${JSON.stringify({ home, uvPath: uv })}).ensure(${JSON.stringify(spec)})
    const took = performance.now() - start
    if (!made.hit) throw new Error('no hit')
    console.log(took)
  `
  const options = { cwd: join(root, 'benchmarks'), env, encoding: 'utf8' }
  return Number(execFileSync(process.execPath, ['--input-type=module', '-e', script], options))
}

/** What uv does where the environment is there already. */
function noOp(prefix) {
  sh(uv, ['venv', '-q', '--no-project', '--allow-existing', '--python', python, prefix])
}

const ms = (numbers) => `${median(numbers).toFixed(2)} ms`
const spread = (numbers) => {
  const sorted = ascending(numbers)
  return `${quantile(sorted, 0.1).toFixed(2)} – ${quantile(sorted, 0.9).toFixed(2)}`
}
/** The median of the ratios of one round each. */
const ratio = (these, those) => median(these.map((each, round) => each / those[round])).toFixed(2)
const mb = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`

const hitTable = await hits()
const { measured, disk } = await coldEnvironments()
const lines = [
  `Node ${process.versions.node}, Python ${pythonVersion(python)}, uv ${execFileSync(uv, ['--version'], { encoding: 'utf8' }).split(' ')[1]}, ${cpus().length} CPUs (${cpus()[0].model.trim()}), Linux ${release()}; ${rounds} rounds`,
  '',
  '## An environment that is there',
  '',
  '| asked for | in a warm process, with a lease | without | first of a new process, after the import | `uv venv` with nothing to do, a process | ratio |',
  '|---|---|---|---|---|---|',
  ...hitTable.map(({ name, warm, fresh }) => {
    const { first, 'uv, nothing to do': byUv } = fresh
    return `| ${name} | ${ms(warm.lease)} (${spread(warm.lease)}) | ${ms(warm['no lease'])} (${spread(warm['no lease'])}) | ${ms(first)} (${spread(first)}) | ${ms(byUv)} (${spread(byUv)}) | ${ratio(first, byUv)} |`
  }),
  '',
  'Medians, and in parentheses the span from the tenth to the ninetieth of a hundred.',
  '',
  '## numpy, with nothing kept from before',
  '',
  '| way | median | span | ratio |',
  '|---|---|---|---|',
  ...[
    ['venv + pip, by hand', 'venv + pip, by hand'],
    ['ours with pip', 'venv + pip, by hand'],
    ['uv, by hand', 'uv, by hand'],
    ['ours with uv', 'uv, by hand'],
    ['ours with pip, a second one', 'ours with pip'],
    ['ours with uv, a second one', 'ours with uv'],
  ].map(([way, other]) => {
    const compared = way === other ? '1' : `${ratio(measured[way], measured[other])} × ${other}`
    return `| ${way} | ${ms(measured[way])} | ${spread(measured[way])} | ${compared} |`
  }),
  '',
  'Ours includes the start of a Node of its own. A second one is another key with the same packages, in the home of the first.',
  '',
  '## On the disk, of the environments that uv made in one home',
  '',
  '| environment | logical | physical, what the others have not |',
  '|---|---|---|',
  ...disk.map(({ logical, physical }, number) => `| ${number + 1} | ${mb(logical)} | ${mb(physical)} |`),
]
console.log(lines.join('\n'))
if (values.save !== undefined) {
  const file = fileURLToPath(new URL(`../results/${values.save}.md`, import.meta.url))
  writeFileSync(
    file,
    `# Environments: ${values.save}\n\nMade by \`node benchmarks/environments/run.mjs --rounds ${rounds}\`.\n\n${lines.join('\n')}\n`,
  )
}
process.exit()
