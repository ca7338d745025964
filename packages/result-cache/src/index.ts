export { OptionError } from '@pyferry/errors'

export type { Clock } from './clock.js'
export type { Outcome } from './entry.js'
export { AwaitTimeoutError, DuplicateIdError, ResultCacheError, UnknownCallError } from './errors.js'
export type { ResultCacheOptions, SettleOptions, WaitOptions } from './options.js'
export { resolveWaitOptions } from './options.js'
export type { ResultCacheGauges } from './result-cache.js'
export { ResultCache } from './result-cache.js'
