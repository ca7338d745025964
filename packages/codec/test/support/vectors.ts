import { readdirSync, readFileSync } from 'node:fs'

/** One golden case (PROTOCOL.md, "Vectors"). */
export interface Vector {
  name: string
  bytes: Uint8Array
  direction: 'host' | 'worker'
  maxFrameBytes?: number
  messages: Record<string, unknown>[]
  unreadable?: Record<string, string>
  error?: 'FrameTooLarge' | 'TruncatedFrame' | 'MalformedFrame'
  canonical?: true
}

export const vectorsFolder = new URL('../../../../protocol/vectors/', import.meta.url)

export const vectors: Vector[] = readdirSync(vectorsFolder)
  .filter((file) => file.endsWith('.json'))
  .sort()
  .map((file) => {
    const name = file.slice(0, -'.json'.length)
    const meaning = JSON.parse(readFileSync(new URL(file, vectorsFolder), 'utf8')) as Omit<Vector, 'name' | 'bytes'>
    return { name, bytes: new Uint8Array(readFileSync(new URL(`${name}.bin`, vectorsFolder))), ...meaning }
  })
