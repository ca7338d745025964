// An environment that is there: how long it takes to know it again, beside what uv takes to find nothing to do.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { interleave } from '../statistics.mjs'
import { cpuOf, inNode, newFolder, python, sh, timed } from './machine.mjs'

const WARM_CALLS = 100

/** One for each kind of question: its spec, and what uv does with it where everything is there. */
function makeCases(uv, index) {
  const shared = { python, backend: 'uv', ambient: 'ignore', ...(index && { index }) }
  const byIndex = index === undefined ? [] : ['--default-index', index]
  const files = newFolder()
  writeFileSync(join(files, 'nested.txt'), 'six\n')
  writeFileSync(join(files, 'requirements.txt'), '-r nested.txt\n')
  const file = join(files, 'requirements.txt')
  const install = (prefix, args) => [
    'pip',
    'install',
    '-q',
    '--python',
    join(prefix, 'bin/python'),
    ...byIndex,
    ...args,
  ]
  const sync = (folder) => {
    const venv = join(newFolder(), 'v')
    const args = ['sync', '-q', '--locked', '--python', python, ...byIndex, '--project', folder]
    sh(uv, args, { UV_PROJECT_ENVIRONMENT: venv }, folder)
    return () => ['env', [`UV_PROJECT_ENVIRONMENT=${venv}`, uv, ...args]]
  }
  const small = makeProject(uv, byIndex, 0)
  const large = makeProject(uv, byIndex, 500_000)
  return [
    {
      name: 'nothing in it',
      spec: { ...shared, install: false },
      noOp: (prefix) => [uv, ['venv', '-q', '--no-project', '--allow-existing', '--python', python, prefix]],
      doing: 'uv venv',
    },
    {
      name: 'requirements, inline',
      spec: { ...shared, requirements: ['six'] },
      noOp: (prefix) => [uv, install(prefix, ['six'])],
      doing: 'uv pip install',
    },
    {
      name: 'the same, made by pip',
      spec: { ...shared, backend: 'venv-pip', requirements: ['six'] },
      noOp: (prefix) => [uv, install(prefix, ['six'])],
      doing: 'uv pip install',
    },
    {
      name: 'a requirements file, one within',
      spec: { ...shared, requirementsFile: file },
      noOp: (prefix) => [uv, install(prefix, ['-r', file])],
      doing: 'uv pip install',
    },
    { name: 'a project with uv.lock', spec: { ...shared, project: small }, noOp: sync(small), doing: 'uv sync' },
    { name: 'its uv.lock has 500 kB', spec: { ...shared, project: large }, noOp: sync(large), doing: 'uv sync' },
  ]
}

/** A project that needs `six`; of a large lock file, the rest is what nobody in it needs. */
function makeProject(uv, byIndex, lockBytes) {
  const folder = newFolder()
  writeFileSync(
    join(folder, 'pyproject.toml'),
    '[project]\nname = "a"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["six"]\n',
  )
  sh(uv, ['lock', '-q', '--python', python, ...byIndex], {}, folder)
  const lock = join(folder, 'uv.lock')
  const head = '[[package]]\nname = "six"'
  const one = readFileSync(lock, 'utf8')
    .split('\n\n')
    .find((part) => part.startsWith(head))
  for (let number = 0, bytes = 0; bytes < lockBytes; number += 1) {
    const more = `\n${one.trim().replace(head, head.replace('six', `six-${number}`))}\n`
    appendFileSync(lock, more)
    bytes += more.length
  }
  return folder
}

/** @param modules of ours, by the names that they have in the tables */
export async function measureHits({ uv, index, rounds, modules }) {
  const table = []
  for (const { name, spec, noOp, doing } of makeCases(uv, index)) {
    const home = join(newFolder(), 'home')
    const options = JSON.stringify({ home, uvPath: uv })
    const prefix = inNode(`
      const made = await new Provisioner(${options}).ensure(${JSON.stringify(spec)})
      tell(made.prefix)
      made.release()
    `)
    const [file, args] = noOp(prefix)
    sh(file, args)
    const hit = (module, lease) => () =>
      inNode(
        `
        const provisioner = new Provisioner(${options})
        const once = async () => (await provisioner.ensure(${JSON.stringify(spec)}, { lease: ${lease} }))
        const measure = async (calls) => {
          const cpu = process.cpuUsage()
          const times = []
          for (let call = 0; call < calls; call += 1) {
            const start = performance.now()
            const made = await once()
            times.push(performance.now() - start)
            if (!made.hit) throw new Error('no hit')
            made.release()
          }
          const { user, system } = process.cpuUsage(cpu)
          return { ms: times.sort((left, right) => left - right)[calls >> 1], cpuMs: (user + system) / 1000 / calls }
        }
        const first = await measure(1)
        await measure(${WARM_CALLS})
        tell({ first, warm: await measure(${WARM_CALLS}) })
      `,
        module,
      )
    const ways = { uv: async () => ({ ms: await timed(() => sh(file, args)), cpuMs: cpuOf(file, args) }) }
    for (const [ours, module] of Object.entries(modules)) {
      ways[`${ours}, lease`] = hit(module, true)
      ways[`${ours}, no lease`] = hit(module, false)
    }
    table.push({ name, doing, answers: await interleave(ways, rounds) })
  }
  return table
}
