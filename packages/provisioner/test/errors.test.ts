import { isPyferryError, PyferryError } from '@pyferry/errors'
import { describe, expect, test } from 'vitest'
import { hints, type ProvisionCode } from '../src/hints.js'
import {
  BaseDirInUseError,
  InternalError,
  InterpreterError,
  MachineError,
  NetworkError,
  PackageError,
  ProvisionError,
  type ProvisionFailure,
  SpecError,
  StateError,
  StoppedError,
  ToolError,
} from '../src/index.js'

type Constructor = new (name: ProvisionCode, message: string, failure?: ProvisionFailure) => ProvisionError

const classes = {
  SpecError,
  InterpreterError,
  ToolError,
  PackageError,
  NetworkError,
  MachineError,
  StateError,
  StoppedError,
}

const tree = {
  SpecError: [
    'SPEC_INVALID',
    'SPEC_UNSAFE_REQUIREMENT',
    'SOURCE_MISSING',
    'LOCKFILE_STALE',
    'LOCKFILE_NEEDS_UV',
    'HASH_MISSING',
    'PATH_TOO_LONG',
  ],
  InterpreterError: [
    'PYTHON_NOT_FOUND',
    'PYTHON_STUB',
    'PYTHON_VERSION_MISMATCH',
    'PYTHON_BROKEN',
    'VENV_MODULE_MISSING',
    'PIP_MISSING',
  ],
  ToolError: [
    'TOOL_NOT_FOUND',
    'TOOL_TOO_OLD',
    'TOOL_FAILED_TO_START',
    'TOOL_DOWNLOAD_FAILED',
    'TOOL_CHECKSUM_MISMATCH',
  ],
  PackageError: [
    'NO_MATCHING_DISTRIBUTION',
    'RESOLUTION_CONFLICT',
    'BUILD_FAILED',
    'SDIST_FORBIDDEN',
    'HASH_MISMATCH',
    'INSTALL_FAILED',
    'VERIFY_FAILED',
  ],
  NetworkError: ['NETWORK_UNREACHABLE', 'AUTH_FAILED', 'TLS_FAILED', 'OFFLINE_MISS'],
  MachineError: [
    'DISK_FULL',
    'PERMISSION_DENIED',
    'HOME_READ_ONLY',
    'HOME_UNSAFE',
    'HOME_INCOMPATIBLE',
    'BASE_DIR_IN_USE',
    'SPAWN_FAILED',
  ],
  StateError: ['ENV_BROKEN', 'ENV_IN_USE'],
  StoppedError: ['TIMEOUT', 'LOCK_TIMEOUT', 'ABORTED'],
} as const

/**
 * Where nothing has to change for the same call to succeed later. Not among them: a login, a certificate, and what is not there
 * offline.
 */
const retryable: readonly ProvisionCode[] = [
  'NETWORK_UNREACHABLE',
  'BASE_DIR_IN_USE',
  'ENV_IN_USE',
  'TIMEOUT',
  'LOCK_TIMEOUT',
  'ABORTED',
]

const leaves = Object.entries(tree).flatMap(([type, codes]) => codes.map((code) => ({ type, code })))

test('X: every code has its class, and every class its codes', () => {
  expect([...leaves.map(({ code }) => code), 'INTERNAL'].sort()).toEqual(Object.keys(hints).sort())
})

test('X: what nobody expected is INTERNAL, with its cause', () => {
  const cause = new TypeError('x is undefined')
  const error = new InternalError('an unexpected error', { cause, phase: 'verify' })
  expect(error).toBeInstanceOf(ProvisionError)
  expect(error).toMatchObject({ code: 'ERR_PYFERRY_INTERNAL', name: 'InternalError', cause, retryable: false })
})

describe.each(leaves)('$code', ({ type, code }) => {
  const make = (failure?: ProvisionFailure) =>
    new (classes[type as keyof typeof classes] as unknown as Constructor)(code, 'it failed', failure)

  test('X: is branded, with code, name, hint and facts; cause is kept', () => {
    const cause = new Error('why')
    const error = make({ cause, facts: { path: '/x' }, exitCode: 2, phase: 'install' })
    expect(error).toBeInstanceOf(ProvisionError)
    expect(error).toBeInstanceOf(PyferryError)
    expect(isPyferryError(error, `ERR_PYFERRY_${code}`)).toBe(true)
    expect(error).toMatchObject({
      name: type,
      hint: hints[code],
      facts: { path: '/x' },
      exitCode: 2,
      phase: 'install',
      cause,
    })
    expect(error.hint).toMatch(/./)
    expect(error.retryable).toBe(retryable.includes(code))
    expect(make({ retryable: true }).retryable).toBe(true)
  })

  test('X: what is not known is not there', () => {
    const own = type === 'InterpreterError' || type === 'ToolError' ? ['refused'] : []
    expect(Object.keys(make()).sort()).toEqual(['code', 'facts', 'hint', ...own, 'retryable'])
    expect(make({ hint: 'another' }).hint).toBe('another')
  })
})

test('V-2: BaseDirInUseError says whose the folder is', () => {
  expect(new BaseDirInUseError('/b', 7).message).toBe('baseDir /b is in use by process 7')
  expect(new BaseDirInUseError('/b', undefined).message).toBe('baseDir /b is in use by another process')
  expect(new BaseDirInUseError('/b', process.pid).message).toBe('baseDir /b is in use by this process')
})
