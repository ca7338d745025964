import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { workerFiles, workerFilesDigest } from '../src/generated/worker-files.js'
import { WorkerFilesError } from '../src/index.js'
import { cacheFolders, materializeWorkerFiles } from '../src/worker-files.js'
import { makeFolder, python } from './support.js'

describe("the worker's files (K-4)", () => {
  it('are written once per content, private to the user', () => {
    const cache = join(makeFolder(), 'cache')
    const folder = materializeWorkerFiles([cache])
    expect(folder).toBe(join(cache, 'w', workerFilesDigest))
    for (const [name, text] of Object.entries(workerFiles)) {
      expect(readFileSync(join(folder, name), 'utf8')).toBe(text)
      expect(statSync(join(folder, name)).mode & 0o077).toBe(0)
    }
    expect(statSync(folder).mode & 0o077).toBe(0)
    const before = statSync(join(folder, 'boot.py')).mtimeMs
    expect(materializeWorkerFiles([cache])).toBe(folder)
    expect(statSync(join(folder, 'boot.py')).mtimeMs).toBe(before)
  })

  it('are compiled by the first worker, and a start after it finds them compiled', async () => {
    const folder = materializeWorkerFiles([makeFolder()])
    const run = () =>
      promisify(execFile)(python, ['-I', '-S', '-v', join(folder, 'boot.py'), '--stdio', '--max-workers', '1'])
    const closeInput = (running: ReturnType<typeof run>) => {
      running.child.stdin?.end()
      return running
    }
    const first = await closeInput(run())
    expect(first.stderr).toMatch(/# created .*pyferry\/__pycache__\/__init__/)
    const second = await closeInput(run())
    expect(second.stderr).not.toMatch(/# created .*pyferry/)
    expect(second.stderr).toMatch(/pyferry\/__pycache__\/__init__\..*pyc matches/)
  })

  it.each([
    ['a file was removed', (folder: string) => rmSync(join(folder, 'pyferry', '__init__.py'))],
    ['a file was cut', (folder: string) => writeFileSync(join(folder, 'boot.py'), '')],
    [
      'the folder is a file',
      (folder: string) => {
        rmSync(folder, { recursive: true })
        writeFileSync(folder, '')
      },
    ],
  ])('are written again when %s', (_, damage) => {
    const cache = makeFolder()
    const folder = materializeWorkerFiles([cache])
    damage(folder)
    expect(materializeWorkerFiles([cache])).toBe(folder)
    for (const [name, text] of Object.entries(workerFiles)) expect(readFileSync(join(folder, name), 'utf8')).toBe(text)
    expect(readdirSync(join(cache, 'w'))).toEqual([workerFilesDigest])
  })

  it('go to the next place when the first cannot be used', () => {
    const folder = makeFolder()
    writeFileSync(join(folder, 'file'), '')
    const second = join(folder, 'second')
    expect(materializeWorkerFiles([join(folder, 'file'), second])).toContain(second)
  })

  it('are never taken from a folder that others can write to', () => {
    const open = join(makeFolder(), 'open')
    mkdirSync(open)
    chmodSync(open, 0o777)
    expect(() => materializeWorkerFiles([open])).toThrow(WorkerFilesError)
    expect(existsSync(join(open, 'w', workerFilesDigest))).toBe(false)
  })

  it.each([
    [
      'PYFERRY_HOME, then where they are without it',
      { PYFERRY_HOME: '/p', XDG_CACHE_HOME: '/x' },
      ['/p', '/x/pyferry', expect.stringContaining('pyferry-')],
    ],
    [
      'XDG_CACHE_HOME, then a temporary folder',
      { XDG_CACHE_HOME: '/x' },
      ['/x/pyferry', expect.stringContaining('pyferry-')],
    ],
  ])('are looked for in %s', (_, env, expected) => {
    expect(cacheFolders(env)).toEqual(expected)
  })
})
