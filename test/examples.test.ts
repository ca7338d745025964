import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const examples = fileURLToPath(new URL('../examples', import.meta.url))

/** Run a Node program of an example as a user would, on the built packages; what it printed. */
function run(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(process.execPath, args, { cwd: examples, maxBuffer: 2 ** 26 })
}

describe('examples', () => {
  it('search: answers, shows call and await apart, survives the death of its worker, and installs nothing the second time', async () => {
    const { stdout: first, stderr: progress } = await run('search/search.mjs')
    // An earlier run may have left the environment: then there is nothing to tell.
    expect(progress).toMatch(/^(environment: making it \(.*\)\n(environment: .+\n)*environment: made in [\d.]+ s\n)?$/)
    expect(first).toMatch(/^Python 3\.\d+\.\d+ is ready after/m)
    expect(first).toMatch(/^[\d,]+ docstrings of the standard library/m)
    expect(first).toMatch(/how do I read a zip archive\? {2}\([\d.]+ ms\)\n {2}0\.\d+ {2}zipfile/)
    expect(first).toMatch(/gave up waiting for [0-9a-f]{32} after 50 ms; it is running/)
    expect(first).toContain('awaited again: 24 topics')
    expect(first).toContain('[liveness] died: the worker was ended by SIGKILL')
    expect(first).toContain('the call in flight: DiedError, SIGKILL')
    expect(first).toMatch(/nothing was installed; [\d.]+ s later it runs in .*environment/)

    const { stdout: second, stderr: silence } = await run('search/search.mjs', 'parse command line arguments')
    expect(silence).not.toContain('making it')
    expect(second).toContain('kept from an earlier run')
    expect(second).toMatch(/parse command line arguments {2}\([\d.]+ ms\)/)
  }, 300_000)

  it('sentence-transformers: is too large to run here, but is whole', async () => {
    // Several gigabytes of PyTorch: what it printed is recorded in its README.
    await run('--check', 'sentence-transformers/embed.mjs')
    const compile = 'import sys; compile(open(sys.argv[1]).read(), sys.argv[1], "exec")'
    await promisify(execFile)('python3', ['-c', compile, join(examples, 'sentence-transformers', 'embed.py')])
  })

  it('each has a README and a manifest', () => {
    for (const entry of readdirSync(examples, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue
      for (const name of ['README.md', 'package.json']) {
        expect(existsSync(join(examples, entry.name, name)), `${entry.name}/${name}`).toBe(true)
      }
    }
  })
})
