// Writes `vectors/v1/`: node protocol/generate-vectors-v1.mjs [folder]
//
// The frames of NEGOTIATED.md. Knows nothing of our codecs, so that neither can agree with itself: what stands on the wire and what it
// means are both written down here, side by side. Bodies are given as text wherever their exact bytes matter.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = process.argv[2] ?? fileURLToPath(new URL('vectors/v1', import.meta.url))
const cases = new Map()
const both = ['host', 'worker']

/** Messages without marks, all in one frame: they are what they mean. */
function canonical(name, direction, messages, more = {}) {
  add(name, { direction, ...more, frames: [messages], canonical: true }, [frameOf(bodyOf(messages))])
}

/** Frames as given (texts and bytes are bodies; `raw` goes in as it is) and what a reader makes of them. */
function wire(name, direction, frames, { maxFrameBytes, frames: meant = [], ...rest }) {
  add(
    name,
    { direction, ...(maxFrameBytes !== undefined && { maxFrameBytes }), frames: meant, ...rest },
    frames.map((frame) => frame.raw ?? frameOf(frame)),
  )
}

/** One frame that no reader takes. */
function malformed(name, directions, body) {
  for (const direction of [directions].flat()) wire(name, direction, [body], { error: 'MalformedFrame' })
}

/**
 * A value as the one argument of a call, and as a result.
 *
 * @param {{ wire: unknown, marks?: unknown[], parts?: Buffer[], meant: unknown, canonicalFrom?: string[], from?: string[] }} value
 *   `wire`: what stands in its place; `canonicalFrom`: who writes it in exactly this way
 */
function value(name, { wire: inPlace, marks = [], parts, meant, canonicalFrom = both, from = both }) {
  for (const direction of from) {
    const meaning = { direction, frames: [[direction === 'host' ? [1, 'f', [meant]] : [1, meant]]] }
    if (canonicalFrom.includes(direction)) meaning.canonical = true
    add(`value-${name}`, meaning, [frameOf(bodyOf([carrying(direction, inPlace, marks)], parts))])
  }
}

/** A value whose marks no reader takes. */
function badMarks(name, inPlace, marks, parts) {
  for (const direction of both) malformed(name, direction, bodyOf([carrying(direction, inPlace, marks)], parts))
}

/** The message that carries a value; the paths of `marks` begin at the value. */
function carrying(direction, inPlace, marks) {
  if (direction === 'worker') return marks.length === 0 ? [1, inPlace] : [1, inPlace, marks]
  const fromCall = marks.map((mark) => (Array.isArray(mark?.[0]) ? [[0, ...mark[0]], ...mark.slice(1)] : mark))
  return marks.length === 0 ? [1, 'f', [inPlace]] : [1, 'f', [inPlace], null, fromCall]
}

function add(name, meaning, frames) {
  const key = `${meaning.direction}-${name}`
  if (cases.has(key)) throw new Error(`two cases are named ${key}`)
  cases.set(key, { meaning, bytes: Buffer.concat(frames) })
}

function frameOf(body) {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body)
  return Buffer.concat([number(bytes.length), bytes])
}

/**
 * @param {unknown} messages an array, or a text, or MessagePack, or the number of a parcel
 * @param {(Buffer | number)[]} [parts] the attachments, or numbers of parcels; with none the body is bare JSON
 */
function bodyOf(messages, parts) {
  const isParcel = typeof messages === 'number'
  const isWritten = typeof messages === 'string' || Buffer.isBuffer(messages)
  const json = isParcel ? messages : Buffer.from(isWritten ? messages : JSON.stringify(messages))
  if (parts === undefined) return json
  const sizes = [...parts, json].map((part) => number(typeof part === 'number' ? 2 ** 31 + part : part.length))
  const contents = [json, ...parts].filter((part) => typeof part !== 'number')
  return Buffer.concat([Buffer.of(1), number(parts.length, 3), ...sizes, ...contents])
}

/** The first piece of a parcel, and a further one. */
const parcel = (id, size, data) => Buffer.concat([Buffer.of(2), number(id), number(0, 2), number(size, 6), data])
const piece = (id, data) => Buffer.concat([Buffer.of(3), number(id), data])

function number(count, bytes = 4) {
  const header = Buffer.alloc(bytes)
  header.writeUIntBE(count, 0, bytes)
  return header
}

const hexadecimal = (integer) => (integer < 0n ? `-0x${(-integer).toString(16)}` : `0x${integer.toString(16)}`)
const hex = (text) => Buffer.from(text, 'hex')
const array = (dtype, shape, data) => ({ $array: [dtype, shape, data] })

// --- messages -------------------------------------------------------------------------------------------------------

canonical('nothing', 'host', [])
canonical('ping', 'host', [['ping']])
canonical('call', 'host', [[1, 'add', [1, 2]]])
canonical('call-keywords', 'host', [[7, 'os.path.join', [], { a: [1, { b: null }], 'not a name': 'ü' }]])
canonical('call-options', 'host', [
  [1, 'f', [], null, null, { values: 'json' }],
  [2, 'f', [0], { k: 1 }, null, { values: 'faithful' }],
])
canonical('call-ids', 'host', [
  [0, 'f', []],
  [9007199254740991, 'f', [0]],
])
canonical('call-text', 'host', [
  [1, 'f', ['quotes " \\ and / — zwölf Boxkämpfer, 日本語, 👩‍💻, \u0000\u001f\u007f\u2028\n']],
])
canonical('call-numbers', 'host', [[1, 'f', [0, -1, 0.5, 9007199254740991, -9007199254740991, 1e21, -1.5e300, 5e-324]]])
canonical('call-plain', 'host', [[1, 'f', [[], {}, [null, true, false, '', []], { '': { '': 1 } }]]])
canonical('call-lookalikes', 'host', [[1, 'f', [{ __bytes__: true, b64: 'AAEC' }, [[0], 'map'], 'int', 'nan']]])
canonical('define', 'host', [['define', 'o1', { code: 'def add(a, b):\n\treturn a + b\n' }]])
canonical('define-full', 'host', [
  [
    'define',
    'o1',
    {
      code: 'a = 1\nb = "ü"',
      parts: [
        { name: 'a.py', code: 'a = 1' },
        { name: 'ünïcode/b.py', code: 'b = "ü"' },
      ],
      modules: ['json', '/srv/app/tools.py'],
      importPaths: ['/srv/app', 'C:\\app'],
      expose: ['add', 'mul'],
    },
  ],
])
canonical('joined', 'host', [['define', 'o1', { code: 'x = 1' }], [1, 'f', [1]], ['ping'], [2, 'f', ['two'], { k: 3 }]])
canonical('at-limit', 'host', [['ping']], { maxFrameBytes: 10 })

canonical('nothing', 'worker', [])
canonical('hello', 'worker', [['hello', {}]])
canonical('pong', 'worker', [['pong']])
canonical('result', 'worker', [[1, { sum: 3, items: [1, 2.5, 'ü', null, false, []] }]])
canonical('result-null', 'worker', [[9007199254740991, null]])
canonical('result-lookalikes', 'worker', [[1, [{ __bytes__: true, b64: 'AAEC' }, [[], 'map'], 'int']]])
canonical('failed', 'worker', [
  [
    'failed',
    1,
    {
      errorType: 'JSONDecodeError',
      errorMessage: 'not JSON',
      traceback: 'Traceback (most recent call last):\n…\n',
      errorQualname: 'json.decoder.JSONDecodeError',
      errorNotes: ['while reading the settings', 'ü'],
      errorCause: { errorType: 'KeyError', errorMessage: "'a'", errorNotes: [] },
    },
  ],
])
canonical('failed-bare', 'worker', [['failed', 0, {}]])
canonical('failed-kinds', 'worker', [
  ['failed', 1, { errorType: 'NameError', errorKind: 'function-not-found', candidates: ['add', 'mad'] }],
  ['failed', 2, { errorType: 'UnserializableError', errorKind: 'unserializable', errorPath: 'result.items[3].model' }],
  ['failed', 3, { errorType: 'FrameTooLargeError', errorKind: 'too-large', errorSize: 70000000, errorLimit: 67108864 }],
])
canonical('defined', 'worker', [['defined', 'o1']])
canonical('defined-failed', 'worker', [['defined', 'o1', { errorType: 'SyntaxError', errorMessage: 'invalid syntax' }]])
canonical('error', 'worker', [['error', 'UnknownMessageError', 'no message named "subscribe" is served here']])
canonical('joined', 'worker', [['hello', {}], [1, 1], ['pong'], [2, 'two'], ['failed', 3, {}]])
canonical('at-limit', 'worker', [['pong']], { maxFrameBytes: 10 })

