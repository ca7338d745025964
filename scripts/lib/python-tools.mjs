import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './process.mjs'

const requirementsFile = join(root, 'python/requirements-dev.txt')
const provisioner = join(root, 'packages/provisioner/dist/index.js')
/** @type {Map<string, Promise<string>>} */
const made = new Map()

/**
 * The interpreter of an environment with the tools that check the Python side. Our own provisioner makes it, and makes it again
 * when the tools or the interpreter change: we are the first to notice where it is wrong.
 *
 * @param {string} base the interpreter it is made from, and on which the tests run
 * @returns {Promise<string>} the path of the environment's interpreter
 */
export function pythonTools(base = process.env.PYFERRY_TEST_PYTHON || 'python3') {
  const environment = made.get(base) ?? makeEnvironment(base)
  made.set(base, environment)
  return environment
}

async function makeEnvironment(base) {
  if (!existsSync(provisioner)) throw new Error('the provisioner is not built yet: `pnpm build` first')
  const { Provisioner } = await import(pathToFileURL(provisioner).href)
  const { version, executable } = describeInterpreter(base)
  const hash = createHash('sha256').update(executable).digest('hex').slice(0, 8)
  const baseDir = join(root, '.cache/python-tools', `${version}-${hash}`)
  const { python } = await new Provisioner({ baseDir }).ensure(
    { python: executable, requirementsFile },
    { onEvent: tell },
  )
  return python
}

/** A shim of a version manager stands in front of the real one: the interpreter is asked what it is. */
function describeInterpreter(base) {
  const code = 'import sys, json; print(json.dumps([sys.version.split()[0], sys.executable]))'
  const [version, executable] = JSON.parse(execFileSync(base, ['-I', '-c', code], { encoding: 'utf8' }))
  return { version, executable }
}

function tell(event) {
  if (event.type === 'miss') console.log(`the Python tools are being installed (${event.reason})`)
}
