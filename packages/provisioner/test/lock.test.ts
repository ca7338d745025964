/** The lock alone: real processes, real kills. What a build makes of it is in `shared-home.test.ts`. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { afterEach, expect, test, vi } from 'vitest'
import { type ProvisionEvent, Reporter } from '../src/events.js'
import { type LockRequest, readLockOwner, takeLock, tryTakeLock } from '../src/lock.js'
import { temporaryFolder } from './fixtures/folders.js'
import { bundleSource, type Host, startHost } from './fixtures/host.js'
import { listUsers, until } from './fixtures/processes.js'
import { testPython } from './fixtures/pythons.js'
import { makeRandom, stormSeed } from './fixtures/storm.js'

afterEach(() => vi.useRealTimers())

const lockModule = pathToFileURL(bundleSource('src/lock')).href

interface Place {
  folder: string
  path: string
  events: ProvisionEvent[]
  request: LockRequest
}

function makePlace(parts: Partial<LockRequest> = {}): Place {
  const folder = temporaryFolder()
  const path = join(folder, 'key.lock')
  const events: ProvisionEvent[] = []
  const reporter = new Reporter((event) => events.push(event))
  const request: LockRequest = {
    path,
    python: testPython,
    env: {},
    cwd: folder,
    limitMs: 60_000,
    reporter,
    signal: new AbortController().signal,
    redact: (text) => text,
    ...parts,
  }
  return { folder, path, events, request }
}

/** Code for a host, a thread or a worker: `take(phase)` takes the lock, saying `waits` and the detail when it waits. */
function takingCode({ path, folder }: Place): string {
  return `
    const { takeLock } = await import(${JSON.stringify(lockModule)})
    const take = (phase = 'create') => takeLock({
      path: ${JSON.stringify(path)},
      python: ${JSON.stringify(testPython)},
      env: {},
      cwd: ${JSON.stringify(folder)},
      limitMs: 60_000,
      reporter: { phase, lockWait: (owner) => say('waits', owner ?? {}), warning: (code) => say('warning', code) },
      signal: new AbortController().signal,
      redact: (text) => text,
    })
  `
}

/** A host that takes the lock, says so, and gives it back when it is told to. */
function startHolder(place: Place, phase?: string): Host {
  return startHost(`${takingCode(place)}
    const lock = await take(${JSON.stringify(phase)})
    say('locked', String(lock.didWait))
    await heard('release')
    await lock.release()
    say('released')
  `)
}

/** The lock's own processes: their first argument after the script is the file. */
const helpersOf = ({ path }: Place) => listUsers(path).filter((pid) => isHelper(pid))

function isHelper(pid: number): boolean {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('flock')
}

const waits = ({ events }: Place) =>
  events.flatMap((event) =>
    event.type === 'phase' && event.phase === 'lock-wait' && event.state === 'start' ? [event.detail] : [],
  )

test('I3: no two of many processes ever have it, though some are killed while they hold it and while they wait', async () => {
  const seed = stormSeed('lock')
  const random = makeRandom(seed)
  const place = makePlace()
  const history = join(place.folder, 'history')
  // What is appended in one write is whole; between the two lines others would run if they had it too.
  const script = `${takingCode(place)}
    const { appendFileSync } = await import('node:fs')
    const note = (word) => appendFileSync(${JSON.stringify(history)}, process.pid + ' ' + word + '\\n')
    say('ready')
    await heard('go')
    for (let times = 0; times < 12; times += 1) {
      const lock = await take()
      note('has')
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 5))
      note('had')
      await lock.release()
    }
  `
  const hosts = [1, 2, 3, 4, 5].map(() => startHost(script))
  await Promise.all(hosts.map(({ said }) => said('ready')))
  for (const host of hosts) host.tell('go')
  const victims = hosts.slice(0, 2)
  for (const { child, ended } of victims) {
    const lines = 2 + Math.floor(random() * 10)
    await until(() => countLines(history) >= lines)
    await new Promise((resolve) => setTimeout(resolve, random() * 30))
    child.kill('SIGKILL')
    await ended
  }
  await Promise.all(hosts.map(({ ended }) => ended))
  const killed = new Set(victims.map(({ child }) => child.pid as number))
  expect(findOverlap(readFileSync(history, 'utf8'), killed)).toBeUndefined()
  const survivors = hosts.slice(2).map(({ child }) => child.pid as number)
  for (const pid of survivors) expect(readFileSync(history, 'utf8').split(`${pid} had\n`)).toHaveLength(13)
  await until(() => listUsers(place.path).length === 0)
})