wire('several-frames', 'host', ['[["ping"],["ping"]]', '[]', '[[1,"f",[]]]'], {
  frames: [[['ping'], ['ping']], [], [[1, 'f', []]]],
})
wire('several-frames', 'worker', ['[["hello",{}]]', '[]', '[[1,2],["pong"]]'], {
  frames: [[['hello', {}]], [], [[1, 2], ['pong']]],
})
wire('unknown-names', 'host', ['[["subscribe",1,[2]],["ping"],["hello",{}]]'], {
  frames: [[['subscribe'], ['ping'], ['hello']]],
})
wire('unknown-names', 'worker', ['[["progress",0.5],["pong"],["define","o1",{"code":""}]]'], {
  frames: [[['progress'], ['pong'], ['define']]],
})
wire(
  'more-elements',
  'host',
  ['[[1,"f",[2],{},[],{"more":1},"more"],["ping",1],["define","o1",{"code":"","more":1},{}]]'],
  {
    frames: [[[1, 'f', [2]], ['ping'], ['define', 'o1', { code: '' }]]],
  },
)
wire('more-elements', 'worker', ['[[1,2,[],{}],["pong",[]],["failed",1,{"more":1},2],["error","E","m",3]]'], {
  frames: [[[1, 2], ['pong'], ['failed', 1, {}], ['error', 'E', 'm']]],
})
wire('null-for-absent', 'host', ['[[1,"f",[2],null,null],["define","o1",{"code":"","parts":null,"expose":null}]]'], {
  frames: [
    [
      [1, 'f', [2]],
      ['define', 'o1', { code: '' }],
    ],
  ],
})
wire('null-for-absent', 'worker', ['[[1,null,null],["defined","o1",null],["failed",1,{"traceback":null}]]'], {
  frames: [
    [
      [1, null],
      ['defined', 'o1'],
      ['failed', 1, {}],
    ],
  ],
})
wire('white-space-inside', 'host', ['[ [ 1 ,\t"f", [ 2 ]\r\n] ]'], { frames: [[[1, 'f', [2]]]] })
wire('white-space-inside', 'worker', ['[ [ 1 ,\t[ 2 ]\r\n] ]'], { frames: [[[1, [2]]]] })
wire('ascii-escapes', 'host', ['[[1,"\\u0066",["\\ud83d\\ude00 \\u00fc \\/"]]]'], { frames: [[[1, 'f', ['😀 ü /']]]] })
wire('ascii-escapes', 'worker', ['[[1,"\\ud83d\\ude00 \\u00fc \\/"]]'], { frames: [[[1, '😀 ü /']]] })
wire('proto-key', 'host', ['[[1,"f",[{"__proto__":{"x":1},"constructor":2}],{"__proto__":3}]]'], {
  frames: [[[1, 'f', [JSON.parse('{"__proto__":{"x":1},"constructor":2}')], JSON.parse('{"__proto__":3}')]]],
})
wire('proto-key', 'worker', ['[[1,{"__proto__":[1],"toJSON":2}]]'], {
  frames: [[[1, JSON.parse('{"__proto__":[1],"toJSON":2}')]]],
})
wire('integers-in-text', 'host', ['[[1,"f",["[12345678901234567890, \\" 1]",{"x,12345678901234567890,":1}]]]'], {
  frames: [[[1, 'f', ['[12345678901234567890, " 1]', { 'x,12345678901234567890,': 1 }]]]],
})
wire('integers-in-text', 'worker', ['[[1,["[12345678901234567890, \\" 1]",{"x,12345678901234567890,":1}]]]'], {
  frames: [[[1, ['[12345678901234567890, " 1]', { 'x,12345678901234567890,': 1 }]]]],
})
// Written with a fraction or an exponent, each is a float, whatever its size.
wire('floats', 'host', ['[[1,"f",[1.0,1e0,12345678901234567890.0,1E+16,-1.5e-07,0.1234567890123456,-0.0]]]'], {
  frames: [
    [
      [
        1,
        'f',
        [{ $float: '1' }, { $float: '1' }, { $float: '12345678901234567000' }, { $float: '10000000000000000' }].concat([
          -1.5e-7,
          0.1234567890123456,
          { $float: '-0' },
        ]),
      ],
    ],
  ],
})
wire('floats', 'worker', ['[[1,[1.0,1e0,12345678901234567890.0,1E+16,-1.5e-07,0.1234567890123456,-0.0]]]'], {
  frames: [
    [
      [
        1,
        [{ $float: '1' }, { $float: '1' }, { $float: '12345678901234567000' }, { $float: '10000000000000000' }].concat([
          -1.5e-7,
          0.1234567890123456,
          { $float: '-0' },
        ]),
      ],
    ],
  ],
})

// --- values and their marks -----------------------------------------------------------------------------------------

