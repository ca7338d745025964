import { type CallEnd, StartError, Worker, workerLaunch } from '@pyferry/supervisor'

export async function use(python: string): Promise<void> {
  let tell: (end: CallEnd) => void
  const ended = new Promise<CallEnd>((resolve) => {
    tell = resolve
  })
  const worker = new Worker({
    definition: {
      sources: [{ name: 'add.py', code: 'def add(a, b): return a + b' }],
      modules: [],
      importPaths: [],
      expose: 'all',
    },
    onCallEnd: (_call, end) => tell(end),
  })
  await worker.start(() => workerLaunch({ python }))
  // A call alone does not keep the host alive; somebody who waits for it does.
  const release = worker.hold()
  worker.submit({ id: '1', func: 'add' }, { spread: { args: [20, 22], kwargs: {} } })
  const end = await ended
  release()
  await worker.close()
  if (end.state !== 'done' || end.value !== 42) throw new Error(`received ${JSON.stringify(end)}`)

  const missing = new Worker({ onCallEnd: () => {} })
  const failure = await missing
    .start(() => workerLaunch({ python: '/no/such/python' }))
    .catch((error: unknown) => error)
  if (!(failure instanceof StartError)) throw failure
}
