// numpy into an environment that is not there yet, by hand and by ours; and what two of them take on the disk.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { Provisioner } from '@pyferry/provisioner'
import { interleave } from '../statistics.mjs'
import { inNode, newFolder, python, sh, timed } from './machine.mjs'

/** @param modules of ours, by the names that they have in the tables */
export async function measureCold({ uv, index, rounds, modules }) {
  const byIndex = (option) => (index === undefined ? [] : [option, index])
  let number = 0
  const ours = (module, home, backend) => {
    number += 1
    const own = { ...(index && { index }), extra: { n: String(number) } }
    const spec = { python, backend, requirements: ['numpy'], ambient: 'ignore', ...own }
    const options = JSON.stringify({ home, uvPath: uv })
    return inNode(
      `
      const start = performance.now()
      const made = await new Provisioner(${options}).ensure(${JSON.stringify(spec)})
      tell(performance.now() - start)
      made.release()
    `,
      module,
    )
  }
  const byPip = (place, name) => {
    const venv = join(place, name)
    sh(python, ['-m', 'venv', venv])
    sh(join(venv, 'bin/pip'), ['install', '-q', ...byIndex('--index-url'), 'numpy'], {
      PIP_CACHE_DIR: join(place, 'cache'),
    })
  }
  const byUv = (place, name) => {
    const venv = join(place, name)
    const variables = { UV_CACHE_DIR: join(place, 'cache') }
    sh(uv, ['venv', '-q', '--no-project', '--python', python, venv], variables)
    const install = ['pip', 'install', '-q', '--python', join(venv, 'bin/python'), ...byIndex('--default-index')]
    sh(uv, [...install, 'numpy'], variables)
  }
  /**
   * Twice in one place that is new: with nothing kept from before, and with what the first time has kept.
   *
   * @param make answers how long it took, where it knows better than a clock around it
   */
  const twice = (make) => async () => {
    const measure = async (name) => {
      let told
      const whole = await timed(() => {
        told = make(place, name)
      })
      return told ?? whole
    }
    const place = newFolder()
    // What others have written is on the disk before this begins, or it would wait for that.
    sh('sync', [])
    const first = await measure('one')
    const second = await measure('two')
    rmSync(place, { recursive: true })
    return { first, second }
  }
  const ways = { 'pip by hand': twice(byPip), 'uv by hand': twice(byUv) }
  for (const [name, module] of Object.entries(modules)) {
    ways[`${name} with pip`] = twice((place) => ours(module, join(place, 'home'), 'venv-pip'))
    ways[`${name} with uv`] = twice((place) => ours(module, join(place, 'home'), 'uv'))
  }
  ways['a Node that does nothing'] = async () => {
    const whole = await timed(() => inNode(''))
    return { first: whole }
  }
  const answers = await interleave(ways, rounds)
  const disk = {}
  for (const backend of ['uv', 'venv-pip']) {
    const home = join(newFolder(), 'home')
    for (let each = 0; each < 2; each += 1) ours(modules.ours, home, backend)
    disk[backend] = (await new Provisioner({ home }).list()).map(({ bytes }) => bytes)
  }
  return { answers, disk }
}