value('int', { wire: '9007199254740992', marks: [[[], 'int']], meant: { $int: '9007199254740992' } })
value('ints', {
  wire: ['-9007199254740992', 5, `1${'0'.repeat(400)}`],
  marks: [
    [[0], 'int'],
    [[2], 'int'],
  ],
  meant: [{ $int: '-9007199254740992' }, 5, { $int: `1${'0'.repeat(400)}` }],
})
// The last decimal one, and the first that is not.
for (const [name, write] of [
  ['most', String],
  ['more', hexadecimal],
]) {
  const least = (1n << 2048n) - (name === 'most' ? 1n : 0n)
  for (const [sign, integer] of [
    ['', least],
    ['-negative', -least],
  ]) {
    value(`int-of-${name}-digits${sign}`, {
      wire: write(integer),
      marks: [[[], 'int']],
      meant: { $int: String(integer) },
    })
  }
}
value('int-of-many-digits', {
  wire: hexadecimal(BigInt('7'.repeat(6000))),
  marks: [[[], 'int']],
  meant: { $int: '7'.repeat(6000) },
})
value('floats-not-finite', {
  wire: ['nan', 'inf', '-inf', 1.5],
  marks: [
    [[0], 'float'],
    [[1], 'float'],
    [[2], 'float'],
  ],
  meant: [{ $float: 'nan' }, { $float: 'inf' }, { $float: '-inf' }, 1.5],
})
// Python writes `-0.0` and `9007199254740994.0`, which JSON has.
value('float-minus-zero', { wire: '-0', marks: [[[], 'float']], meant: { $float: '-0' }, canonicalFrom: ['host'] })
value('floats-beyond-safe', {
  wire: ['9007199254740992', '-100000000000000000000'],
  marks: [
    [[0], 'float'],
    [[1], 'float'],
  ],
  meant: [{ $float: '9007199254740992' }, { $float: '-100000000000000000000' }],
  canonicalFrom: ['host'],
})
value('map', {
  wire: [
    [1, 'a'],
    ['b', null],
    [true, [2]],
  ],
  marks: [[[], 'map']],
  meant: {
    $map: [
      [1, 'a'],
      ['b', null],
      [true, [2]],
    ],
  },
  // In Python 1 and True are the same key.
  from: ['worker'],
})
value('map-of-integers', {
  wire: [
    [1, 'a'],
    [2, { b: 3 }],
  ],
  marks: [[[], 'map']],
  meant: {
    $map: [
      [1, 'a'],
      [2, { b: 3 }],
    ],
  },
})
value('map-of-strings', { wire: [['a', 1]], marks: [[[], 'map']], meant: { $map: [['a', 1]] }, canonicalFrom: [] })
value('map-empty', { wire: [], marks: [[[], 'map']], meant: { $map: [] }, canonicalFrom: [] })
value('map-of-array-keys', {
  wire: [
    [[1, [2, 'x']], 'a'],
    [[], 'b'],
  ],
  marks: [[[], 'map']],
  meant: {
    $map: [
      [[1, [2, 'x']], 'a'],
      [[], 'b'],
    ],
  },
})
value('set', { wire: [1, 2, 3], marks: [[[], 'set']], meant: { $set: [1, 2, 3] } })
value('set-empty', { wire: [], marks: [[[], 'set']], meant: { $set: [] } })
value('set-of-arrays', { wire: [[1, ['a']]], marks: [[[], 'set']], meant: { $set: [[1, ['a']]] } })
value('date', { wire: 1709210096789, marks: [[[], 'date']], meant: { $date: 1709210096789 } })
value('dates', {
  wire: { epoch: 0, before: -1, first: -62135596800000, last: 253402300799999 },
  marks: [
    [['epoch'], 'date'],
    [['before'], 'date'],
    [['first'], 'date'],
    [['last'], 'date'],
  ],
  meant: {
    epoch: { $date: 0 },
    before: { $date: -1 },
    first: { $date: -62135596800000 },
    last: { $date: 253402300799999 },
  },
})
value('bytes', { wire: 0, marks: [[[], 'bytes']], parts: [hex('000102ff')], meant: { $bytes: '000102ff' } })
value('bytes-empty', { wire: 0, marks: [[[], 'bytes']], parts: [hex('')], meant: { $bytes: '' } })
value('bytes-several', {
  wire: { a: 0, b: [1, 'x', 2] },
  marks: [
    [['a'], 'bytes'],
    [['b', 0], 'bytes'],
    [['b', 2], 'bytes'],
  ],
  parts: [hex('5b'), hex(''), hex('5d00')],
  meant: { a: { $bytes: '5b' }, b: [{ $bytes: '' }, 'x', { $bytes: '5d00' }] },
})
value('bytes-other-order', {
  wire: [1, 0],
  marks: [
    [[1], 'bytes'],
    [[0], 'bytes'],
  ],
  parts: [hex('00'), hex('11')],
  meant: [{ $bytes: '11' }, { $bytes: '00' }],
  canonicalFrom: [],
})
for (const [name, dtype, shape, data] of [
  ['b1', '|b1', [2], '0100'],
  ['i1', '|i1', [2], '80ff'],
  ['u1', '|u1', [3], '0080ff'],
  ['i2', '<i2', [2], '01000080'],
  ['u2', '<u2', [2], '0100ffff'],
  ['i4', '<i4', [2], '0100000000000080'],
  ['u4', '<u4', [2], '01000000ffffffff'],
  ['i8', '<i8', [2], '01000000000000000000000000000080'],
  ['u8', '<u8', [1], 'ffffffffffffffff'],
  ['f2', '<f2', [2], '003c00fc'],
  ['f4', '<f4', [2], '0000c03f0000807f'],
  ['f8', '<f8', [2], '000000000000f83f0000000000000080'],
  ['c8', '<c8', [1], '0000803f00000040'],
  ['c16', '<c16', [1], '000000000000f03f0000000000000040'],
  ['datetimes', '<M8[ms]', [2], '15d8ae318e0100000000000000000080'],
  ['timedeltas', '<m8[D]', [1], 'ffffffffffffffff'],
  ['nanoseconds', '<M8[ns]', [1], '0100000000000000'],
  ['matrix', '<i2', [2, 3], '010002000300040005000600'],
  ['cube', '|u1', [2, 1, 2], '01020304'],
  ['empty', '<f8', [0], ''],
  ['no-rows', '<i4', [0, 3], ''],
  ['no-dimension', '<f4', [], '0000803f'],
]) {
  value(`array-${name}`, {
    wire: [0, dtype, shape],
    marks: [[[], 'array']],
    parts: [hex(data)],
    meant: array(dtype, shape, data),
  })
}
value('nested', {
  wire: {
    maps: [
      [1, [[2, ['9007199254740993', 'nan']]]],
      [[3, 4], { when: 5 }],
    ],
    set: [0],
    both: [1, [1, '<i2', [1]]],
  },
  marks: [
    [['maps', 0, 1, 0, 1, 0], 'int'],
    [['maps', 0, 1, 0, 1, 1], 'float'],
    [['maps', 0, 1], 'map'],
    [['maps', 1, 1, 'when'], 'date'],
    [['maps'], 'map'],
    [['set', 0], 'bytes'],
    [['set'], 'set'],
    [['both', 1], 'array'],
  ],
  parts: [hex('c0ffee'), hex('0100')],
  meant: {
    maps: {
      $map: [
        [1, { $map: [[2, [{ $int: '9007199254740993' }, { $float: 'nan' }]]] }],
        [[3, 4], { when: { $date: 5 } }],
      ],
    },
    set: { $set: [{ $bytes: 'c0ffee' }] },
    both: [1, array('<i2', [1], '0100')],
  },
})
value('marked-keys', {
  wire: [
    ['9007199254740993', 'a'],
    [7, 'b'],
    [[8, '9007199254740994'], 'c'],
  ],
  marks: [
    [[0, 0], 'int'],
    [[1, 0], 'date'],
    [[2, 0, 1], 'int'],
    [[], 'map'],
  ],
  meant: {
    $map: [
      [{ $int: '9007199254740993' }, 'a'],
      [{ $date: 7 }, 'b'],
      [[8, { $int: '9007199254740994' }], 'c'],
    ],
  },
})
value('odd-keys', {
  wire: { '': 1, 'a key': { 0: 2 }, constructor: 3 },
  marks: [
    [[''], 'date'],
    [['a key', '0'], 'date'],
    [['constructor'], 'date'],
  ],
  meant: { '': { $date: 1 }, 'a key': { 0: { $date: 2 } }, constructor: { $date: 3 } },
})
value('no-marks', { wire: [1], marks: [], meant: [1] })
value('order-of-marks', {
  wire: [[1, 2], 3],
  marks: [
    [[1], 'date'],
    [[0], 'set'],
  ],
  meant: [{ $set: [1, 2] }, { $date: 3 }],
  canonicalFrom: [],
})
value('deep', { wire: nest(512), meant: nest(512) })

function nest(depth) {
  let inner = []
  for (let level = 1; level < depth; level += 1) inner = [inner]
  return inner
}

// What pyarrow 21 writes for `pyarrow.table({"n": pyarrow.array([1, 2], pyarrow.int16())})`.
const stream =
  'ffffffff780000001000000000000a000c000600050008000a000000000104000c000000080008000000040008000000040000000100000014000000' +
  '100014000800060007000c00000010001000000000000102100000001c0000000400000000000000010000006e00000008000c000800070008000000' +
  '0000000110000000ffffffff8800000014000000000000000c0016000600050008000c000c0000000003040018000000080000000000000000000a00' +
  '18000c00040008000a0000003c0000001000000002000000000000000000000002000000000000000000000000000000000000000000000000000000' +
  '04000000000000000000000001000000020000000000000000000000000000000100020000000000ffffffff00000000'
