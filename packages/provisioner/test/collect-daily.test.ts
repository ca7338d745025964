import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Provisioner } from '../src/index.js'
import { ownIdentity } from '../src/process-identity.js'
import { mountDisk } from './fixtures/disks.js'
import { temporaryFolder } from './fixtures/folders.js'
import { startHost } from './fixtures/host.js'
import { usePackagesOf } from './fixtures/pip-settings.js'
import { testPython } from './fixtures/pythons.js'

afterEach(() => vi.unstubAllEnvs())

const DAY_MS = 24 * 60 * 60 * 1000
const minimal = { python: testPython, backend: 'venv-pip' } as const

/** A home in which something of the dead lies, `fileCount` files of it, and which was last collected so long ago. */
async function makeHome(ageMs: number, fileCount = 1) {
  const folder = temporaryFolder()
  usePackagesOf(folder)
  const home = join(folder, 'home')
  const { id, release } = await new Provisioner({ home, collect: false }).ensure(minimal)
  release()
  const key = join(home, 'e', id)
  const garbage = join(key, 'g00000001')
  for (let index = 0; index < fileCount; index += 1) {
    const inner = join(garbage, `folder${index % 100}`)
    mkdirSync(inner, { recursive: true })
    writeFileSync(join(inner, String(index)), '')
  }
  writeFileSync(`${garbage}.building.json`, JSON.stringify({ ...ownIdentity(), startTime: '1' }))
  setAge(join(home, 'collect'), ageMs)
  return { home, garbage }
}

function setAge(path: string, ageMs: number): void {
  const time = new Date(Date.now() - ageMs)
  utimesSync(path, time, time)
}

/** Another environment, so that the build itself sweeps nothing. */
const other = { ...minimal, extra: { other: 'yes' } }

const ensureScript = (home: string, spec: object, options = '') => `
  const provisioner = new pyferry.Provisioner({ home: ${JSON.stringify(home)}${options} })
  const onEvent = (event) => event.type === 'warning' && say('warning', event)
  const { hit } = await provisioner.ensure(${JSON.stringify(spec)}, { onEvent })
  say('has', String(hit))
`

/** A program that goes on until the garbage is gone. */
const goOn = (garbage: string) => `
  const { existsSync } = await import('node:fs')
  const timer = setInterval(() => {
    if (existsSync(${JSON.stringify(`${garbage}.building.json`)})) return
    clearInterval(timer)
    say('gone')
  }, 10)
`

describe('E: a home cleans up after itself', () => {
  test('a day after the last time, when something was built, in a program that goes on', async () => {
    const { home, garbage } = await makeHome(25 * 60 * 60 * 1000)
    const host = startHost(`${ensureScript(home, other)}${goOn(garbage)}`)
    await host.said('gone')
    expect(await host.ended).toEqual([0, null])
    expect(existsSync(garbage)).toBe(false)
    expect(Date.now() - statSync(join(home, 'collect')).mtimeMs).toBeLessThan(DAY_MS)
  })

  test('and a program that ends does not wait for that: it is taken up again later', async () => {
    const { home, garbage } = await makeHome(2 * DAY_MS, 5_000)
    const begun = `
      const { statSync } = await import('node:fs')
      const before = statSync(${JSON.stringify(join(home, 'collect'))}).mtimeMs
      const timer = setInterval(() => {
        if (statSync(${JSON.stringify(join(home, 'collect'))}).mtimeMs === before) return
        clearInterval(timer)
        say('begun')
      }, 1)
    `
    const host = startHost(`${ensureScript(home, other)}${begun}`)
    await host.said('begun')
    expect(await host.ended).toEqual([0, null])
    expect(existsSync(`${garbage}.building.json`)).toBe(true)
    // Not in the next minutes, but well before the day is over.
    const ageMs = Date.now() - statSync(join(home, 'collect')).mtimeMs
    expect(ageMs).toBeGreaterThan(22 * 60 * 60 * 1000)
    expect(ageMs).toBeLessThan(DAY_MS)
    expect((await new Provisioner({ home }).prune()).removed.map(({ generation }) => generation)).toContain('g00000001')
    expect(readdirSync(join(home, 'e')).length).toBe(2)
  })

  test.each([
    ['on the same day', 23 * 60 * 60 * 1000, other, ''],
    ['for a hit', 2 * DAY_MS, minimal, ''],
    ['with collect: false', 2 * DAY_MS, other, ', collect: false'],
  ])('but not %s', async (_, ageMs, spec, options) => {
    const { home, garbage } = await makeHome(ageMs)
    const before = statSync(join(home, 'collect')).mtimeMs
    const host = startHost(`${ensureScript(home, spec, options)}setTimeout(() => {}, 1500)`)
    await host.ended
    expect(statSync(join(home, 'collect')).mtimeMs).toBe(before)
    expect(existsSync(garbage)).toBe(true)
  })

  test('a new home has nothing to clean up for a day', async () => {
    const { home } = await makeHome(0)
    expect(Date.now() - statSync(join(home, 'collect')).mtimeMs).toBeLessThan(DAY_MS)
  })

  test('what goes wrong is a warning', async () => {
    const { home, garbage } = await makeHome(2 * DAY_MS)
    // What a disk is mounted on cannot be removed.
    mountDisk(4096, join(garbage, 'folder0'))
    const host = startHost(`${ensureScript(home, other)}process.stdin.resume()`)
    expect(JSON.parse(await host.said('warning'))).toMatchObject({
      code: 'left-over',
      message: expect.stringMatching(/g00000001.*EBUSY/),
    })
    host.child.kill('SIGKILL')
    await host.ended
  })

  test.each([
    [{ maxAgeDays: -1 }, 'collect.maxAgeDays'],
    [{ keepPrevious: 1.5 }, 'collect.keepPrevious'],
    [{ keepNext: 1 }, 'collect.keepNext'],
    [true, 'collect'],
  ])('collect: %j is refused at the door', (collect, option) => {
    expect(() => new Provisioner({ collect: collect as never })).toThrow(
      expect.objectContaining({ code: 'ERR_PYFERRY_OPTION', option }),
    )
  })
})
