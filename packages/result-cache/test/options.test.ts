import { OptionError } from '@pyferry/errors'
import { describe, expect, test } from 'vitest'
import { resolveCacheOptions, resolveSettleOptions, resolveWaitOptions } from '../src/options.js'

const optionErrorOf = (run: () => unknown): OptionError => {
  try {
    run()
  } catch (error) {
    if (error instanceof OptionError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

// As a JavaScript caller may pass them: the types refuse most of these.
const bad = <T>(options: object): T => options as T

describe('X: an option that cannot be used is an OptionError that names it', () => {
  test.each([
    { ttlMs: 0 },
    { ttlMs: -1 },
    { ttlMs: Number.NaN },
    { ttlMs: '900000' },
    { ttlMs: null },
    { maxResults: 0 },
    { maxResults: 1.5 },
    { maxResults: -1 },
    { maxBytes: Number.NaN },
    { maxBytes: '1' },
    { onWaiters: true },
  ])('of the cache: %o', (options) => {
    const [option, value] = Object.entries(options)[0]!
    expect(optionErrorOf(() => resolveCacheOptions(bad(options)))).toMatchObject({ option, value })
  })

  test.each([
    { bytes: -1 },
    { bytes: Number.NaN },
    { bytes: Number.POSITIVE_INFINITY },
    { bytes: '1' },
    { broadcast: 1 },
  ])('of settle: %o', (options) => {
    const [option, value] = Object.entries(options)[0]!
    expect(optionErrorOf(() => resolveSettleOptions(bad(options)))).toMatchObject({ option, value })
  })

  test.each([
    { timeoutMs: -1 },
    { timeoutMs: Number.NaN },
    { timeoutMs: '100' },
    { timeoutMs: null },
    { signal: {} },
    { signal: null },
    { signal: new AbortController() },
  ])('of wait: %o', (options) => {
    const [option, value] = Object.entries(options)[0]!
    expect(optionErrorOf(() => resolveWaitOptions(bad(options)))).toMatchObject({ option, value })
  })
})

test('X: an unknown option is refused with the closest known one', () => {
  expect(optionErrorOf(() => resolveCacheOptions(bad({ ttlMS: 1 })))).toMatchObject({ hint: 'did you mean ttlMs?' })
  expect(optionErrorOf(() => resolveSettleOptions(bad({ byte: 1 })))).toMatchObject({ hint: 'did you mean bytes?' })
  expect(optionErrorOf(() => resolveWaitOptions(bad({ timeout: 1 })))).toMatchObject({
    hint: 'did you mean timeoutMs?',
  })
})

test('the defaults are 15 minutes, no bounds, nothing counted, one receiver and no limit to a wait', () => {
  expect(resolveCacheOptions({})).toMatchObject({ ttlMs: 900_000, maxResults: Infinity, maxBytes: Infinity })
  expect(resolveSettleOptions({})).toEqual({ bytes: 0, broadcast: false })
  expect(resolveWaitOptions({})).toEqual({ signal: undefined, timeoutMs: Infinity })
})

test('undefined is the same as left out', () => {
  const blank = { ttlMs: undefined, maxResults: undefined, maxBytes: undefined, onWaiters: undefined, clock: undefined }
  expect(resolveCacheOptions(blank)).toEqual(resolveCacheOptions({}))
  expect(resolveWaitOptions({ signal: undefined, timeoutMs: undefined })).toEqual(resolveWaitOptions({}))
})