value('arrow', {
  wire: 0,
  marks: [[[], 'arrow']],
  parts: [hex(stream)],
  meant: { $arrow: stream },
  canonicalFrom: ['host'],
})
value('arrow-inside', {
  wire: { tables: [0, [1]] },
  marks: [
    [['tables', 0], 'arrow'],
    [['tables', 1], 'set'],
  ],
  parts: [hex(stream)],
  meant: { tables: [{ $arrow: stream }, { $set: [1] }] },
  canonicalFrom: ['host'],
})
// Who does not know the name of a codec takes what stands there.
value('codec-unknown', {
  wire: { amount: 5, currency: 'EUR' },
  marks: [[[], ['codec', 'money']]],
  meant: { amount: 5, currency: 'EUR' },
  canonicalFrom: [],
})
value('codecs-unknown', {
  wire: { day: 5, list: [[2], 0] },
  marks: [
    [['day'], 'date'],
    [['day'], ['codec', 'day']],
    [['list', 0], 'set'],
    [
      ['list', 0],
      ['codec', 'first'],
    ],
    [
      ['list', 0],
      ['codec', 'second'],
    ],
    [['list', 1], 'bytes'],
    [['list'], ['codec', 'ü']],
  ],
  parts: [hex('00')],
  meant: { day: { $date: 5 }, list: [{ $set: [2] }, { $bytes: '00' }] },
  canonicalFrom: [],
})

// Arguments have two roots: a number leads into the positional ones, a name into the keywords.
add(
  'marked-arguments',
  {
    direction: 'host',
    frames: [[[1, 'f', [0, { $date: 1 }], { 0: { $set: [2] }, k: [{ $int: '-9007199254740993' }] }]]],
    canonical: true,
  },
  [
    frameOf(
      bodyOf([
        [
          1,
          'f',
          [0, 1],
          { 0: [2], k: ['-9007199254740993'] },
          [
            [[1], 'date'],
            [['0'], 'set'],
            [['k', 0], 'int'],
          ],
        ],
      ]),
    ),
  ],
)
// The attachments of a frame are numbered for all its messages together.
wire(
  'attachments-of-several',
  'host',
  [
    bodyOf('[[1,"f",[0],null,[[[0],"bytes"]]],["ping"],[2,"f",[],{"k":1},[[["k"],"bytes"]]]]', [
      hex('aa'),
      hex('bbbb'),
    ]),
  ],
  {
    frames: [[[1, 'f', [{ $bytes: 'aa' }]], ['ping'], [2, 'f', [], { k: { $bytes: 'bbbb' } }]]],
  },
)
wire(
  'attachments-of-several',
  'worker',
  [bodyOf('[[1,1,[[[],"bytes"]]],["pong"],[2,[0],[[[0],"bytes"]]]]', [hex('aa'), hex('bbbb')])],
  {
    frames: [[[1, { $bytes: 'bbbb' }], ['pong'], [2, [{ $bytes: 'aa' }]]]],
  },
)
wire('attachments-none', 'host', [bodyOf([['ping']], [])], { frames: [[['ping']]] })
wire('attachments-none', 'worker', [bodyOf([['pong']], [])], { frames: [[['pong']]] })
// What JavaScript has and Python has not fails the call.
for (const [name, inPlace, marks] of [
  ['set-of-objects', [{}], [[[0], 'set']]],
  [
    'set-of-sets',
    [[1]],
    [
      [[0, 0], 'set'],
      [[0], 'set'],
    ],
  ],
  ['map-of-object-keys', [[{}, 1]], [[[0], 'map']]],
  ['map-of-unhashable-tuples', [[[[{}]], 1]], [[[0], 'map']]],
  ['date-of-year-10000', 253402300800000, [[[0], 'date']]],
  ['date-before-year-1', -62135596800001, [[[0], 'date']]],
  ['date-farthest', 8640000000000000, [[[0], 'date']]],
]) {
  wire(
    `unreadable-${name}`,
    'host',
    [
      bodyOf([
        [1, 'f', [inPlace], null, marks],
        [2, 'f', ['still served']],
      ]),
    ],
    {
      frames: [
        [
          [1, 'f'],
          [2, 'f', ['still served']],
        ],
      ],
      unreadable: { 0: 'args[0]' },
    },
  )
}
wire('unreadable-arrow', 'host', [bodyOf('[[1,"f",[0],null,[[[0],"arrow"]]]]', [hex('6e6f6e65')])], {
  frames: [[[1, 'f']]],
  unreadable: { 0: 'args[0]' },
})
wire('unreadable-keyword', 'host', ['[[1,"f",[],{"a key":[[{}]]},[[["a key",0],"set"]]]]'], {
  frames: [[[1, 'f']]],
  unreadable: { 0: 'kwargs["a key"][0]' },
})

// --- malformed: frames ----------------------------------------------------------------------------------------------

