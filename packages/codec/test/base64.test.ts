import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { encodeBase64, tryDecodeBase64 } from '../src/base64.js'

afterEach(() => vi.unstubAllGlobals())

describe.each(['Buffer', 'btoa and atob'])('base64 by %s', (means) => {
  const withMeans = <T>(run: () => T): T => {
    if (means !== 'Buffer') vi.stubGlobal('Buffer', undefined)
    try {
      return run()
    } finally {
      vi.unstubAllGlobals()
    }
  }

  it.each([
    ['', ''],
    ['f', 'Zg=='],
    ['fo', 'Zm8='],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg=='],
    ['fooba', 'Zm9vYmE='],
    ['foobar', 'Zm9vYmFy'],
  ])('writes and reads %j as RFC 4648 section 10 does', (text, base64) => {
    const bytes = new TextEncoder().encode(text)
    expect(withMeans(() => encodeBase64(bytes))).toBe(base64)
    expect(withMeans(() => tryDecodeBase64(base64))).toEqual(bytes)
  })

  it.each([
    'A',
    'AA',
    'AAA',
    '=',
    '==',
    '====',
    'A===',
    'AA=A',
    'AA==AAAA',
    'AAA\n',
    ' AAA',
    'AA-_',
    'AAÄA',
    'AA=='.repeat(2),
  ])('D-5: reads %j as nothing', (text) => {
    expect(withMeans(() => tryDecodeBase64(text))).toBeUndefined()
  })

  it('gives back whatever bytes went in', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(withMeans(() => tryDecodeBase64(encodeBase64(bytes)))).toEqual(bytes)
      }),
    )
  })

  it('joins pieces of large bytes', () => {
    const bytes = Uint8Array.from({ length: 24 * 1024 * 2 + 1 }, (_, index) => index * 7)
    const text = withMeans(() => encodeBase64(bytes))
    expect(text).toBe(Buffer.from(bytes).toString('base64'))
    expect(withMeans(() => tryDecodeBase64(text))).toEqual(bytes)
  })
})

describe('tryDecodeBase64', () => {
  it('ignores unused bits of the last letter', () => {
    expect(tryDecodeBase64('QR==')).toEqual(new Uint8Array([0x41]))
  })
})
