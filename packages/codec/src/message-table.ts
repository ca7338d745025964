/**
 * The fields of every kind of message in one table, which both directions go by: what is sent and what is received has the same
 * fields, of the same types, in the same order (PROTOCOL.md, "Messages").
 */
import { describeValue } from '@pyferry/errors'
import type { Message, UnknownMessage, ValueForm, WireFailure } from './messages.js'

/** What is wrong with a message. */
export interface MessageFault {
  /** Path of the field, `type` included. */
  field: string
  value: unknown
  /** In words. */
  expected: string
}

/** The fields of one kind, in the order they are written. */
interface MessageKind {
  fields: readonly Field[]
  /** Further fields, by what `ok` says. */
  whenOk?: readonly Field[]
  whenNotOk?: readonly Field[]
}

interface Field {
  name: string
  shape: Shape
  isRequired: boolean
}

interface Shape {
  /** In words. */
  expected: string
  /** The value to keep, `undefined` when it is of the wrong type. */
  read: (value: unknown) => unknown
}

const anything: Shape = { expected: 'a value', read: (value) => value ?? null }
const aString: Shape = shapeOf('a string', (value) => typeof value === 'string')
const aNumber: Shape = shapeOf('a number', (value) => typeof value === 'number')
const anInteger: Shape = shapeOf('an integer from 0', (value) => Number.isSafeInteger(value) && (value as number) >= 0)
const aBoolean: Shape = shapeOf('a boolean', (value) => typeof value === 'boolean')
const strings: Shape = shapeOf('an array of strings', isStrings)
const parts: Shape = shapeOf('an array of { name, code }', (value) => Array.isArray(value) && value.every(isPart))
const form: Shape = shapeOf('"faithful" or "json"', isValueForm)
const exposure: Shape = shapeOf(
  '"all", "own" or an array of strings',
  (value) => value === 'all' || value === 'own' || isStrings(value),
)
const spread: Shape = shapeOf(
  '{ args: array, kwargs: object }',
  (value) => isObject(value) && Array.isArray(value.args) && isObject(value.kwargs),
)
const cause: Shape = { expected: 'an object of failure fields', read: (value) => readCause(value, MAX_CAUSES) }

/** How many causes of causes are read (PROTOCOL.md: at most 16 deep). */
const MAX_CAUSES = 16

const failureFields: readonly Field[] = [
  optional('errorType', aString),
  optional('errorMessage', aString),
  optional('traceback', aString),
  optional('errorQualname', aString),
  optional('errorNotes', strings),
  optional('errorCause', cause),
  optional('errorKind', aString),
  optional('candidates', strings),
  optional('errorPath', aString),
  optional('errorSize', aNumber),
  optional('errorLimit', aNumber),
]

const messageKinds: ReadonlyMap<string, MessageKind> = new Map<Message['type'], MessageKind>([
  [
    'define',
    {
      fields: [
        required('opID', aString),
        required('code', aString),
        optional('parts', parts),
        optional('modules', strings),
        optional('importPaths', strings),
        optional('expose', exposure),
      ],
    },
  ],
  [
    'call',
    {
      fields: [
        required('callID', aString),
        required('func', aString),
        required('args', anything),
        optional('spread', spread),
      ],
    },
  ],
  ['ping', { fields: [] }],
  [
    'accept',
    {
      fields: [
        required('protocol', anInteger),
        optional('strictValues', aBoolean),
        optional('values', form),
        optional('maxResultBytes', anInteger),
        optional('spinUs', anInteger),
        optional('codecs', strings),
      ],
    },
  ],
  [
    'ready',
    {
      fields: [
        optional('features', strings),
        optional('pid', aNumber),
        optional('pythonVersion', aString),
        optional('implementation', aString),
        optional('protocol', anInteger),
      ],
    },
  ],
  ['op_done', { fields: [required('opID', aString), required('ok', aBoolean)], whenNotOk: failureFields }],
  [
    'call_done',
    {
      fields: [required('callID', aString), required('ok', aBoolean)],
      whenOk: [required('result', anything)],
      whenNotOk: failureFields,
    },
  ],
  ['pong', { fields: [] }],
  ['error', { fields: [required('errorType', aString), required('errorMessage', aString)] }],
])

export const messageTypes: readonly string[] = [...messageKinds.keys()]

/**
 * Copy the known fields of `body` into a message, in the order they are written, values as they are.
 *
 * @param onFault - called for the first field that is absent or of the wrong type; must throw
 * @returns `{ type }` alone when the type is not one of ours
 */
export function validateMessage(
  body: Readonly<Record<string, unknown>>,
  onFault: (fault: MessageFault) => never,
): Message | UnknownMessage {
  const { type } = body
  if (typeof type !== 'string') return onFault({ field: 'type', value: type, expected: 'a string' })
  const message: Record<string, unknown> & UnknownMessage = { type }
  const kind = messageKinds.get(type)
  if (kind === undefined) return message
  copyFields(kind.fields, body, message, onFault)
  const further = message.ok === true ? kind.whenOk : kind.whenNotOk
  if (further !== undefined) copyFields(further, body, message, onFault)
  return message
}

/** A fault as a phrase: `callID must be a string, not 7`. */
export function describeFault({ field, value, expected }: MessageFault): string {
  return value === undefined ? `${field} is missing` : `${field} must be ${expected}, not ${describeValue(value)}`
}

function copyFields(
  fields: readonly Field[],
  body: Readonly<Record<string, unknown>>,
  message: Record<string, unknown>,
  onFault: (fault: MessageFault) => never,
): void {
  for (const { name, shape, isRequired } of fields) {
    const value = body[name]
    // `args` and `result` may be null, and on the way out undefined: it is the presence of the key that counts.
    if (value === undefined || value === null) {
      if (!isRequired) continue
      if (shape !== anything || !Object.hasOwn(body, name)) onFault({ field: name, value, expected: shape.expected })
    }
    const kept = shape.read(value)
    if (kept === undefined) onFault({ field: name, value, expected: shape.expected })
    message[name] = kept
  }
}

/** The failure fields of a cause; `undefined` when it or one in it has the wrong type. */
function readCause(value: unknown, depth: number): WireFailure | undefined {
  if (!isObject(value)) return undefined
  const failure: Record<string, unknown> = {}
  for (const { name, shape } of failureFields) {
    const field = value[name]
    if (field === undefined || field === null) continue
    if (shape === cause && depth === 1) continue
    const kept = shape === cause ? readCause(field, depth - 1) : shape.read(field)
    if (kept === undefined) return undefined
    failure[name] = kept
  }
  return failure
}

function required(name: string, shape: Shape): Field {
  return { name, shape, isRequired: true }
}

function optional(name: string, shape: Shape): Field {
  return { name, shape, isRequired: false }
}

function shapeOf(expected: string, isOne: (value: unknown) => boolean): Shape {
  return { expected, read: (value) => (isOne(value) ? value : undefined) }
}

export function isValueForm(value: unknown): value is ValueForm {
  return value === 'faithful' || value === 'json'
}

export function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

function isPart(value: unknown): boolean {
  return isObject(value) && typeof value.name === 'string' && typeof value.code === 'string'
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