test('a killed holder frees it at once, and its helper is gone', async () => {
  const place = makePlace()
  const holder = startHolder(place)
  await holder.said('locked')
  const waiter = startHolder(place)
  expect(JSON.parse(await waiter.said('waits'))).toMatchObject({ pid: holder.child.pid, phase: 'create' })
  holder.child.kill('SIGKILL')
  expect(await waiter.said('locked')).toBe('true')
  await until(() => helpersOf(place).length === 1)
})

test('a killed waiter leaves no process, and is in nobody’s way', async () => {
  const place = makePlace()
  const lock = await takeLock(place.request)
  const waiter = startHolder(place)
  await waiter.said('waits')
  waiter.child.kill('SIGKILL')
  await waiter.ended
  await until(() => helpersOf(place).length === 1)
  await lock?.release()
  const next = await takeLock(place.request)
  expect(next?.didWait).toBe(false)
  await next?.release()
  expect(listUsers(place.path)).toEqual([])
})

test('I3: who loses it in the midst of a build is told, and the next one gets it', async () => {
  const place = makePlace()
  const lock = await takeLock(place.request)
  for (const pid of helpersOf(place)) process.kill(pid, 'SIGKILL')
  await until(() => place.events.some((event) => event.type === 'warning' && event.code === 'lock-lost'))
  const next = await takeLock(place.request)
  expect(next?.didWait).toBe(false)
  lock?.tell('install')
  await lock?.release()
  await next?.release()
  expect(place.events.filter(({ type }) => type === 'warning')).toHaveLength(1)
})

test('a waiter whose helper is killed goes on without it, and says so', async () => {
  const place = makePlace()
  const holder = startHolder(place)
  await holder.said('locked')
  const [helper] = helpersOf(place)
  const waiting = takeLock(place.request)
  await until(() => waits(place).length > 0)
  for (const pid of helpersOf(place)) if (pid !== helper) process.kill(pid, 'SIGKILL')
  expect(await waiting).toBeUndefined()
  expect(place.events).toContainEqual(expect.objectContaining({ type: 'warning', code: 'no-lock' }))
})

test('V: LOCK_TIMEOUT names the file, who has it and the option, and leaves nothing', async () => {
  const place = makePlace({ limitMs: 20 })
  const holder = startHolder(place, 'download')
  await holder.said('locked')
  const error = await takeLock(place.request).catch((thrown) => thrown)
  expect(error).toMatchObject({
    code: 'ERR_PYFERRY_LOCK_TIMEOUT',
    retryable: true,
    facts: { path: place.path, limitMs: 20, option: 'lockTimeoutMs', owner: { pid: holder.child.pid } },
  })
  expect(error.message).toContain(place.path)
  expect(error.message).toMatch(new RegExp(`process ${holder.child.pid} on .* \\(download\\)`))
  expect(error.message).toContain('lockTimeoutMs')
  expect(helpersOf(place)).toHaveLength(1)
})

test('a wait is told at once and every ten seconds, with what its owner is doing then', async () => {
  const place = makePlace()
  const holder = startHost(`${takingCode(place)}
    const lock = await take('create')
    say('locked')
    await heard('on')
    lock.tell('install')
    await heard('release')
    await lock.release()
  `)
  await holder.said('locked')
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const waiting = takeLock(place.request)
  await until(() => waits(place).length === 1)
  holder.tell('on')
  let owner = await readLockOwner(place.path)
  while (owner?.phase !== 'install') owner = await readLockOwner(place.path)
  vi.advanceTimersByTime(9_999)
  expect(waits(place)).toHaveLength(1)
  vi.advanceTimersByTime(1)
  await until(() => waits(place).length === 2)
  const { pid } = holder.child
  expect(waits(place)).toEqual([
    expect.stringMatching(new RegExp(`^process ${pid} on .*: create$`)),
    expect.stringMatching(new RegExp(`^process ${pid} on .*: install$`)),
  ])
  holder.tell('release')
  await (await waiting)?.release()
  vi.advanceTimersByTime(60_000)
  expect(waits(place)).toHaveLength(2)
})

test('an aborted wait rejects with the reason, and leaves no process and no file but the lock’s', async () => {
  const stop = new AbortController()
  const place = makePlace({ signal: stop.signal })
  const holder = startHolder(place)
  await holder.said('locked')
  const waiting = takeLock(place.request)
  await until(() => waits(place).length > 0)
  const reason = new Error('no longer')
  stop.abort(reason)
  await expect(waiting).rejects.toBe(reason)
  expect(helpersOf(place)).toHaveLength(1)
  expect(readdirSync(place.folder)).toEqual(['key.lock'])
})

