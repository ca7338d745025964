// node-calls-python, which runs Python inside Node's process: a native package, built when it is first asked for, in `.cache/`, and no
// dependency of anything. In a Node of its own, which times itself, so that two Pythons do not meet in one process.
import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const VERSION = '1.11.1'
const folder = fileURLToPath(new URL(`../../.cache/node-calls-python-${VERSION}`, import.meta.url))

export class EmbeddedPeer {
  #child

  /** @returns `undefined`, having said why, where it cannot be built: it takes a compiler, and a Python with headers and a shared library */
  static async tryStart(python) {
    try {
      build(python)
    } catch (error) {
      console.error(`node-calls-python is left out: ${error.stderr || error.message}`)
      return undefined
    }
    const self = new EmbeddedPeer()
    const code = 'import json, site; print(json.dumps(site.getsitepackages()))'
    const paths = execFileSync(python, ['-c', code], { encoding: 'utf8' })
    self.#child = fork(fileURLToPath(new URL('embedded-child.mjs', import.meta.url)), [folder, paths])
    await once(self.#child, 'message')
    return self
  }

  /** @returns microseconds, measured where it runs */
  async double() {
    this.#child.send('double')
    const [took] = await once(this.#child, 'message')
    return took
  }

  async close() {
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }
}

/** Against the Python that `python` is an environment of: that one's `python3-config` is to be found first. */
function build(python) {
  if (existsSync(join(folder, 'node_modules/node-calls-python/build/Release/nodecallspython.node'))) return
  mkdirSync(folder, { recursive: true })
  // Newer versions of npm run the scripts of those only who are named here.
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "allowScripts": { "node-calls-python": true } }\n')
  const base = execFileSync(python, ['-c', 'import sys; print(sys.base_prefix)'], { encoding: 'utf8' }).trim()
  const env = { ...process.env, PATH: [join(base, 'bin'), process.env.PATH].join(delimiter) }
  execFileSync('npm', ['install', '--no-audit', '--no-fund', `node-calls-python@${VERSION}`], {
    cwd: folder,
    env,
    encoding: 'utf8',
    stdio: 'pipe',
  })
}