malformed('empty-body', both, '')
malformed('base-message', 'host', '{"type":"ping"}')
malformed('base-message', 'worker', '{"type":"pong"}')
malformed('first-byte-0', both, Buffer.of(0, 0x5b, 0x5d))
malformed('first-byte-2', both, Buffer.of(2, 0, 0, 0, 0, 0, 0, 2, 0x5b, 0x5d))
malformed('first-byte-255', both, Buffer.of(255))
malformed('white-space-before', both, ' []')
malformed('line-break-before', both, '\n[]')
malformed('byte-order-mark', both, '\ufeff[]')
malformed('json-string', both, '"ping"')
malformed('not-json', both, '[hello]')
malformed('unfinished', both, '[["ping"]')
malformed('trailing-comma', both, '[["ping"],]')
malformed('two-arrays', both, '[][]')
malformed('not-utf-8', both, Buffer.from('[["\xff"]]', 'latin1'))
malformed('utf-8-cut', both, Buffer.from('[["\xe2\x82"]]', 'latin1'))
malformed('utf-8-overlong', both, Buffer.from('[["\xc0\xaf"]]', 'latin1'))
malformed('utf-8-surrogate', both, Buffer.from('[["\xed\xa0\x80"]]', 'latin1'))
malformed('raw-control-character', both, '[["a\nb"]]')
// Parcels: pieces stand for nothing by themselves, and the message that names them is what it would be with all in its frame.
for (const direction of both) {
  const message = carrying(direction, 0, [[[], 'bytes']])
  const meant = (bytes) => [direction === 'host' ? [1, 'f', [{ $bytes: bytes }]] : [1, { $bytes: bytes }]]
  const other = direction === 'host' ? ['ping'] : ['pong']
  const sent = (name, frames, expected) => wire(`parcel-${name}`, direction, frames, { frames: expected })
  sent('whole', [parcel(0, 3, hex('aabbcc')), bodyOf([message], [0])], [meant('aabbcc')])
  sent('empty', [parcel(0, 0, hex('')), bodyOf([message], [0])], [meant('')])
  sent(
    'pieces',
    [parcel(7, 5, hex('aa')), piece(7, hex('bbcc')), piece(7, hex('ddee')), bodyOf([message], [7])],
    [meant('aabbccddee')],
  )
  sent(
    'between',
    [parcel(0, 2, hex('aa')), bodyOf([other]), piece(0, hex('bb')), bodyOf([other, message], [0])],
    [[other], [other, ...meant('aabb')]],
  )
  sent(
    'two-at-once',
    [
      parcel(1, 2, hex('aa')),
      parcel(2, 2, hex('cc')),
      piece(1, hex('bb')),
      piece(2, hex('dd')),
      bodyOf([message], [2]),
    ],
    [meant('ccdd')],
  )
  sent(
    'id-again',
    [parcel(0, 1, hex('aa')), bodyOf([message], [0]), parcel(0, 1, hex('bb')), bodyOf([message], [0])],
    [meant('aa'), meant('bb')],
  )
  sent('id-largest', [parcel(2 ** 31 - 1, 1, hex('aa')), bodyOf([message], [2 ** 31 - 1])], [meant('aa')])
  const two = carrying(
    direction,
    [0, 1],
    [
      [[0], 'bytes'],
      [[1], 'bytes'],
    ],
  )
  const meantTwo = [{ $bytes: 'aa' }, { $bytes: 'bb' }]
  sent(
    'beside-one-in-the-frame',
    [parcel(0, 1, hex('bb')), bodyOf([two], [hex('aa'), 0])],
    [[direction === 'host' ? [1, 'f', [meantTwo]] : [1, meantTwo]]],
  )
  const text = Buffer.from(JSON.stringify([carrying(direction, 'text', [])]))
  const texts = [direction === 'host' ? [1, 'f', ['text']] : [1, 'text']]
  sent('text', [parcel(0, text.length, text), bodyOf(0, [])], [texts])
  sent(
    'text-in-pieces',
    [parcel(0, text.length, text.subarray(0, 4)), piece(0, text.subarray(4)), bodyOf(0, [])],
    [texts],
  )
  const marked = Buffer.from(JSON.stringify([message]))
  sent('text-and-bytes', [parcel(0, marked.length, marked), parcel(1, 1, hex('aa')), bodyOf(0, [1])], [meant('aa')])
  sent(
    'given-up',
    [parcel(0, 9, hex('aa')), piece(0, hex('bb')), piece(0, hex('')), parcel(0, 1, hex('cc')), bodyOf([message], [0])],
    [meant('cc')],
  )
  sent(
    'given-up-when-whole',
    [parcel(0, 1, hex('aa')), parcel(1, 0, hex('')), piece(0, hex('')), piece(1, hex('')), bodyOf([other])],
    [[other]],
  )
  sent('never-named', [parcel(0, 2, hex('aabb')), bodyOf([other])], [[other]])
  sent('not-whole-at-the-end', [bodyOf([other]), parcel(0, 2, hex('aa'))], [[other]])

  const bad = (name, frames) => wire(`parcel-${name}`, direction, frames, { error: 'MalformedFrame' })
  bad('unknown', [bodyOf([message], [0])])
  bad('text-unknown', [bodyOf(0, [])])
  bad('not-whole', [parcel(0, 2, hex('aa')), bodyOf([message], [0])])
  bad('twice-in-a-frame', [parcel(0, 1, hex('aa')), bodyOf([two], [0, 0])])
  bad('piece-without-a-first', [piece(0, hex('aa'))])
  bad('piece-beyond', [parcel(0, 2, hex('aa')), piece(0, hex('bbcc'))])
  bad('first-piece-beyond', [parcel(0, 0, hex('aa'))])
  bad('given-up-and-named', [parcel(0, 1, hex('aa')), piece(0, hex('')), bodyOf([message], [0])])
  bad('given-up-without-a-first', [piece(0, hex(''))])
  bad('given-up-twice', [parcel(0, 2, hex('aa')), piece(0, hex('')), piece(0, hex(''))])
  bad('piece-after-it-was-given-up', [parcel(0, 2, hex('aa')), piece(0, hex('')), piece(0, hex('bb'))])
  bad('first-piece-empty', [parcel(0, 1, hex(''))])
  bad('second-of-an-id', [parcel(0, 1, hex('aa')), parcel(0, 1, hex('aa'))])
  bad('head-cut', [parcel(0, 0, hex('')).subarray(0, 12)])
  bad('piece-head-cut', [piece(0, hex('')).subarray(0, 4)])
  bad('id-too-large', [parcel(2 ** 31, 1, hex('aa'))])
  bad('size-beyond-all', [Buffer.concat([parcel(0, 0, hex('')).subarray(0, 5), hex('ffffffffffffffff'), hex('aa')])])
  bad('text-no-array', [parcel(0, 2, Buffer.from('{}')), bodyOf(0, [])])
  bad('unnamed-by-a-mark', [parcel(0, 1, hex('aa')), bodyOf([other], [0])])
  wire('parcel-piece-cut', direction, [{ raw: frameOf(parcel(0, 9, hex('aabbcc'))).subarray(0, -1) }], {
    error: 'TruncatedFrame',
  })
  wire('parcel-over-the-limit', direction, [parcel(0, 9, hex('aabbccdd'))], {
    maxFrameBytes: 16,
    error: 'FrameTooLarge',
  })
}

malformed('attachments-head-cut', both, Buffer.of(1, 0, 0))
malformed('attachments-sizes-cut', both, Buffer.of(1, 0, 0, 2, 0, 0, 0, 0, 0, 0))
malformed('attachments-json-size-cut', both, Buffer.of(1, 0, 0, 0, 0, 0, 0))
malformed('attachments-json-cut', both, Buffer.of(1, 0, 0, 0, 0, 0, 0, 3, 0x5b, 0x5d))
malformed('attachments-cut', both, bodyOf('[]', [hex('aabb')]).subarray(0, -1))
malformed('attachments-more', both, Buffer.concat([bodyOf('[]', []), hex('00')]))
malformed('attachments-many', both, Buffer.of(1, 0xff, 0xff, 0xff, 0, 0, 0, 2, 0x5b, 0x5d))
malformed('attachments-huge', both, Buffer.of(1, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 2, 0x5b, 0x5d))
malformed('attachments-json-huge', both, Buffer.of(1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x5b, 0x5d))
malformed('attachments-json-empty', both, bodyOf('', []))
malformed('attachments-json-object', both, bodyOf('{}', []))
malformed('attachments-white-space-before', both, bodyOf(' []', []))

wire('end-of-input', 'host', [], {})
wire('end-of-input', 'worker', [], {})
wire('over-limit', 'host', ['[["ping"]]'], { maxFrameBytes: 9, error: 'FrameTooLarge' })
wire('over-limit', 'worker', ['[["pong"]]'], { maxFrameBytes: 9, error: 'FrameTooLarge' })
wire('over-limit-after-good', 'host', ['[["ping"]]', '[["ping"],["ping"]]'], {
  maxFrameBytes: 18,
  frames: [[['ping']]],
  error: 'FrameTooLarge',
})
wire('length-4-gib', 'host', [{ raw: hex('ffffffff5b') }], { error: 'FrameTooLarge' })
wire('length-4-gib', 'worker', ['[]', { raw: hex('ffffffff01') }], { frames: [[]], error: 'FrameTooLarge' })
wire('print-in-channel', 'worker', [{ raw: Buffer.from('hello, world\n') }], { error: 'FrameTooLarge' })
wire('cut-in-length', 'host', ['[["ping"]]', { raw: hex('0000') }], { frames: [[['ping']]], error: 'TruncatedFrame' })
wire('cut-in-length', 'worker', [{ raw: hex('00') }], { error: 'TruncatedFrame' })
wire('cut-in-body', 'host', [{ raw: frameOf('[["ping"]]').subarray(0, -1) }], { error: 'TruncatedFrame' })
wire('cut-in-body', 'worker', ['[["pong"]]', { raw: frameOf(bodyOf('[]', [hex('aa')])).subarray(0, -1) }], {
  frames: [[['pong']]],
  error: 'TruncatedFrame',
})
// No message of a malformed frame counts, and nothing after it is read.
wire('malformed-after-good', 'host', ['[["ping"]]', '[["ping"],7]', '[["ping"]]'], {
  frames: [[['ping']]],
  error: 'MalformedFrame',
})
wire('malformed-after-good', 'worker', ['[["pong"]]', '[["pong"],7]', '[["pong"]]'], {
  frames: [[['pong']]],
  error: 'MalformedFrame',
})

// --- malformed: messages --------------------------------------------------------------------------------------------

