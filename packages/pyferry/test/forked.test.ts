/** Workers from a template that has imported NumPy (`docs/forked-start.md`). */
import { describe, expect, it } from 'vitest'
import { pythonWithLibraries } from './libraries.js'
import { failureOf, makeVenv, startVenv } from './support.js'

const code = [
  'import os, sys',
  'loaded = "numpy" in sys.modules',
  'import numpy',
  'def was_loaded(x): return loaded',
  'def draw(x): return numpy.random.random()',
  'def double(x): return x * 2',
  'def parent(x): return os.getppid()',
].join('\n')

describe('numpy in a template (S-4)', () => {
  it('S-4: is there in each worker, with random numbers of its own', async () => {
    const config = { interpreter: pythonWithLibraries, start: 'fork', preload: ['numpy'] } as const
    const [one, two] = await Promise.all([startVenv(code, config), startVenv(code, config)])
    expect(await one.callAndAwait('parent')).toBe(await two.callAndAwait('parent'))
    expect(await one.callAndAwait('was_loaded')).toBe(true)
    expect(await one.callAndAwait('draw')).not.toBe(await two.callAndAwait('draw'))
    expect(await two.callAndAwait('double', Float64Array.of(1, 2.5))).toEqual(Float64Array.of(2, 5))
  })

  it('V-4: what cannot be imported fails the start, which may be tried again with something else', async () => {
    const config = { interpreter: pythonWithLibraries, start: 'fork' } as const
    const error = await failureOf(makeVenv({ ...config, preload: ['numpy', 'no_such_module'] }).start())
    expect(error).toMatchObject({ code: 'ERR_PYFERRY_START', cause: { pythonType: 'ModuleNotFoundError' } })
    expect(await (await startVenv(code, config)).callAndAwait('was_loaded')).toBe(false)
  })
})
