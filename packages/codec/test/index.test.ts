import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import * as codec from '../src/index.js'

it('exports exactly these names', () => {
  expect(Object.keys(codec).sort()).toEqual([
    'ArrowData',
    'CodecError',
    'DEFAULT_MAX_FRAME_BYTES',
    'FrameReader',
    'FrameTooLargeError',
    'LateMessage',
    'MAX_FRAME_BYTES_LIMIT',
    'MalformedFrameError',
    'MessageBatch',
    'NDArray',
    'OptionError',
    'ProtocolError',
    'StreamedMessage',
    'TruncatedFrameError',
    'UnserializableError',
    'ValueCodecs',
    'ValueTooLargeError',
    'decodeValue',
    'encodeFrame',
    'encodeFrameParts',
    'encodeValue',
  ])
})

it('W-6: imports nothing of Node, and no package but our own errors', () => {
  const folder = new URL('../src/', import.meta.url)
  const imported = readdirSync(folder).flatMap((file) =>
    [...readFileSync(new URL(file, folder), 'utf8').matchAll(/(?:from|import|require)[\s(]*'([^']+)'/g)].map(
      ([, name]) => name!,
    ),
  )
  expect([...new Set(imported.filter((name) => !name.startsWith('./')))]).toEqual(['@pyferry/errors'])
})
