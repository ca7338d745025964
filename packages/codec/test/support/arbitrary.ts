/** Generated values and messages. */
import fc from 'fast-check'
import { type Message, NDArray } from '../../src/index.js'

export const text = fc.string({ unit: 'grapheme' })
export const key = fc.oneof(text, fc.constantFrom('__proto__', 'constructor', 'length', ''))
const typedArrays = [
  ...[fc.int8Array(), fc.int16Array(), fc.uint16Array(), fc.int32Array(), fc.uint32Array(), fc.float32Array()],
  ...[fc.float64Array(), fc.bigInt64Array(), fc.bigUint64Array()],
]

/** Every value that arrives as it was sent in version 1. */
export const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<unknown>(null, true, false, Number.NaN, -0, 0, 2 ** 53, -(2 ** 70), Infinity, -Infinity),
    fc.maxSafeInteger(),
    fc.double(),
    // A small one arrives as the number that it is.
    fc.bigInt().filter((each) => !Number.isSafeInteger(Number(each))),
    text,
    fc.date({ noInvalidDate: true }),
    fc.uint8Array(),
    ...typedArrays,
    fc.uint8Array({ minLength: 6, maxLength: 6 }).map((data) => new NDArray('bool', [1, 2, 3], data)),
    fc.float64Array({ minLength: 4, maxLength: 4 }).map((data) => new NDArray('complex128', [2], data)),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.array(tie('value'), { maxLength: 5 }).map((elements) => new Set(elements)),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map((entries) => Object.fromEntries(entries)),
    // One whose keys are all texts arrives as an object.
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 5 }).map((entries) => new Map([...entries, [1, null]])),
  ),
}))

export const id = fc.nat(Number.MAX_SAFE_INTEGER)
export const kwargs = fc.dictionary(key, value, { noNullPrototype: true })

const failure = { errorType: 'ValueError', errorMessage: 'no', traceback: 'Traceback …', errorNotes: ['a note'] }

/** What a worker says in version 1. */
export const workerMessage: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    type: fc.constant('call_done' as const),
    callID: fc.nat(9),
    ok: fc.constant(true as const),
    result: value,
  }),
  fc
    .record({ type: fc.constant('call_done' as const), callID: fc.nat(9), ok: fc.constant(false as const) })
    .map((each) => ({
      ...each,
      ...failure,
      errorCause: failure,
    })),
  fc.constantFrom<Message>(
    { type: 'hello' },
    { type: 'pong' },
    { type: 'op_done', opID: 'define-1', ok: true },
    { type: 'op_done', opID: 'define-1', ok: false, ...failure },
    { type: 'error', errorType: 'Confused', errorMessage: 'what?' },
  ),
)

/** What a host says in version 1. */
export const hostMessage: fc.Arbitrary<Message> = fc.oneof(
  fc
    .record({ callID: fc.nat(9), func: text, args: fc.array(value, { maxLength: 3 }), kwargs })
    .map(({ callID, func, ...spread }): Message => ({ type: 'call', callID, func, args: null, spread })),
  fc.constantFrom<Message>(
    { type: 'ping' },
    { type: 'define', opID: 'o', code: 'x = 1', parts: [{ name: 'a.py', code: 'x = 1' }], modules: ['json'] },
  ),
)

/** The same in the base protocol, whose ids are texts and whose values are JSON and bytes. */
export function baseMessage(message: fc.Arbitrary<Message>): fc.Arbitrary<Message> {
  const plain = fc.oneof(
    // It refuses integers that JSON readers make others of.
    fc.json().map((json) => JSON.parse(json, (_, each) => (isUnsafe(each) ? 0 : each))),
    fc.uint8Array(),
  )
  return fc.tuple(message, plain).map(([each, content]): Message => {
    if (each.type === 'hello')
      return { type: 'ready', features: ['spread'], pid: 1, protocol: 1, pythonVersion: '3.11.7' }
    if (each.type === 'call') return { type: 'call', callID: String(each.callID), func: each.func, args: content }
    if (each.type !== 'call_done') return each
    const callID = String(each.callID)
    return each.ok ? { ...each, callID, result: content } : { ...each, callID }
  })
}

function isUnsafe(value: unknown): boolean {
  return Number.isInteger(value) && !Number.isSafeInteger(value)
}