for (const [name, message] of [
  ['message-number', 5],
  ['message-string', 'ping'],
  ['message-null', null],
  ['message-object', {}],
  ['message-empty', []],
  ['message-head-null', [null]],
  ['message-head-boolean', [true, 'f', []]],
  ['message-head-array', [[1], 'f', []]],
  ['message-head-object', [{}, 'f', []]],
  ['id-fraction', [1.5, 'f', []]],
  ['id-negative', [-1, 'f', []]],
]) {
  malformed(name, both, JSON.stringify([message]))
}
malformed('id-unsafe', both, '[[9007199254740992,"f",[]]]')
for (const [name, message] of [
  ['call-id-alone', [1]],
  ['call-no-args', [1, 'f']],
  ['call-func-number', [1, 2, []]],
  ['call-func-null', [1, null, []]],
  ['call-args-null', [1, 'f', null]],
  ['call-args-object', [1, 'f', {}]],
  ['call-kwargs-array', [1, 'f', [], []]],
  ['call-kwargs-string', [1, 'f', [], 'k']],
  ['call-marks-object', [1, 'f', [], {}, {}]],
  ['call-marks-true', [1, 'f', [], null, true]],
  ['define-alone', ['define']],
  ['define-no-fields', ['define', 'o1']],
  ['define-id-number', ['define', 1, { code: '' }]],
  ['define-fields-null', ['define', 'o1', null]],
  ['define-fields-array', ['define', 'o1', []]],
  ['define-no-code', ['define', 'o1', {}]],
  ['define-code-null', ['define', 'o1', { code: null }]],
  ['define-parts-object', ['define', 'o1', { code: '', parts: {} }]],
  ['define-part-no-name', ['define', 'o1', { code: '', parts: [{ code: '' }] }]],
  ['define-modules-numbers', ['define', 'o1', { code: '', modules: [1] }]],
  ['define-expose-other', ['define', 'o1', { code: '', expose: 'some' }]],
]) {
  malformed(name, 'host', JSON.stringify([message]))
}
for (const [name, message] of [
  ['hello-alone', ['hello']],
  ['hello-null', ['hello', null]],
  ['hello-array', ['hello', []]],
  ['result-missing', [1]],
  ['result-marks-object', [1, 2, {}]],
  ['failed-alone', ['failed']],
  ['failed-no-failure', ['failed', 1]],
  ['failed-id-text', ['failed', '1', {}]],
  ['failed-id-negative', ['failed', -1, {}]],
  ['failed-failure-null', ['failed', 1, null]],
  ['failed-failure-text', ['failed', 1, 'ValueError']],
  ['failed-message-number', ['failed', 1, { errorMessage: 1 }]],
  ['failed-notes-string', ['failed', 1, { errorNotes: 'x' }]],
  ['failed-cause-string', ['failed', 1, { errorCause: 'x' }]],
  ['defined-alone', ['defined']],
  ['defined-id-number', ['defined', 1]],
  ['defined-failure-text', ['defined', 'o1', 'x']],
  ['defined-failure-fields', ['defined', 'o1', { traceback: [] }]],
  ['error-no-message', ['error', 'E']],
  ['error-type-number', ['error', 1, 'm']],
]) {
  malformed(name, 'worker', JSON.stringify([message]))
}

// --- malformed: values ----------------------------------------------------------------------------------------------

for (const [name, text] of [
  ['integer-unsafe', '9007199254740992'],
  ['integer-unsafe-negative', '-9007199254740992'],
  ['integer-unsafe-nested', '{"a":[{"b c":1},12345678901234567890]}'],
  ['integer-unsafe-after-text', '["say \\"12345678901234567890",[12345678901234567890]]'],
  ['bare-nan', 'NaN'],
  ['bare-infinity', '[Infinity]'],
  ['bare-minus-infinity', '{"x":-Infinity}'],
  ['leading-zero', '01'],
]) {
  malformed(name, 'host', `[[1,"f",[${text}]]]`)
  malformed(name, 'worker', `[[1,${text}]]`)
}
malformed('integer-unsafe-keyword', 'host', '[[1,"f",[],{"k":9007199254740992}]]')

