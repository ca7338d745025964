import { isPyferryError, kwargs, type ProgressDisplay, PythonError, showProgress, Venv, type VenvConfig } from 'pyferry'

export async function use(python: string): Promise<void> {
  const config: VenvConfig = {
    interpreter: python,
    sources: ['def add(a, b=1): return a + b', { filename: 'fail.py', code: 'def fail(why): raise ValueError(why)' }],
  }
  const { onProgress, stop }: ProgressDisplay = showProgress(process.stderr, { style: 'auto' })
  const py = await Venv.start<{ add(a: number, b?: number): number; fail(why: string): never }>(config, { onProgress })
  stop()
  const sum: number = await py.functions.add(20, 22)
  const positional = await py.invoke('add', 40, kwargs({ b: 2 }))
  const id: string = py.call('add', 41)
  const awaited = await py.await<number>(id)
  const failure: unknown = await py.functions.fail('on purpose').catch((error: unknown) => error)
  await py.close()
  if (sum !== 42 || positional !== 42 || awaited !== 42) throw new Error(`received ${sum}, ${positional}, ${awaited}`)
  if (!(failure instanceof PythonError) || failure.pythonType !== 'ValueError') throw failure
  if (!isPyferryError(failure)) throw new Error('an error of ours is not known as one')
}
