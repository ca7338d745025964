/**
 * What can happen to a conversation on its way: bytes are changed, cut out, put in and moved, frames are lost, doubled and mixed up, lengths,
 * sizes and numbers of parcels lie, and bodies hold something else than they should in otherwise faultless frames, which gets further than any noise.
 */
import fc from 'fast-check'
import { ATTACHED, IS_PARCEL, PARCEL, PIECE } from '../../src/parcels.js'
import { frameOf } from './frames.js'

/** One thing that happens; places are taken modulo what is there. */
export type Damage = { at: number; to: number; size: number } & (
  | { kind: 'flip' | 'cut' | 'move' | 'lose' | 'double' | 'swap' | 'end' | 'unnest' | 'shorten' }
  | { kind: 'insert'; bytes: Uint8Array }
  | { kind: 'length' | 'field'; length: number }
  | { kind: 'replace'; json: string }
)

const place = { at: fc.nat(), to: fc.nat(), size: fc.nat(40) }
const json = fc.oneof(
  fc.json({ maxDepth: 2 }),
  fc.constantFrom('null', '-1', '0', '1.5', '1e999', '9007199254740993', '""', '[]', '{}', '[[]]', '"__proto__"'),
  fc.constantFrom('"int"', '"float"', '"map"', '"set"', '"date"', '"bytes"', '"array"', '"arrow"', '["codec","x"]'),
  fc.constantFrom('"<f8"', '"nan"', '[[[],"bytes"]]'),
  fc.constant(`${'['.repeat(3000)}${']'.repeat(3000)}`),
)

export const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('flip', 'cut', 'move', 'lose', 'double', 'swap', 'end', 'unnest', 'shorten'),
    ...place,
  }),
  fc.record({ kind: fc.constant('insert' as const), bytes: fc.uint8Array({ maxLength: 20 }), ...place }),
  fc.record({
    kind: fc.constantFrom('length', 'field'),
    length: fc.oneof(fc.nat(200), fc.constantFrom(2 ** 16, 2 ** 16 + 1, IS_PARCEL, IS_PARCEL + 1, 2 ** 32 - 1)),
    ...place,
  }),
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('replace' as const), json, ...place }) },
)

/** The bytes of `frames` after everything has happened to them, in its order. */
export function damaged(frames: readonly Uint8Array[], damages: readonly Damage[]): Uint8Array {
  // First what needs whole frames.
  const whole = damages.reduce<Uint8Array[]>((left, each) => damageFrames(left, each), [...frames])
  return Uint8Array.from(damages.reduce((bytes, each) => damageBytes(bytes, each), [...Buffer.concat(whole)]))
}

function damageFrames(frames: Uint8Array[], { kind, at, to, ...rest }: Damage): Uint8Array[] {
  if (frames.length === 0) return frames
  const from = at % frames.length
  const other = to % frames.length
  switch (kind) {
    case 'lose':
      return frames.toSpliced(from, 1)
    case 'double':
      return frames.toSpliced(other, 0, frames[from]!)
    case 'swap':
      return frames.with(from, frames[other]!).with(other, frames[from]!)
    case 'length': {
      const frame = Uint8Array.from(frames[from]!)
      if (frame.length >= 4) new DataView(frame.buffer).setUint32(0, (rest as { length: number }).length)
      return frames.with(from, frame)
    }
    case 'field':
      return frames.with(from, withField(frames[from]!, to, (rest as { length: number }).length))
    case 'shorten': {
      const body = frames[from]!.subarray(4)
      return frames.with(from, frameOf(body.subarray(0, to % (body.length + 1))))
    }
    case 'replace':
      return frames.with(
        from,
        rewritten(frames[from]!, (texts) => texts.with(to % texts.length, (rest as { json: string }).json)),
      )
    case 'unnest':
      return frames.with(
        from,
        rewritten(frames[from]!, (texts) => texts.toSpliced(to % texts.length, 1)),
      )
    default:
      return frames
  }
}

function damageBytes(bytes: number[], damage: Damage): number[] {
  const at = damage.at % (bytes.length + 1)
  switch (damage.kind) {
    case 'flip':
      return bytes.map((byte, index) => (index === at ? byte ^ (1 << (damage.to % 8)) : byte))
    case 'cut':
      return bytes.toSpliced(at, damage.size)
    case 'end':
      return bytes.slice(0, at)
    case 'insert':
      return bytes.toSpliced(at, 0, ...damage.bytes)
    case 'move': {
      const moved = bytes.slice(at, at + damage.size)
      const rest = bytes.toSpliced(at, damage.size)
      return rest.toSpliced(damage.to % (rest.length + 1), 0, ...moved)
    }
    default:
      return bytes
  }
}

/** One of the numbers that stand before the data of a body is another one. */
function withField(frame: Uint8Array, which: number, value: number): Uint8Array {
  const changed = Buffer.from(frame)
  const { kind, dataAt } = layoutOf(changed.subarray(4))
  const first = kind === ATTACHED ? 4 : 1
  const count = Math.floor((dataAt - first) / 4)
  if (count > 0 && 4 + dataAt <= changed.length) changed.writeUInt32BE(value, 4 + first + 4 * (which % count))
  return changed
}

/** A frame whose JSON is made of other tokens; its lengths are right, and so is the size of a parcel that is in one piece. */
function rewritten(frame: Uint8Array, rewrite: (tokens: string[]) => string[]): Uint8Array {
  const body = Buffer.from(frame.subarray(4))
  const { kind, dataAt } = layoutOf(body)
  if (dataAt > body.length) return frame
  const size = kind === ATTACHED ? body.readUInt32BE(dataAt - 4) : body.length - dataAt
  const head = Buffer.from(rewriteJson(body.toString('utf8', dataAt, dataAt + size), rewrite))
  const before = Buffer.from(body.subarray(0, dataAt))
  if (kind === ATTACHED && size < IS_PARCEL) before.writeUInt32BE(head.length, dataAt - 4)
  if (kind === PARCEL) before.writeUInt32BE(head.length, dataAt - 4)
  return frameOf(Buffer.concat([before, head, body.subarray(dataAt + size)]))
}

/** Where the bytes begin that are no numbers of the protocol's. */
function layoutOf(body: Buffer): { kind: number | undefined; dataAt: number } {
  const [kind] = body
  if (kind === ATTACHED && body.length >= 4) return { kind, dataAt: 8 + 4 * body.readUIntBE(1, 3) }
  if (kind === PARCEL) return { kind, dataAt: 13 }
  if (kind === PIECE) return { kind, dataAt: 5 }
  return { kind: undefined, dataAt: 0 }
}

/** Texts, names, numbers and whole small containers are the tokens. */
function rewriteJson(text: string, rewrite: (tokens: string[]) => string[]): string {
  const tokens = text.match(/\[[^[\]{}]*\]|\{[^[\]{}]*\}|"(?:[^"\\]|\\.)*"|[-+.\w]+|./gs) ?? []
  return tokens.length === 0 ? text : rewrite(tokens).join('')
}