badMarks('mark-null', 1, [null])
badMarks('mark-empty', 1, [[]])
badMarks('mark-no-kind', 1, [[[]]])
badMarks('mark-kind-unknown', 1, [[[], 'complex']])
badMarks('mark-kind-number', 1, [[[], 1]])
badMarks('mark-kind-inherited', 1, [[[], 'constructor']])
malformed('call-options-array', 'host', '[[1,"f",[],null,null,["json"]]]')
malformed('call-options-text', 'host', '[[1,"f",[],null,null,"json"]]')
malformed('call-values-unknown', 'host', '[[1,"f",[],null,null,{"values":"xml"}]]')
malformed('call-values-boolean', 'host', '[[1,"f",[],null,null,{"values":true}]]')
badMarks('mark-kind-empty-array', 1, [[[], []]])
badMarks('mark-kind-array', 1, [[[], ['date']]])
badMarks('mark-kind-other-array', 1, [[[], ['kodec', 'money']]])
badMarks('codec-no-name', 1, [[[], ['codec']]])
badMarks('codec-name-number', 1, [[[], ['codec', 1]]])
badMarks('codec-name-twice', 1, [[[], ['codec', 'money', 'money']]])
badMarks('codec-nowhere', 1, [[[0], ['codec', 'money']]])
badMarks('codec-before-date', 5, [
  [[], ['codec', 'day']],
  [[], 'date'],
])
badMarks('codec-before-what-is-inside', { a: { b: 5 } }, [
  [['a'], ['codec', 'day']],
  [['a', 'b'], 'date'],
])
badMarks(
  'codec-twice-apart',
  [1, 5],
  [
    [[0], 'date'],
    [[1], 'date'],
    [
      [0, 0],
      ['codec', 'day'],
    ],
  ],
)
badMarks('mark-path-null', 1, [[null, 'date']])
badMarks('mark-path-text', { a: 1 }, [['a', 'date']])
badMarks('mark-path-boolean', [1, 2], [[[true], 'date']])
badMarks('mark-path-fraction', [1, 2], [[[0.5], 'date']])
badMarks('mark-path-array', [1, 2], [[[[0]], 'date']])
badMarks('mark-path-negative', [1, 2], [[[-1], 'date']])
badMarks('mark-path-beyond', [1, 2], [[[2], 'date']])
badMarks('mark-path-text-in-array', [1, 2], [[['0'], 'date']])
badMarks('mark-path-length', [1, 2], [[['length'], 'date']])
badMarks('mark-path-number-in-object', { 0: 1 }, [[[0], 'date']])
badMarks('mark-path-no-key', { a: 1 }, [[['b'], 'date']])
badMarks('mark-path-inherited', { a: 1 }, [[['constructor', 'length'], 'date']])
badMarks('mark-path-proto', { a: 1 }, [[['__proto__'], 'map']])
badMarks('mark-path-through-number', [1], [[[0, 0], 'date']])
badMarks('mark-path-through-text', ['12'], [[[0, 0], 'int']])
badMarks('mark-path-through-null', [null], [[[0, 'a'], 'date']])
badMarks(
  'mark-twice',
  [1],
  [
    [[], 'set'],
    [[], 'set'],
  ],
)
badMarks('mark-twice-scalar', '5', [
  [[], 'int'],
  [[], 'int'],
])
badMarks(
  'mark-outside-first',
  [[1, 2]],
  [
    [[], 'map'],
    [[0, 1], 'date'],
  ],
)
badMarks(
  'mark-outside-first-set',
  ['5'],
  [
    [[], 'set'],
    [[0], 'int'],
  ],
)
malformed('mark-no-root', 'host', '[[1,"f",[[]],null,[[[],"set"]]]]')
malformed('mark-no-argument', 'host', '[[1,"f",[1],null,[[[1],"date"]]]]')
malformed('mark-no-keyword', 'host', '[[1,"f",[1],{"k":1},[[["l"],"date"]]]]')
malformed('mark-keyword-without-any', 'host', '[[1,"f",[1],null,[[["k"],"date"]]]]')
for (const [index, text] of [
  '',
  '0',
  '-0',
  '007',
  '+1',
  '1.5',
  '1e5',
  ' 1',
  '1 ',
  '1f',
  '1_000',
  '٣',
  'nan',
  '-',
].entries()) {
  badMarks(`int-text-${index}`, text, [[[], 'int']])
}
for (const [index, text] of [
  '1'.repeat(641),
  '0x',
  '-0x',
  '0x0',
  '0x01',
  '0X1',
  '0x1F',
  '0xg',
  '0x-1',
  '0x 1',
  '0x1_0',
  '+0x1',
].entries()) {
  badMarks(`int-long-${index}`, text, [[[], 'int']])
}
badMarks('float-long', '1'.repeat(641), [[[], 'float']])
badMarks('int-number', 5, [[[], 'int']])
badMarks('int-null', null, [[[], 'int']])
for (const [index, text] of [
  '',
  'NaN',
  'Infinity',
  '+inf',
  'infinity',
  '1.5',
  '1e5',
  ' 1',
  '0x10',
  '1_000',
  '٣',
  '-',
].entries()) {
  badMarks(`float-text-${index}`, text, [[[], 'float']])
}
badMarks('float-number', 0.5, [[[], 'float']])
badMarks('map-object', { a: 1 }, [[[], 'map']])
badMarks('map-text', 'ab', [[[], 'map']])
badMarks('map-of-numbers', [1], [[[], 'map']])
badMarks('map-of-texts', ['ab'], [[[], 'map']])
badMarks('map-pair-short', [[1, 2], [3]], [[[], 'map']])
badMarks('map-pair-long', [[1, 2, 3]], [[[], 'map']])
badMarks('map-pair-object', [{ 0: 1, 1: 2 }], [[[], 'map']])
badMarks('set-object', {}, [[[], 'set']])
badMarks('set-text', 'ab', [[[], 'set']])
badMarks('set-null', null, [[[], 'set']])
badMarks('date-text', '2024-01-01', [[[], 'date']])
badMarks('date-fraction', 0.5, [[[], 'date']])
badMarks('date-boolean', true, [[[], 'date']])
badMarks('date-null', null, [[[], 'date']])
const part = [hex('0100000000000000')]
badMarks('bytes-no-attachments', 0, [[[], 'bytes']])
badMarks('bytes-index-beyond', 1, [[[], 'bytes']], part)
badMarks('arrow-no-attachments', 0, [[[], 'arrow']])
badMarks('arrow-index-array', [0], [[[], 'arrow']], part)
badMarks('arrow-index-text', '0', [[[], 'arrow']], part)
badMarks('bytes-index-negative', -1, [[[], 'bytes']], part)
badMarks('bytes-index-fraction', 0.5, [[[], 'bytes']], part)
badMarks('bytes-index-text', '0', [[[], 'bytes']], part)
badMarks('bytes-index-boolean', false, [[[], 'bytes']], part)
badMarks('attachment-unnamed', 0, [], part)
badMarks('attachment-second-unnamed', 0, [[[], 'bytes']], [...part, ...part])
badMarks(
  'attachment-twice',
  [0, 0],
  [
    [[0], 'bytes'],
    [[1], 'bytes'],
  ],
  part,
)
badMarks(
  'attachment-twice-mixed',
  [0, [0, '|u1', [8]]],
  [
    [[0], 'bytes'],
    [[1], 'array'],
  ],
  part,
)
malformed(
  'attachment-of-two-messages',
  'host',
  bodyOf('[[1,"f",[0],null,[[[0],"bytes"]]],[2,"f",[0],null,[[[0],"bytes"]]]]', part),
)
malformed('attachment-of-two-messages', 'worker', bodyOf('[[1,0,[[[],"bytes"]]],[2,0,[[[],"bytes"]]]]', part))
for (const [name, inPlace] of [
  ['index-alone', 0],
  ['short', [0, '<i8']],
  ['long', [0, '<i8', [1], 0]],
  ['object', { 0: 0 }],
  ['index-beyond', [1, '<i8', [1]]],
  ['index-text', ['0', '<i8', [1]]],
  ['dtype-number', [0, 8, [1]]],
  ['dtype-unknown', [0, '<f3', [1]]],
  ['dtype-object', [0, '|O', [1]]],
  ['dtype-text', [0, '<U2', [1]]],
  ['dtype-void', [0, '|V8', [1]]],
  ['dtype-big-endian', [0, '>i8', [1]]],
  ['dtype-native', [0, '=i8', [1]]],
  ['dtype-no-order', [0, 'i8', [1]]],
  ['dtype-no-unit', [0, '<M8', [1]]],
  ['dtype-unit-unknown', [0, '<M8[year]', [1]]],
  ['dtype-inherited', [0, 'constructor', [1]]],
  ['shape-number', [0, '<i8', 1]],
  ['shape-of-texts', [0, '<i8', ['1']]],
  ['shape-of-fractions', [0, '<i8', [0.5]]],
  ['shape-negative', [0, '<i8', [-1]]],
  ['shape-negative-twice', [0, '<i8', [-1, -1]]],
  ['shape-short', [0, '<i8', [0]]],
  ['shape-long', [0, '<i8', [2]]],
  ['shape-huge', [0, '|u1', [4294967296, 4294967296]]],
  ['shape-of-many', [0, '<i8', new Array(65).fill(1)]],
  ['shape-huge-and-none', [0, '|u1', [4294967296, 0]]],
]) {
  badMarks(`array-${name}`, inPlace, [[[], 'array']], part)
}

// --- MessagePack -----------------------------------------------------------------------------------------------------

/** Numbers are bytes, texts stand for their own. */
const packed = (...parts) =>
  Buffer.concat(
    parts
      .flat(Number.POSITIVE_INFINITY)
      .map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.of(part))),
  )
/** A message that holds a value, packed, alone in its frame. `marks`: packed too, for a value as a result and as an argument. */
const packedCarrying = (direction, inPlace, marks) => {
  if (direction === 'host')
    return packed(0x91, marks ? 0x95 : 0x93, 1, 0xa1, 'f', 0x91, inPlace, marks ? [0xc0, marks.host] : [])
  return packed(0x91, marks ? 0x93 : 0x92, 1, inPlace, marks ? marks.worker : [])
}

/** As `value`, from both, in MessagePack. */
function packedValue(name, inPlace, meant, { marks, parts } = {}) {
  for (const direction of both) {
    const head = packedCarrying(direction, inPlace, marks)
    const body = parts === undefined ? head : bodyOf(head, parts)
    wire(`packed-${name}`, direction, [body], { frames: [[direction === 'host' ? [1, 'f', [meant]] : [1, meant]]] })
  }
}

function badlyPacked(name, inPlace) {
  for (const direction of both) malformed(`packed-${name}`, direction, packedCarrying(direction, inPlace))
}

