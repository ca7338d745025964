import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ValueCodecs } from '@pyferry/codec'
import { describe, expect, it } from 'vitest'
import { OptionError, Venv, type VenvConfig } from '../src/index.js'
import { exclusions, resolveOptions } from '../src/options.js'
import { makeFolder } from './support.js'

const refused = (config: unknown) => {
  try {
    resolveOptions(config as VenvConfig)
  } catch (error) {
    return error as OptionError
  }
  throw new Error('expected to be refused')
}

describe('options (V-1, V-2)', () => {
  it('V-2: has these defaults', () => {
    expect(resolveOptions({})).toEqual({
      sources: [],
      modules: [],
      importPaths: [],
      expose: 'all',
      python: undefined,
      requirements: [],
      requirementsFile: [],
      environment: {},
      interpreter: undefined,
      launcher: undefined,
      baseDir: undefined,
      keepBaseDir: false,
      start: 'spawn',
      preload: [],
      threads: 1,
      cwd: undefined,
      env: { inherit: true, set: {} },
      stdout: 'tail',
      stderr: 'tail',
      outputBufferKb: 256,
      startTimeoutMs: 120_000,
      closeGraceMs: 5_000,
      maxFrameBytes: 67_108_864,
      maxQueue: undefined,
      resultTtlMs: 900_000,
      maxResults: undefined,
      captureStacks: false,
      protocol: 'auto',
      transport: undefined,
      strictValues: false,
      values: 'faithful',
      codecs: new ValueCodecs([]),
      spin: undefined,
      logger: undefined,
      onLiveness: undefined,
    })
  })

  it('V-2: a given baseDir is kept, unless it is said otherwise', () => {
    expect(resolveOptions({ baseDir: 'x' })).toMatchObject({ baseDir: resolve('x'), keepBaseDir: true })
    expect(resolveOptions({ baseDir: 'x', keepBaseDir: false }).keepBaseDir).toBe(false)
  })

  it('V-18: names sources that have no file name by their place', () => {
    expect(resolveOptions({ sources: ['a', { filename: 'b.py', code: 'b' }] }).sources).toEqual([
      { name: '<sources[0]>', code: 'a' },
      { name: 'b.py', code: 'b' },
    ])
  })

  it.each<[string, unknown, string]>([
    ['a string instead of options', 'x', 'config'],
    ['an array instead of options', [], 'config'],
    ['an unknown option', { treads: 2 }, 'treads'],
    ['an option of a part not yet built', { entry: 'x.py' }, 'entry'],
    ['another one', { workers: 2 }, 'workers'],
    ['zero threads', { threads: 0 }, 'threads'],
    ['threads as text', { threads: '2' }, 'threads'],
    ['half a thread', { threads: 1.5 }, 'threads'],
    ['one source', { sources: 'x = 1' }, 'sources'],
    ['a source that is no text', { sources: [1] }, 'sources[0]'],
    ['a source without its file name', { sources: [{ code: '' }] }, 'sources[0].filename'],
    ['a source with something more', { sources: [{ filename: 'a', code: '', name: 1 }] }, 'sources[0].name'],
    ['a module that cannot be imported', { modules: ['os', '1x'] }, 'modules[1]'],
    ['a relative import path', { importPaths: ['lib'] }, 'importPaths[0]'],
    ['expose as something else', { expose: 'some' }, 'expose'],
    ['an empty requirement', { requirements: [''] }, 'requirements[0]'],
    ['a requirement that is not PEP 508', { requirements: ['six', '--index-url=http://x'] }, 'requirements[1]'],
    ['an empty launcher', { launcher: [] }, 'launcher'],
    ['a launcher as one line', { launcher: 'uv run x.py' }, 'launcher'],
    ['a variable that is no text', { env: { set: { A: 1 } } }, 'env.set.A'],
    ['a variable with a NUL', { env: { set: { A: 'a\0b' } } }, 'env.set.A'],
    ['an unknown part of env', { env: { inherits: true } }, 'env.inherits'],
    ['a sink that is none', { stdout: 'file' }, 'stdout'],
    ['a sink that can only be written to', { stdout: { write: () => true } }, 'stdout'],
    ['env as a list', { env: [] }, 'env'],
    ['a variable without a name', { env: { set: { '': 'x' } } }, 'env.set'],
    ['a variable with an equals sign', { env: { set: { 'A=B': 'x' } } }, 'env.set'],
    ['a negative time', { closeGraceMs: -1 }, 'closeGraceMs'],
    ['a time no timer can hold', { startTimeoutMs: 2 ** 31 }, 'startTimeoutMs'],
    ['not a number', { resultTtlMs: Number.NaN }, 'resultTtlMs'],
    ['a frame limit over 32 bits', { maxFrameBytes: 2 ** 32 }, 'maxFrameBytes'],
    ['a transport there is not', { transport: 'pipe' }, 'transport'],
    ['a launcher over a socket', { launcher: ['w'], transport: 'unix' }, 'transport'],
    ['a sink for what carries the messages', { transport: 'stdio', stdout: 'inherit' }, 'stdout'],
    ['a start there is not', { start: 'thread' }, 'start'],
    ['a forked start behind a launcher', { start: 'fork', launcher: ['w'] }, 'start'],
    ['a forked start over a port', { start: 'fork', transport: 'tcp' }, 'transport'],
    ['a preload where nothing is forked', { preload: ['json'] }, 'preload'],
    ['a preload that is a file', { start: 'fork', preload: ['json', './x.py'] }, 'preload[1]'],
    ['a logger that logs nothing', { logger: {} }, 'logger'],
    ['a callback that is none', { onLiveness: true }, 'onLiveness'],
    ['a temporary folder that is to be kept', { keepBaseDir: true }, 'keepBaseDir'],
    ['a baseDir with a NUL', { baseDir: 'a\0' }, 'baseDir'],
  ])('V-1: refuses %s by name', (_, config, option) => {
    const error = refused(config)
    expect(error).toBeInstanceOf(OptionError)
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({ code: 'ERR_PYFERRY_OPTION', option })
    expect(error.message).toContain(option)
  })

  it('S-4: a forked start on Windows names what there is instead', () => {
    expect(() => resolveOptions({ start: 'fork' }, 'win32')).toThrow("start must be 'spawn' on Windows")
    expect(resolveOptions({ start: 'fork', preload: ['os.path'] }, 'darwin')).toMatchObject({ start: 'fork' })
  })

  it('V-1: names the closest known option', () => {
    expect(refused({ requirementFile: 'x' }).hint).toBe('did you mean requirementsFile?')
  })

  it("V-1: a refused requirement keeps the provisioner's error as its cause", () => {
    expect(refused({ requirements: ['-r other.txt'] }).cause).toMatchObject({
      code: 'ERR_PYFERRY_SPEC_UNSAFE_REQUIREMENT',
    })
  })

  it('V-2: options that exclude each other are refused, each pair', () => {
    const values: Record<string, unknown> = {
      interpreter: '/usr/bin/python3',
      launcher: ['w'],
      python: 'python3',
      requirements: [],
      requirementsFile: 'r.txt',
      environment: {},
      stdout: 'tail',
    }
    for (const [option, others] of exclusions) {
      for (const other of others) {
        expect(refused({ [option]: values[option], [other]: values[other] }).option).toBe(other)
      }
    }
  })

  it('W-5: a launcher may be said to speak on stdin and stdout, as it does', () => {
    expect(resolveOptions({ launcher: ['w'], transport: 'stdio' }).transport).toBe('stdio')
  })

  it('V-1: an option that is undefined counts as left out', () => {
    const config = { threads: undefined, interpreter: undefined, python: 'python3' } as unknown as VenvConfig
    expect(resolveOptions(config)).toMatchObject({ threads: 1, python: 'python3' })
  })

  it('V-1: touches neither disk nor processes', () => {
    const baseDir = join(makeFolder(), 'env')
    const before = process.getActiveResourcesInfo()
    new Venv({ baseDir, requirements: ['six'] })
    expect(existsSync(baseDir)).toBe(false)
    expect(process.getActiveResourcesInfo()).toEqual(before)
  })
})
