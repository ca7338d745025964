import { encodeFrame, FrameReader, OptionError, type WorkerMessage } from '@pyferry/codec'

export async function use(): Promise<void> {
  const frame = encodeFrame({ type: 'call', callID: '1', func: 'add', args: { bytes: new Uint8Array([1, 2, 3]) } })
  const reader = new FrameReader<WorkerMessage>({ maxFrameBytes: 1024 })
  reader.push(frame.subarray(0, 5))
  if (reader.tryNext() !== undefined) throw new Error('half a frame is not a message')
  reader.push(frame.subarray(5))
  const message = reader.tryNext()
  reader.end()
  if (message?.type !== ('call' as string)) throw new Error(`expected the call, received ${message?.type}`)
  try {
    new FrameReader({ maxFrameBytes: -1 })
  } catch (error) {
    if (error instanceof OptionError && error instanceof TypeError) return
    throw error
  }
  throw new Error('a bad option was taken')
}
