import { expect, test } from 'vitest'
import * as exported from '../src/index.js'

test('the package exports these names and no others', () => {
  expect(Object.keys(exported).sort()).toEqual([
    'AwaitTimeoutError',
    'DuplicateIdError',
    'OptionError',
    'ResultCache',
    'ResultCacheError',
    'UnknownCallError',
    'resolveWaitOptions',
  ])
})
