import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { type EnvironmentSpec, OptionError, UnsafeRequirementError, validateSpec } from '../src/index.js'
import { resolveSpec } from '../src/spec.js'

test('V-2: what is left out is filled in, and what is given is put in order', () => {
  expect(resolveSpec({})).toMatchObject({
    python: 'auto',
    requirements: [],
    requirementsFiles: [],
    buildTimeoutMs: 1_800_000,
  })
  const { requirements, requirementsFiles } = resolveSpec({
    requirements: ['six', 'A_b', 'a-b'],
    requirementsFile: 'requirements.txt',
  })
  expect(requirements.map(({ text }) => text)).toEqual(['a-b', 'six'])
  expect(requirementsFiles).toEqual([resolve('requirements.txt')])
})

test.each([
  [null, 'spec'],
  [[], 'spec'],
  [{ requirement: ['six'] }, 'requirement'],
  [{ python: '' }, 'python'],
  [{ python: 3.11 }, 'python'],
  [{ python: 'a\0b' }, 'python'],
  [{ requirements: 'six' }, 'requirements'],
  [{ requirementsFile: ['a.txt', ''] }, 'requirementsFile[1]'],
  [{ requirementsFile: 1 }, 'requirementsFile'],
  [{ buildTimeoutMs: 0 }, 'buildTimeoutMs'],
  [{ buildTimeoutMs: 1.5 }, 'buildTimeoutMs'],
  [{ buildTimeoutMs: 2 ** 31 }, 'buildTimeoutMs'],
  [{ buildTimeoutMs: '1' }, 'buildTimeoutMs'],
])('V-1: %j is an OptionError for %s', (spec, option) => {
  expect(() => validateSpec(spec as EnvironmentSpec)).toThrow(OptionError)
  expect(() => validateSpec(spec as EnvironmentSpec)).toThrow(expect.objectContaining({ option }))
})

test('V-1: a requirement that is not PEP 508 fails with its own error', () => {
  expect(() => validateSpec({ requirements: ['six', '-r other.txt'] })).toThrow(UnsafeRequirementError)
})