test('an abort before the first answer leaves no process either', async () => {
  const stop = new AbortController()
  const place = makePlace({ signal: stop.signal })
  const taking = takeLock(place.request)
  stop.abort(new Error('never'))
  await expect(taking).rejects.toThrow('never')
  expect(helpersOf(place)).toEqual([])
})

test.each([
  ['is a folder', ({ path }: Place) => mkdirSync(path)],
  ['lies in no folder', (place: Place) => Object.assign(place.request, { path: join(place.path, 'not', 'there') })],
  ['belongs to a Python that fails', (place: Place) => Object.assign(place.request, { python: '/bin/false' })],
])('a lock whose file %s is none: a warning, and the work goes on', async (_, prepare) => {
  const place = makePlace()
  prepare(place)
  expect(await takeLock(place.request)).toBeUndefined()
  expect(place.events).toEqual([
    expect.objectContaining({ type: 'warning', code: 'no-lock', message: expect.stringContaining(place.request.path) }),
  ])
})

test('those who wait get it one after the other', async () => {
  const place = makePlace()
  const lock = await takeLock(place.request)
  const waiters = [startHolder(place), startHolder(place)]
  await Promise.all(waiters.map(({ said }) => said('waits')))
  await lock?.release()
  const first = await Promise.race(waiters.map(async (waiter) => waiter.said('locked').then(() => waiter)))
  const second = waiters.find((waiter) => waiter !== first) as Host
  expect((await readLockOwner(place.path))?.pid).toBe(first.child.pid)
  first.tell('release')
  expect(await second.said('locked')).toBe('true')
  second.tell('release')
  await second.ended
  expect(readFileSync(place.path, 'utf8').trim()).toBe('')
})

test('whoever has waited for a file that was removed meanwhile has the new one, which others find', async () => {
  const place = makePlace()
  const lock = await takeLock(place.request)
  const waiter = startHolder(place)
  await waiter.said('waits')
  rmSync(place.path)
  await lock?.release()
  expect(await waiter.said('locked')).toBe('true')
  expect(await tryTakeLock(place.request)).toBe('held')
  expect((await readLockOwner(place.path))?.pid).toBe(waiter.child.pid)
  expect(helpersOf(place)).toHaveLength(1)
})

test('a thread that is ended gives it back', async () => {
  const place = makePlace()
  const code = `
    const { parentPort } = require('node:worker_threads')
    const say = (word) => parentPort.postMessage(word)
    ;(async () => {
      ${takingCode(place)}
      await take()
      say('locked')
      setInterval(() => {}, 1_000)
    })()
  `
  const thread = new Worker(code, { eval: true })
  await new Promise((resolve) => thread.once('message', resolve))
  const waiting = takeLock(place.request)
  await until(() => waits(place).length > 0)
  await thread.terminate()
  const lock = await waiting
  expect(lock?.didWait).toBe(true)
  await lock?.release()
  await until(() => listUsers(place.path).length === 0)
})

test('a cluster’s worker that is killed gives it back to its sibling', async () => {
  const place = makePlace()
  const worker = join(place.folder, 'worker.mjs')
  writeFileSync(
    worker,
    `const say = (word, rest = '') => process.send([word, String(rest)])
    ${takingCode(place)}
    const lock = await take()
    say('locked', lock.didWait)
    `,
  )
  const host = startHost(`
    const { default: cluster } = await import('node:cluster')
    cluster.setupPrimary({ execArgv: [], exec: ${JSON.stringify(worker)} })
    const first = cluster.fork()
    first.on('message', ([word]) => {
      if (word !== 'locked') return
      const second = cluster.fork()
      second.on('message', ([word, rest]) => {
        if (word === 'waits') first.process.kill('SIGKILL')
        if (word === 'locked') say('second', rest)
      })
    })
  `)
  expect(await host.said('second')).toBe('true')
  host.child.kill('SIGKILL')
  await until(() => listUsers(place.path).length === 0)
})

function countLines(path: string): number {
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0
}

/** The first line of a history at which two had the lock: a killed holder is succeeded by somebody, and not heard of again. */
function findOverlap(history: string, killed: ReadonlySet<number>): string | undefined {
  let holder: number | undefined
  const gone = new Set<number>()
  for (const line of history.trim().split('\n')) {
    const [pid, word] = line.split(' ') as [string, string]
    const who = Number(pid)
    if (gone.has(who)) return line
    if (word === 'had' && holder !== who) return line
    if (word === 'has' && holder !== undefined) {
      if (!killed.has(holder)) return line
      gone.add(holder)
    }
    holder = word === 'has' ? who : undefined
  }
  return undefined
}
