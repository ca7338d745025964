import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { inspectInterpreter } from '../src/index.js'
import { temporaryFolder } from './fixtures/folders.js'
import { runPython, testPython } from './fixtures/pythons.js'

test('V-2: an interpreter says what it is', async () => {
  const script = `
import json, platform, sys, sysconfig
print(json.dumps([platform.python_version(), sys.executable, sysconfig.get_config_var("SOABI"), platform.machine()]))
`
  const [version, executable, soabi, arch] = JSON.parse(runPython(testPython, script))
  const info = await inspectInterpreter(testPython)
  expect(info).toMatchObject({
    version,
    executable,
    base: executable,
    soabi,
    arch,
    implementation: 'cpython',
    hasVenv: true,
  })
  expect(info.os).toBe(process.platform === 'win32' ? 'windows' : process.platform)
  if (process.platform === 'linux') expect(info.libc).toMatch(/^(glibc-2\.\d+|musl)$/)
})

test('V-2: neither PYTHON variables nor the current folder have a say', async () => {
  const env = { ...process.env, PYTHONHOME: '/nowhere', PYTHONPATH: '/nowhere', PYTHONSTARTUP: '/nowhere' }
  expect((await inspectInterpreter(testPython, { env })).version).toMatch(/^3\./)
})

test('V-2: an aborted question is ABORTED with the reason as its cause, and a missing file is PYTHON_BROKEN', async () => {
  const reason = new Error('enough')
  await expect(inspectInterpreter(testPython, { signal: AbortSignal.abort(reason) })).rejects.toMatchObject({
    code: 'ERR_PYFERRY_ABORTED',
    cause: reason,
  })
  const dangling = join(temporaryFolder(), 'python')
  symlinkSync('/nowhere', dangling)
  await expect(inspectInterpreter(dangling)).rejects.toMatchObject({
    code: 'ERR_PYFERRY_PYTHON_BROKEN',
    facts: { path: dangling },
    cause: { code: 'ERR_PYFERRY_SPAWN_FAILED' },
  })
})