packedValue('nil', [0xc0], null)
packedValue('booleans', [0x92, 0xc3, 0xc2], [true, false])
for (const [name, bytes, meant] of [
  ['fixint', [0x00], 0],
  ['fixint-largest', [0x7f], 127],
  ['fixint-negative', [0xff], -1],
  ['fixint-least', [0xe0], -32],
  ['uint8', [0xcc, 0xc8], 200],
  ['uint8-of-a-small-one', [0xcc, 0x01], 1],
  ['uint16', [0xcd, 0x03, 0xe8], 1000],
  ['uint32', [0xce, 0xff, 0xff, 0xff, 0xff], 4294967295],
  ['uint64', [0xcf, 0x00, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 9007199254740991],
  ['uint64-unsafe', [0xcf, 0x00, 0x20, 0, 0, 0, 0, 0, 0x01], { $int: '9007199254740993' }],
  ['uint64-largest', [0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], { $int: '18446744073709551615' }],
  ['int8', [0xd0, 0x80], -128],
  ['int16', [0xd1, 0x80, 0x00], -32768],
  ['int32', [0xd2, 0x80, 0x00, 0x00, 0x00], -2147483648],
  ['int64', [0xd3, 0xff, 0xe0, 0, 0, 0, 0, 0, 0x01], -9007199254740991],
  ['int64-positive', [0xd3, 0, 0, 0, 1, 0, 0, 0, 0], 4294967296],
  ['int64-least', [0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0], { $int: '-9223372036854775808' }],
  ['float32', [0xca, 0x3f, 0x00, 0x00, 0x00], 0.5],
  ['float64', [0xcb, 0x3f, 0xb9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a], 0.1],
  ['float64-whole', [0xcb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0], { $float: '1' }],
  ['float64-beyond-integers', [0xcb, 0x43, 0x40, 0, 0, 0, 0, 0, 0], { $float: '9007199254740992' }],
  ['float64-minus-zero', [0xcb, 0x80, 0, 0, 0, 0, 0, 0, 0], { $float: '-0' }],
  ['float64-nan', [0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0], { $float: 'nan' }],
  ['float64-infinity', [0xcb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0], { $float: 'inf' }],
  ['float64-minus-infinity', [0xcb, 0xff, 0xf0, 0, 0, 0, 0, 0, 0], { $float: '-inf' }],
]) {
  packedValue(name, bytes, meant)
}
const euro = '€'.repeat(100)
packedValue('text-empty', [0xa0], '')
packedValue('text', [0xa3, 'aü'], 'aü')
packedValue('text8', [0xd9, 4, '😀'], '😀')
packedValue('text16', [0xda, 0x01, 0x2c, euro], euro)
packedValue('text32', [0xdb, 0, 0, 0, 3, '\ufeff'], '\ufeff')
packedValue('array', [0x93, 1, 0xa1, 'a', 0x90], [1, 'a', []])
packedValue('array16', [0xdc, 0, 2, 1, 2], [1, 2])
packedValue('array16-of-many', [0xdc, 0x01, 0x2c, ...new Array(300).fill(7)], new Array(300).fill(7))
packedValue('array32', [0xdd, 0, 0, 0, 1, 0x91, 0x91, 0xc0], [[[null]]])
packedValue('map', [0x82, 0xa1, 'a', 1, 0xa0, 0x80], { a: 1, '': {} })
packedValue('map16', [0xde, 0, 1, 0xd9, 1, 'a', 0xc0], { a: null })
packedValue('map32', [0xdf, 0, 0, 0, 1, 0xda, 0, 2, 'ü', 0xc0], { ü: null })
packedValue('map-key-twice', [0x82, 0xa1, 'a', 1, 0xa1, 'a', 2], { a: 2 })
packedValue('map-proto', [0x81, 0xa9, '__proto__', 0x81, 0xa1, 'x', 1], JSON.parse('{"__proto__":{"x":1}}'))
packedValue(
  'records',
  [0x93, ...[1, 2, 3].flatMap((id) => [0x82, 0xa2, 'id', id, 0xa4, 'name', 0xa1, `${id}`])],
  [
    { id: 1, name: '1' },
    { id: 2, name: '2' },
    { id: 3, name: '3' },
  ],
)
packedValue('lookalikes', [0x92, 0x91, 0x00, 0xa3, 'map'], [[0], 'map'])
packedValue('bytes', [0xc4, 2, 0, 255], { $bytes: '00ff' })
packedValue('bytes16', [0xc5, 0, 1, 7], { $bytes: '07' })
packedValue('bytes32', [0xc6, 0, 0, 0, 0], { $bytes: '' })
packedValue(
  'set',
  [0x92, 1, 2],
  { $set: [1, 2] },
  {
    marks: { host: [0x91, 0x92, 0x91, 0, 0xa3, 'set'], worker: [0x91, 0x92, 0x90, 0xa3, 'set'] },
  },
)
packedValue(
  'int',
  [0xb4, '18446744073709551616'],
  { $int: '18446744073709551616' },
  {
    marks: { host: [0x91, 0x92, 0x91, 0, 0xa3, 'int'], worker: [0x91, 0x92, 0x90, 0xa3, 'int'] },
  },
)
packedValue(
  'attachment',
  [0x81, 0xa1, 'a', 0],
  { a: { $bytes: '0102' } },
  {
    marks: {
      host: [0x91, 0x92, 0x92, 0, 0xa1, 'a', 0xa5, 'bytes'],
      worker: [0x91, 0x92, 0x91, 0xa1, 'a', 0xa5, 'bytes'],
    },
    parts: [hex('0102')],
  },
)
packedValue('alone-beside-no-attachments', [7], 7, { parts: [] })
for (const direction of both) {
  const head = packedCarrying(direction, [7])
  wire(
    'packed-as-parcel',
    direction,
    [parcel(3, head.length, head.subarray(0, 2)), piece(3, head.subarray(2)), bodyOf(3, [])],
    {
      frames: [[direction === 'host' ? [1, 'f', [7]] : [1, 7]]],
    },
  )
}
wire('packed-several', 'host', [packed(0x92, 0x91, 0xa4, 'ping', 0x94, 2, 0xa1, 'f', 0x90, 0x81, 0xa1, 'k', 3)], {
  frames: [[['ping'], [2, 'f', [], { k: 3 }]]],
})
wire('packed-several', 'worker', [packed(0x92, 0x91, 0xa4, 'pong', 0x92, 2, 3)], { frames: [[['pong'], [2, 3]]] })
wire('packed-none', 'host', [packed(0x90)], { frames: [[]] })
wire('packed-none', 'worker', [packed(0xdc, 0, 0)], { frames: [[]] })
wire(
  'packed-options',
  'host',
  [packed(0x91, 0x96, 1, 0xa1, 'f', 0x90, 0xc0, 0xc0, 0x81, 0xa6, 'values', 0xa4, 'json')],
  {
    frames: [[[1, 'f', [], null, null, { values: 'json' }]]],
  },
)
badlyPacked('cut', [0x92, 1])
// Some codecs of Python overlook what stands behind.
malformed('packed-more', 'worker', packedCarrying('worker', [1, 1]))
badlyPacked('text-cut', [0xa5, 'four'])
badlyPacked('text-announced', [0xdb, 0xff, 0xff, 0xff, 0xff])
badlyPacked('array-announced', [0xdd, 0xff, 0xff, 0xff, 0xff])
badlyPacked('map-announced', [0xdf, 0xff, 0xff, 0xff, 0xff])
badlyPacked('bytes-announced', [0xc6, 0xff, 0xff, 0xff, 0xff])
badlyPacked('text-no-utf8', [0xa2, 0xc3, 0x28])
badlyPacked('text-surrogate', [0xa3, 0xed, 0xa0, 0x80])
badlyPacked('never-used', [0xc1])
badlyPacked('extension', [0xd4, 5, 0])
badlyPacked('extension-long', [0xc7, 1, 5, 0])
badlyPacked('key-integer', [0x81, 1, 1])
badlyPacked('key-array', [0x81, 0x90, 1])
badlyPacked('deep', [...new Array(2000).fill(0x91), 0xc0])
for (const direction of both) {
  malformed('packed-message-number', direction, packed(0x91, 1))
  malformed('packed-message-empty', direction, packed(0x91, 0x90))
  malformed('packed-id-float', direction, packed(0x91, 0x93, 0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0xa1, 'f', 0x90))
  malformed('packed-id-negative', direction, packed(0x91, 0x93, 0xff, 0xa1, 'f', 0x90))
  malformed('packed-attachment-unnamed', direction, bodyOf(packedCarrying(direction, [0]), [hex('00')]))
  malformed('packed-map-of-messages', direction, packed(0x80))
}
badlyPackedMark('mark-index-unsafe', [0xcf, ...new Array(8).fill(0xff)], 'bytes')
badlyPackedMark('mark-index-nan', [0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0], 'bytes')
badlyPackedMark('mark-date-unsafe', [0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0], 'date')

function badlyPackedMark(name, inPlace, kind) {
  for (const direction of both) {
    const path = direction === 'host' ? [0x91, 0] : [0x90]
    const marks = [0x91, 0x92, path.flat(), 0xa0 + kind.length, kind].flat()
    const head = packedCarrying(direction, inPlace, { host: marks, worker: marks })
    malformed(`packed-${name}`, direction, bodyOf(head, [hex('00')]))
  }
}

// --- write them -----------------------------------------------------------------------------------------------------

mkdirSync(folder, { recursive: true })
for (const [name, { meaning, bytes }] of cases) {
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(meaning)}\n`)
  writeFileSync(join(folder, `${name}.bin`), bytes)
}
console.log(`${cases.size} vectors in ${folder}`)
