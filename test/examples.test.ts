import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'

const examples = fileURLToPath(new URL('../examples', import.meta.url))

/** Shared by all of them, and new: the first run of each makes its environment. */
const home = mkdtempSync(join(tmpdir(), 'pyferry-examples-'))
afterAll(() => rmSync(home, { recursive: true }))

/** Run a Node program of an example as a user would, on the built packages; what it printed. */
function run(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const env = { ...process.env, PYFERRY_HOME: home }
  return promisify(execFile)(process.execPath, args, { cwd: examples, env, maxBuffer: 2 ** 26 })
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

  it('arrays: goes to numpy and back, and writes the picture that Python has made', async () => {
    const picture = join(home, 'landscape.png')
    const { stdout } = await run('arrays/arrays.mjs', picture)
    expect(stdout).toMatch(/^smooth: Float64Array of 1,000,000$/m)
    expect(stdout).toMatch(/^spectrum: Float32Array; the wave repeats every 314 samples$/m)
    expect(stdout).toMatch(/^8 MB there and back: \d+ ms/m)
    expect(stdout).toMatch(/^heights: NDArray float64 \[400,400\]$/m)
    const png = readFileSync(picture)
    expect(png.subarray(1, 4).toString()).toBe('PNG')
    // Width and height, from its header.
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([400, 400])
  }, 300_000)

  it('pdf: the bytes of real PDFs go to pypdf, and their text comes back letter by letter', async () => {
    const joined = join(home, 'joined.pdf')
    const { stdout } = await run('pdf/pdf.mjs', joined)
    expect(stdout).toMatch(/^Une lettre, 2 pages\n {2}│ Brasserie « Chez Léa »$/m)
    expect(stdout).toContain("P.-S. Mon garçon n'a pas arrêté de parler des œufs à la neige.")
    expect(stdout).toMatch(/^Factura 2026\/0042, 3 pages$/m)
    expect(stdout).toContain('3 × jamón ibérico: 149,70 €')
    expect(stdout).toContain('Größe, Fläche und Maße gemäß Anhang; łódka, škoda')
    expect(stdout).toMatch(/^Uint8Array of [\d,]+ bytes, written to .*\nread again: 5 pages$/m)
    expect(stdout).toMatch(/^what is no PDF: pypdf\.errors\.\w+: /m)
    expect(readFileSync(joined).subarray(0, 5).toString()).toBe('%PDF-')
  }, 300_000)

  it('sentence-transformers: is too large to run here, but is whole', async () => {
    // Several gigabytes of PyTorch: what it printed is recorded in its README.
    await run('--check', 'sentence-transformers/embed.mjs')
    const compile = 'import sys; compile(open(sys.argv[1]).read(), sys.argv[1], "exec")'
    await promisify(execFile)('python3', ['-c', compile, join(examples, 'sentence-transformers', 'embed.py')])
  })

  const environments = {
    'uv-project':
      /^uv-sync has installed haiku 1\.0 and syllables 1\.0\n {2}5 .*\n {2}7 .*\n {2}5 .*\nIt is a haiku\.$/m,
    'hashed-requirements':
      /^mdurl 0\.1\.2 is what was locked\n<p><strong>Markdown<\/strong> by .*\n\nRefused: what was downloaded has another hash/m,
    script: /^Reykjavík {2}11:2\d to 15:2\d UTC$/m,
    'two-numpys':
      /^numpy 1\.26\.4: uint8\(200\) \+ 100 = 300 \(int64\)\nnumpy 2\.0\.2: uint8\(200\) \+ 100 = 44 \(uint8\)$/m,
    offline: /^Installed from .*wheels: python-slugify, text-unidecode\n {2}Größe & Gewicht → grosse-gewicht$/m,
  }

  it.each(Object.entries(environments))(
    'E: environments/%s makes its environment once, and prints what it should each time',
    async (name, expected) => {
      const program = `environments/${name}/${name}.mjs`
      const first = await run(program)
      expect(first.stderr).toMatch(/^environment: making it \(.*\)$/m)
      expect(first.stdout).toMatch(expected)
      const second = await run(program)
      expect(second.stderr).toBe('')
      expect(second.stdout).toBe(first.stdout)
    },
    300_000,
  )

  it('E: every example of environments is run here', () => {
    const folders = readdirSync(join(examples, 'environments'), { withFileTypes: true }).filter((each) =>
      each.isDirectory(),
    )
    const names = folders.map(({ name }) => name).filter((name) => name !== 'node_modules')
    expect(names.sort()).toEqual(Object.keys(environments).sort())
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
