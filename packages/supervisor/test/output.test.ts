import { PassThrough, Writable } from 'node:stream'
import { describe, expect, it, vi } from 'vitest'
import { OutputStream } from '../src/output.js'

const turn = () => new Promise((resolve) => setImmediate(resolve))

function stream(sink: ConstructorParameters<typeof OutputStream>[1]['sink'], onError = vi.fn()) {
  const source = new PassThrough()
  return { source, onError, output: new OutputStream(source, { sink, tail: undefined, onError }) }
}

describe('output sinks (V-2, V-16)', () => {
  it('calls a function with each line, without its end, and with the last one that has none', async () => {
    const lines: string[] = []
    const { source } = stream((line) => lines.push(line))
    source.write('one\ntw')
    source.write('o\r\n\nthr')
    source.end('ee')
    await turn()
    expect(lines).toEqual(['one', 'two', '', 'three'])
  })

  it('joins a character that was cut between two chunks', async () => {
    const lines: string[] = []
    const { source } = stream((line) => lines.push(line))
    const bytes = Buffer.from('é\n')
    source.write(bytes.subarray(0, 1))
    source.write(bytes.subarray(1))
    await turn()
    expect(lines).toEqual(['é'])
  })

  it('gives a line over 64 KiB in pieces, so that memory stays flat', async () => {
    const lines: string[] = []
    const { source } = stream((line) => lines.push(line))
    source.write('x'.repeat(150_000))
    source.write('\n')
    source.end(`${'y'.repeat(70_000)}\r\nz`)
    await turn()
    expect(lines.map((line) => line.length)).toEqual([65_536, 65_536, 18_928, 65_536, 4_464, 1])
  })

  it('reports a function that throws, and goes on with the next line', async () => {
    const lines: string[] = []
    const { source, onError } = stream((line) => {
      lines.push(line)
      if (line === 'bad') throw new Error('sink')
    })
    source.write('bad\ngood\n')
    await turn()
    expect(lines).toEqual(['bad', 'good'])
    expect(onError).toHaveBeenCalledOnce()
  })

  it('makes the worker wait while a Writable is full', async () => {
    let release: (() => void) | undefined
    const sink = new Writable({
      highWaterMark: 1,
      write: (_chunk, _encoding, done) => {
        release = done
      },
    })
    const { source } = stream(sink)
    source.write('first')
    await turn()
    expect(source.isPaused()).toBe(true)
    release?.()
    await turn()
    expect(source.isPaused()).toBe(false)
  })

  it('goes on when a full Writable is closed', async () => {
    const sink = new Writable({ highWaterMark: 1, write: () => {} })
    const { source } = stream(sink)
    source.write('first')
    await turn()
    sink.destroy()
    await turn()
    expect(source.isPaused()).toBe(false)
  })

  it('reports a function that rejects', async () => {
    const { source, onError } = stream(async () => {
      throw new Error('later')
    })
    source.write('line\n')
    await turn()
    expect(onError).toHaveBeenCalledOnce()
  })

  it('never ends the Writable it was given, and leaves no listener on it', async () => {
    const sink = new Writable({ highWaterMark: 1, write: () => {} })
    const before = sink.listenerCount('drain') + sink.listenerCount('close')
    const { source, output } = stream(sink)
    source.end('text')
    await turn()
    expect(sink.listenerCount('drain')).toBe(1)
    output.close()
    expect(sink.writableEnded).toBe(false)
    expect(sink.listenerCount('drain') + sink.listenerCount('close')).toBe(before)
  })

  it('keeps the last 8 KiB for errors', async () => {
    const { source, output } = stream('tail')
    for (let index = 0; index < 300; index += 1) source.write(`${String(index).padStart(99, '.')}\n`)
    await turn()
    const recent = output.recent()
    expect(recent).toHaveLength(8192)
    expect(recent.endsWith('299\n')).toBe(true)
  })

  it('reports a tail that cannot be written once, not for every chunk', async () => {
    const onError = vi.fn()
    const source = new PassThrough()
    const tail = {
      write: () => {
        throw new Error('disk full')
      },
    } as never
    new OutputStream(source, { sink: 'tail', tail, onError })
    source.write('a')
    await turn()
    source.write('b')
    await turn()
    expect(onError).toHaveBeenCalledOnce()
  })
})
