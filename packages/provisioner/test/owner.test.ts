import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { BaseDirInUseError, claimBaseDir, removeBaseDir } from '../src/index.js'
import { temporaryFolder } from './fixtures/folders.js'
import { bundle, startHost } from './fixtures/host.js'

const claimAndSay = (baseDir: string) => `
  const baseDir = ${JSON.stringify(baseDir)}
  pyferry.claimBaseDir(baseDir).then(
    () => say('owns', String(process.pid)),
    (error) => say('refused', { code: error.code, pid: error.pid, message: error.message }),
  )
  process.stdin.resume()
`

test('V-2: a second owner in the same program is refused, and gets the folder when the first releases it', async () => {
  const baseDir = join(temporaryFolder(), 'base')
  const first = await claimBaseDir(baseDir)
  const error = await claimBaseDir(baseDir).catch((thrown) => thrown)
  expect(error).toBeInstanceOf(BaseDirInUseError)
  expect(error).toMatchObject({
    code: 'ERR_PYFERRY_BASE_DIR_IN_USE',
    message: `baseDir ${baseDir} is in use by this process`,
    baseDir,
    pid: process.pid,
    hint: expect.stringMatching(/baseDir/),
    retryable: true,
  })
  await first.release()
  const second = await claimBaseDir(baseDir)
  await first.release()
  await expect(claimBaseDir(baseDir)).rejects.toThrow(BaseDirInUseError)
  await second.release()
  expect(readdirSync(join(baseDir, 'meta'))).toEqual([])
})

test('V-2: the folder is made private, with its own files', async () => {
  const baseDir = join(temporaryFolder(), 'deep', 'er', 'base')
  const claim = await claimBaseDir(baseDir)
  expect(claim).toMatchObject({ baseDir, metaDir: join(baseDir, 'meta') })
  expect(readdirSync(baseDir).sort()).toEqual(['HOME.json', 'env', 'meta'])
  expect(statSync(baseDir).mode & 0o777).toBe(0o700)
  const files = readdirSync(claim.metaDir).sort()
  expect(files).toEqual([
    expect.stringMatching(/^owner-\w+-\d+\.json$/),
    expect.stringMatching(/^owner-\w+-\d+\.sock$/),
  ])
  for (const file of files) expect(statSync(join(claim.metaDir, file)).mode & 0o777).toBe(0o600)
  await claim.release()
})

test('V-2: a process that is killed owns nothing any more', async () => {
  const baseDir = join(temporaryFolder(), 'base')
  const host = startHost(claimAndSay(baseDir))
  const pid = Number(await host.said('owns'))
  await expect(claimBaseDir(baseDir)).rejects.toMatchObject({ pid, message: expect.stringContaining(`process ${pid}`) })
  host.child.kill('SIGKILL')
  await host.ended
  const claim = await claimBaseDir(baseDir)
  expect(readdirSync(claim.metaDir)).toHaveLength(2)
  await claim.release()
})

test('V-2: a stopped process is an owner still', async () => {
  const baseDir = join(temporaryFolder(), 'base')
  const host = startHost(claimAndSay(baseDir))
  await host.said('owns')
  host.child.kill('SIGSTOP')
  await expect(claimBaseDir(baseDir)).rejects.toThrow(BaseDirInUseError)
})

test('V-2: owning keeps no process alive', async () => {
  const baseDir = join(temporaryFolder(), 'base')
  const host = startHost(`await pyferry.claimBaseDir(${JSON.stringify(baseDir)}); say('owns')`)
  await host.said('owns')
  expect(await host.ended).toEqual([0, null])
})

test('V-2: a thread owns against its own process, until it ends', async () => {
  const baseDir = join(temporaryFolder(), 'base')
  const code = `
    const { parentPort } = require('node:worker_threads')
    import(${JSON.stringify(bundle)})
      .then(({ claimBaseDir }) => claimBaseDir(${JSON.stringify(baseDir)}))
      .then(() => parentPort.postMessage('owns'))
    parentPort.on('message', () => {})
  `
  const thread = new Worker(code, { eval: true })
  await new Promise((resolve, reject) => {
    thread.once('message', resolve)
    thread.once('error', reject)
  })
  await expect(claimBaseDir(baseDir)).rejects.toThrow(BaseDirInUseError)
  await thread.terminate()
  await (await claimBaseDir(baseDir)).release()
})

test('V-2: of many that claim at once exactly one owns, in one process and in several', async () => {
  const baseDir = join(temporaryFolder(), 'base')
  for (let round = 0; round < 5; round += 1) {
    const claims = await Promise.allSettled(Array.from({ length: 8 }, () => claimBaseDir(baseDir)))
    const owners = claims.filter((claim) => claim.status === 'fulfilled')
    expect(owners).toHaveLength(1)
    for (const claim of claims) if (claim.status === 'rejected') expect(claim.reason).toBeInstanceOf(BaseDirInUseError)
    for (const { value } of owners) await value.release()
  }
  const hosts = Array.from({ length: 4 }, () => startHost(claimAndSay(baseDir)))
  const answers = await Promise.all(
    hosts.map((host) =>
      Promise.race([host.said('owns').then(() => 'owns'), host.said('refused').then(() => 'refused')]),
    ),
  )
  expect(answers.sort()).toEqual(['owns', 'refused', 'refused', 'refused'])
})

test('V-2: a path that is longer than a socket may have works, and refuses a second owner', async () => {
  const baseDir = join(temporaryFolder(), 'x'.repeat(200), 'base')
  const claim = await claimBaseDir(baseDir)
  await expect(claimBaseDir(baseDir)).rejects.toThrow(BaseDirInUseError)
  await claim.release()
  await (await claimBaseDir(baseDir)).release()
})

test('V-15: the folder can be removed by its owner, who then releases it', async () => {
  const baseDir = join(temporaryFolder(), 'base')
  const claim = await claimBaseDir(baseDir)
  writeFileSync(join(claim.metaDir, 'stdout.log'), 'x')
  await removeBaseDir(baseDir)
  expect(existsSync(baseDir)).toBe(false)
  await claim.release()
})

test('V-3: what killed builds left is gone when the folder is claimed', async () => {
  const baseDir = join(temporaryFolder(), 'base')
  await (await claimBaseDir(baseDir)).release()
  mkdirSync(join(baseDir, 'env', 'g00000001'))
  writeFileSync(join(baseDir, 'env', 'g00000001', 'x'), '')
  for (const name of ['g00000001.building.json', 'g00000002.requirements.txt', '.tmp-0123456789abcdef', 'mine.txt']) {
    writeFileSync(join(baseDir, 'env', name), '')
  }
  const claim = await claimBaseDir(baseDir)
  expect(readdirSync(join(baseDir, 'env'))).toEqual(['mine.txt'])
  await claim.release()
})
