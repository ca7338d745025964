import { fileURLToPath } from 'node:url'
import { createContext, runInContext } from 'node:vm'
import { build } from 'esbuild'
import { beforeAll, describe, expect, it } from 'vitest'

const packages = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** What a browser has beyond the language, as far as the codec needs it. */
const browserGlobals = { TextEncoder, TextDecoder, atob, btoa, Uint8Array, ArrayBuffer }

describe('a browser bundle', () => {
  let script: string

  beforeAll(async () => {
    const { outputFiles } = await build({
      entryPoints: [packages('codec/src/index.ts')],
      alias: { '@pyferry/errors': packages('errors/src/index.ts') },
      bundle: true,
      platform: 'browser',
      format: 'iife',
      globalName: 'codec',
      write: false,
    })
    script = outputFiles[0]!.text
  })

  /** Run `expression` where there is neither Buffer nor process; answers as JSON. */
  function runInBrowser(expression: string): unknown {
    const context = createContext({ ...browserGlobals })
    runInContext(script, context)
    return JSON.parse(runInContext(`JSON.stringify(${expression})`, context) as string)
  }

  it('W-6: runs where Node’s globals are absent', () => {
    expect(runInBrowser('[typeof Buffer, typeof process, typeof require, typeof codec.encodeFrame]')).toEqual([
      'undefined',
      'undefined',
      'undefined',
      'function',
    ])
  })

  it('W-6: writes and reads frames with bytes, piece by piece', () => {
    const round = runInBrowser(`(() => {
      const args = { text: 'ü😀', bytes: Uint8Array.from({ length: 100000 }, (_, index) => index) }
      const frame = codec.encodeFrame({ type: 'call', callID: 'c1', func: 'f', args })
      const reader = new codec.FrameReader()
      const messages = []
      for (let start = 0; start < frame.length; start += 1000) {
        reader.push(frame.subarray(start, start + 1000))
        for (let message; (message = reader.tryNext()); ) messages.push(message)
      }
      reader.end()
      const received = messages[0].args
      return {
        count: messages.length,
        text: received.text,
        isSame: received.bytes.length === 100000 && received.bytes.every((byte, index) => byte === (index & 255)),
      }
    })()`)
    expect(round).toEqual({ count: 1, text: 'ü😀', isSame: true })
  })

  it('W-1: refuses what it refuses in Node', () => {
    expect(
      runInBrowser(`(() => {
        try { codec.encodeFrame({ type: 'call', callID: 'c', func: 'f', args: [new Map()] }) }
        catch (error) { return [error instanceof codec.UnserializableError, error instanceof TypeError, error.path] }
      })()`),
    ).toEqual([true, true, 'args[0]'])
  })
})
