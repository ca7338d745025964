import { AwaitTimeoutError, type Outcome, ResultCache } from '@pyferry/result-cache'

export async function use(): Promise<void> {
  const results = new ResultCache<number, Error>({ ttlMs: 60_000 })
  results.register('job')
  const expired = await results.wait('job', { timeoutMs: 1 }).catch((error: unknown) => error)
  if (!(expired instanceof AwaitTimeoutError)) throw expired
  results.settle('job', { state: 'done', value: 42 })
  const outcome: Outcome<number, Error> = await results.wait('job')
  if (outcome.state !== 'done' || outcome.value !== 42) throw new Error(`received ${JSON.stringify(outcome)}`)
  results.close()
}
