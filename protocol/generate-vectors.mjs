// Writes `vectors/`: node protocol/generate-vectors.mjs [folder]
//
// Knows nothing of our codecs, so that neither can agree with itself. Bodies are given as text wherever their exact bytes
// matter; `canonical` cases rely on JSON.stringify, which writes what PROTOCOL.md calls canonical.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = process.argv[2] ?? fileURLToPath(new URL('vectors', import.meta.url))
const cases = new Map()

/** Messages written canonically, one frame each. */
function canonical(name, direction, messages, more = {}) {
  add(name, { direction, ...more, messages, canonical: true }, messages.map(frameOf))
}

/** Frames as given (texts and bytes are bodies; `raw` goes in as it is) and what a reader makes of them. */
function wire(name, direction, frames, meaning) {
  const { maxFrameBytes, messages = [], ...rest } = meaning
  add(
    name,
    { direction, ...(maxFrameBytes !== undefined && { maxFrameBytes }), messages, ...rest },
    frames.map((frame) => frame.raw ?? frameOf(frame)),
  )
}

/** One frame that no reader takes. */
function malformed(name, direction, body) {
  wire(name, direction, [body], { error: 'MalformedFrame' })
}

function add(name, meaning, frames) {
  const key = `${meaning.direction}-${name}`
  if (cases.has(key)) throw new Error(`two cases are named ${key}`)
  cases.set(key, { meaning, bytes: Buffer.concat(frames) })
}

function frameOf(body) {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  return Buffer.concat([lengthOf(bytes.length), bytes])
}

function lengthOf(count) {
  const header = Buffer.alloc(4)
  header.writeUInt32BE(count)
  return header
}

const bytesForm = (b64) => ({ __bytes__: true, b64 })
const done = (result, callID = 'c1') => ({ type: 'call_done', callID, ok: true, result })
const failed = (fields, callID = 'c1') => ({ type: 'call_done', callID, ok: false, ...fields })
const call = (args, callID = 'c1') => ({ type: 'call', callID, func: 'f', args })
const ping = { type: 'ping' }
const pong = { type: 'pong' }

// --- host: what a host writes ---------------------------------------------------------------------------------------

canonical('ping', 'host', [ping])
canonical('define', 'host', [{ type: 'define', opID: 'o1', code: 'def add(a, b):\n\treturn a + b\n' }])
canonical('define-empty', 'host', [{ type: 'define', opID: 'o1', code: '' }])
canonical('define-full', 'host', [
  {
    type: 'define',
    opID: 'o1',
    code: 'a = 1\nb = "ü"',
    parts: [
      { name: 'a.py', code: 'a = 1' },
      { name: 'ünïcode/b.py', code: 'b = "ü"' },
    ],
    modules: ['json', '/srv/app/tools.py'],
    importPaths: ['/srv/app', 'C:\\app'],
    expose: ['add', 'mul'],
  },
])
canonical('define-expose-own', 'host', [{ type: 'define', opID: 'o1', code: '', modules: ['json'], expose: 'own' }])
canonical('call', 'host', [{ type: 'call', callID: 'c1', func: 'add', args: { a: 1, b: [2, 3.5, null, true, 'x'] } }])
canonical('call-dotted', 'host', [{ type: 'call', callID: 'c1', func: 'os.path.join', args: null }])
canonical('call-spread', 'host', [
  {
    type: 'call',
    callID: 'c1',
    func: 'f',
    args: null,
    spread: { args: [1, { deep: [bytesForm('AAEC')] }], kwargs: { key: 'v', 'not an identifier': null } },
  },
])
canonical('call-spread-empty', 'host', [
  { type: 'call', callID: 'c1', func: 'f', args: null, spread: { args: [], kwargs: {} } },
])
canonical('call-bytes', 'host', [call([bytesForm(''), bytesForm('AA=='), bytesForm('AAE='), bytesForm('+/8A')])])
canonical('call-text', 'host', [
  call('quotes " \\ and / — zwölf Boxkämpfer, 日本語, 👩‍💻, \u0000\u001f\u007f\u2028\n', 'id-ü-😀'),
])
canonical('call-numbers', 'host', [
  call([0, 1, -1, 0.5, -0.25, 9007199254740991, -9007199254740991, 1e21, -1.5e300, 5e-324]),
])
canonical('several', 'host', [
  { type: 'define', opID: 'o1', code: 'x = 1' },
  call(1, 'c1'),
  ping,
  call('two', 'c2'),
  call([bytesForm('/w==')], 'c3'),
])
canonical('at-limit', 'host', [ping], { maxFrameBytes: 15 })

wire('unknown-type', 'host', ['{"type":"subscribe","to":"x"}', ping], { messages: [{ type: 'subscribe' }, ping] })
wire('unknown-fields', 'host', ['{"z":[{}],"type":"ping","opID":7,"__proto__":{"type":"call"}}'], { messages: [ping] })
wire('other-order', 'host', ['{"args":[1],"func":"f","callID":"c1","type":"call"}'], { messages: [call([1])] })
wire('white-space', 'host', [' \t\r\n{ "type" :\n"ping"\t}\r\n '], { messages: [ping] })
wire('key-twice', 'host', ['{"type":"call","callID":"c0","func":"f","args":{"a":1,"a":2},"callID":"c1"}'], {
  messages: [call({ a: 2 })],
})
wire('ascii-escapes', 'host', ['{"type":"call","callID":"c1","func":"\\u0066","args":"\\ud83d\\ude00 \\u00fc \\/"}'], {
  messages: [call('😀 ü /')],
})
wire(
  'null-for-absent',
  'host',
  [
    '{"type":"define","opID":"o1","code":"","parts":null,"modules":null,"importPaths":null,"expose":null}',
    '{"type":"call","callID":"c1","func":"f","args":5,"spread":null}',
  ],
  { messages: [{ type: 'define', opID: 'o1', code: '' }, call(5)] },
)
wire('proto-key', 'host', ['{"type":"call","callID":"c1","func":"f","args":{"__proto__":{"x":1},"constructor":2}}'], {
  messages: [call(JSON.parse('{"__proto__":{"x":1},"constructor":2}'))],
})
wire(
  'bytes-lookalikes',
  'host',
  [
    call([
      { __bytes__: true },
      { __bytes__: 1, b64: 'AA==' },
      { __bytes__: false, b64: 'AA==' },
      { __bytes__: true, b64: 7 },
      { __bytes__: true, b64: 'AA==', more: null },
      { b64: 'AA==' },
      '__bytes__',
    ]),
  ],
  {
    messages: [
      call([
        { __bytes__: true },
        { __bytes__: 1, b64: 'AA==' },
        { __bytes__: false, b64: 'AA==' },
        { __bytes__: true, b64: 7 },
        { __bytes__: true, b64: 'AA==', more: null },
        { b64: 'AA==' },
        '__bytes__',
      ]),
    ],
  },
)
wire('bytes-other-order', 'host', ['{"type":"call","callID":"c1","func":"f","args":{"b64":"AAEC","__bytes__":true}}'], {
  messages: [call(bytesForm('AAEC'))],
})
wire(
  'bytes-unreadable',
  'host',
  [
    call({ ok: 1, data: [bytesForm('AAA')] }, 'c1'),
    {
      type: 'call',
      callID: 'c2',
      func: 'f',
      args: null,
      spread: { args: [bytesForm('AAEC'), bytesForm('AA-_')], kwargs: {} },
    },
    {
      type: 'call',
      callID: 'c3',
      func: 'f',
      args: null,
      spread: { args: [], kwargs: { 'a key': { b: bytesForm(' AA==') } } },
    },
    call('still served', 'c4'),
  ],
  {
    messages: [
      { type: 'call', callID: 'c1', func: 'f' },
      { type: 'call', callID: 'c2', func: 'f' },
      { type: 'call', callID: 'c3', func: 'f' },
      call('still served', 'c4'),
    ],
    unreadable: { 0: 'args.data[0]', 1: 'args[1]', 2: 'kwargs["a key"].b' },
  },
)

wire('end-of-input', 'host', [], {})
wire('over-limit', 'host', [ping], { maxFrameBytes: 14, error: 'FrameTooLarge' })
wire('over-limit-after-good', 'host', [ping, call('x'.repeat(64))], {
  maxFrameBytes: 64,
  messages: [ping],
  error: 'FrameTooLarge',
})
wire('length-4-gib', 'host', [{ raw: Buffer.from([0xff, 0xff, 0xff, 0xff]) }], { error: 'FrameTooLarge' })
wire('cut-in-length', 'host', [ping, { raw: Buffer.from([0, 0]) }], { messages: [ping], error: 'TruncatedFrame' })
wire('cut-after-length', 'host', [{ raw: lengthOf(15) }], { error: 'TruncatedFrame' })
wire('cut-in-body', 'host', [call(1), { raw: frameOf(ping).subarray(0, 11) }], {
  messages: [call(1)],
  error: 'TruncatedFrame',
})
wire('malformed-after-good', 'host', [ping, call(1), '{"type":"ping"', ping], {
  messages: [ping, call(1)],
  error: 'MalformedFrame',
})
malformed('empty-body', 'host', '')
malformed('blank-body', 'host', ' \n')
malformed('not-json', 'host', 'hello')
malformed('python-literal', 'host', "{'type': 'ping'}")
malformed('trailing-comma', 'host', '{"type":"ping",}')
malformed('two-objects', 'host', '{"type":"ping"}{"type":"ping"}')
malformed('json-array', 'host', '[{"type":"ping"}]')
malformed('json-string', 'host', '"ping"')
malformed('json-null', 'host', 'null')
malformed('bare-nan', 'host', '{"type":"call","callID":"c1","func":"f","args":NaN}')
malformed('bare-infinity', 'host', '{"type":"call","callID":"c1","func":"f","args":[Infinity]}')
malformed('bare-minus-infinity', 'host', '{"type":"call","callID":"c1","func":"f","args":{"x":-Infinity}}')
malformed('raw-control-character', 'host', '{"type":"call","callID":"c1","func":"f","args":"a\nb"}')
malformed('leading-zero', 'host', '{"type":"call","callID":"c1","func":"f","args":01}')
malformed('byte-order-mark', 'host', '\ufeff{"type":"ping"}')
malformed('other-white-space', 'host', '\u00a0{"type":"ping"}')
malformed('utf-16', 'host', Buffer.from('{"type":"ping"}', 'utf16le'))
malformed('utf-16-mark', 'host', Buffer.from('\ufeff{"type":"ping"}', 'utf16le'))
malformed('utf-32', 'host', Buffer.from([...'{"type":"ping"}'].flatMap((each) => [0, 0, 0, each.charCodeAt(0)])))
malformed('not-utf-8', 'host', Buffer.from('{"type":"call","callID":"c1","func":"f","args":"\xff"}', 'latin1'))
malformed('utf-8-cut', 'host', Buffer.from('{"type":"call","callID":"c1","func":"f","args":"\xe2\x82"}', 'latin1'))
malformed('utf-8-overlong', 'host', Buffer.from('{"type":"call","callID":"c1","func":"f","args":"\xc0\xaf"}', 'latin1'))
malformed(
  'utf-8-surrogate',
  'host',
  Buffer.from('{"type":"call","callID":"c1","func":"f","args":"\xed\xa0\x80"}', 'latin1'),
)
malformed('no-type', 'host', '{"callID":"c1","func":"f","args":1}')
malformed('type-number', 'host', '{"type":1}')
malformed('type-null', 'host', '{"type":null}')
malformed('define-no-id', 'host', '{"type":"define","code":""}')
malformed('define-id-number', 'host', '{"type":"define","opID":1,"code":""}')
malformed('define-no-code', 'host', '{"type":"define","opID":"o1"}')
malformed('define-code-null', 'host', '{"type":"define","opID":"o1","code":null}')
malformed('define-parts-object', 'host', '{"type":"define","opID":"o1","code":"","parts":{}}')
malformed('define-part-no-name', 'host', '{"type":"define","opID":"o1","code":"","parts":[{"code":""}]}')
malformed('define-modules-numbers', 'host', '{"type":"define","opID":"o1","code":"","modules":[1]}')
malformed('define-expose-number', 'host', '{"type":"define","opID":"o1","code":"","expose":1}')
malformed('define-expose-other', 'host', '{"type":"define","opID":"o1","code":"","expose":"some"}')
malformed('call-no-id', 'host', '{"type":"call","func":"f","args":1}')
malformed('call-id-number', 'host', '{"type":"call","callID":1,"func":"f","args":1}')
malformed('call-no-func', 'host', '{"type":"call","callID":"c1","args":1}')
malformed('call-func-list', 'host', '{"type":"call","callID":"c1","func":["f"],"args":1}')
malformed('call-no-args', 'host', '{"type":"call","callID":"c1","func":"f"}')
malformed('call-spread-list', 'host', '{"type":"call","callID":"c1","func":"f","args":null,"spread":[]}')
malformed('call-spread-no-kwargs', 'host', '{"type":"call","callID":"c1","func":"f","args":null,"spread":{"args":[]}}')
malformed(
  'call-spread-kwargs-list',
  'host',
  '{"type":"call","callID":"c1","func":"f","args":null,"spread":{"args":[],"kwargs":[]}}',
)

// --- worker: what a worker writes -----------------------------------------------------------------------------------

canonical('ready', 'worker', [{ type: 'ready' }])
canonical('ready-full', 'worker', [
  {
    type: 'ready',
    features: ['parts', 'modules', 'spread'],
    pid: 4321,
    pythonVersion: '3.11.7',
    implementation: 'cpython',
  },
])
canonical('pong', 'worker', [pong])
canonical('op-done', 'worker', [{ type: 'op_done', opID: 'o1', ok: true }])
canonical('op-done-failed', 'worker', [
  {
    type: 'op_done',
    opID: 'o1',
    ok: false,
    errorType: 'SyntaxError',
    errorMessage: 'invalid syntax (a.py, line 1)',
    traceback: '  File "a.py", line 1\n    def\n       ^\nSyntaxError: invalid syntax\n',
    errorQualname: 'SyntaxError',
  },
])
canonical('call-done', 'worker', [done({ sum: 3, items: [1, 2.5, 'ü', null, false, []] })])
canonical('call-done-null', 'worker', [done(null)])
canonical('call-done-bytes', 'worker', [done([bytesForm('AAECAwT/'), { nested: bytesForm('') }])])
canonical('failed-base', 'worker', [
  failed({
    errorType: 'ValueError',
    errorMessage: 'no',
    traceback: 'Traceback (most recent call last):\nValueError: no\n',
  }),
])
canonical('failed-bare', 'worker', [failed({})])
canonical('failed-full', 'worker', [
  failed({
    errorType: 'JSONDecodeError',
    errorMessage: 'not JSON: \udc80',
    traceback: 'Traceback (most recent call last):\n…\n',
    errorQualname: 'json.decoder.JSONDecodeError',
    errorNotes: ['while reading the settings', 'ü'],
    errorCause: {
      errorType: 'OSError',
      errorMessage: 'gone',
      traceback: 'OSError: gone\n',
      errorQualname: 'OSError',
      errorNotes: [],
      errorCause: { errorType: 'KeyError', errorMessage: "'a'" },
    },
  }),
])
canonical('failed-not-found', 'worker', [
  failed({
    errorType: 'NameError',
    errorMessage: "no function named 'ad'",
    traceback: '',
    errorKind: 'function-not-found',
    candidates: ['add', 'mad'],
  }),
])
canonical('failed-unserializable', 'worker', [
  failed({
    errorType: 'UnserializableError',
    errorMessage: 'a set',
    traceback: '',
    errorKind: 'unserializable',
    errorPath: 'result.items[3].model',
  }),
])
canonical('failed-too-large', 'worker', [
  failed({
    errorType: 'FrameTooLargeError',
    errorMessage: 'too large',
    traceback: '',
    errorKind: 'too-large',
    errorSize: 70000000,
    errorLimit: 67108864,
  }),
])
canonical('error', 'worker', [
  { type: 'error', errorType: 'UnknownMessageError', errorMessage: 'unknown type "subscribe"' },
])
canonical('several', 'worker', [{ type: 'ready' }, done(1, 'c1'), pong, done('two', 'c2'), failed({}, 'c3')])
canonical('at-limit', 'worker', [pong], { maxFrameBytes: 15 })

wire('unknown-type', 'worker', ['{"type":"progress","done":0.5}', pong], { messages: [{ type: 'progress' }, pong] })
wire(
  'unknown-fields',
  'worker',
  [
    '{"type":"ready","version":"x","__proto__":{"pid":1}}',
    '{"type":"call_done","callID":"c1","ok":true,"result":1,"valueError":"x","errorCode":[],"x":12345678901234567890}',
  ],
  { messages: [{ type: 'ready' }, done(1)] },
)
wire('result-of-a-failure', 'worker', ['{"type":"call_done","callID":"c1","ok":false,"result":7,"errorType":"E"}'], {
  messages: [failed({ errorType: 'E' })],
})
wire(
  'null-for-absent',
  'worker',
  [
    '{"type":"ready","features":null,"pid":null,"pythonVersion":null,"implementation":null}',
    '{"type":"op_done","opID":"o1","ok":true,"errorType":null,"errorMessage":null,"traceback":null}',
    '{"type":"call_done","callID":"c1","ok":true,"result":null,"errorType":null,"errorMessage":null,"traceback":null}',
    '{"type":"call_done","callID":"c1","ok":false,"result":null,"errorType":"E","errorCause":null,"errorNotes":null}',
  ],
  {
    messages: [{ type: 'ready' }, { type: 'op_done', opID: 'o1', ok: true }, done(null), failed({ errorType: 'E' })],
  },
)
wire(
  'ascii',
  'worker',
  ['{"type": "call_done", "callID": "c1", "ok": true, "result": {"\\u00fc": "\\ud83d\\ude00"}}'],
  {
    messages: [done({ ü: '😀' })],
  },
)
wire('proto-key', 'worker', ['{"type":"call_done","callID":"c1","ok":true,"result":{"__proto__":[1],"toJSON":2}}'], {
  messages: [done(JSON.parse('{"__proto__":[1],"toJSON":2}'))],
})
wire(
  'floats',
  'worker',
  [
    '{"type":"call_done","callID":"c1","ok":true,"result":[1.0,1e300,1E+16,9007199254740994.0,-1.5e-07,0.1234567890123456]}',
  ],
  { messages: [done([1, 1e300, 1e16, 9007199254740994, -1.5e-7, 0.1234567890123456])] },
)
wire(
  'safe-integers',
  'worker',
  ['{"type":"call_done","callID":"c1","ok":true,"result":[9007199254740991,-9007199254740991]}'],
  {
    messages: [done([9007199254740991, -9007199254740991])],
  },
)
wire(
  'integers-in-text',
  'worker',
  ['{"type":"call_done","callID":"c1","ok":true,"result":{"x,12345678901234567890,":"[12345678901234567890, \\" 1]"}}'],
  { messages: [done({ 'x,12345678901234567890,': '[12345678901234567890, " 1]' })] },
)
wire(
  'integers-unsafe',
  'worker',
  [
    '{"type":"call_done","callID":"c1","ok":true,"result":9007199254740992}',
    '{"type":"call_done","callID":"c2","ok":true,"result":{"a":[{"b c":1},-9007199254740992]}}',
    '{"type":"call_done","callID":"c3","ok":true,"result":[1,{"say \\"\\u0061\\"":[[123456789012345678901234567890]]}]}',
    done('still here', 'c4'),
  ],
  {
    messages: [
      { type: 'call_done', callID: 'c1', ok: true },
      { type: 'call_done', callID: 'c2', ok: true },
      { type: 'call_done', callID: 'c3', ok: true },
      done('still here', 'c4'),
    ],
    unreadable: { 0: 'result', 1: 'result.a[1]', 2: 'result[1]["say \\"a\\""][0][0]' },
    unreadableBy: 'host',
  },
)
for (const [name, b64] of [
  ['unpadded', 'AA'],
  ['only-padding', '=='],
  ['url-alphabet', '-_8A'],
  ['white-space', 'AAEC\n'],
  ['padding-inside', 'AA==AAEC'],
  ['letters', 'ÄÖÜß'],
]) {
  wire(`bytes-${name}`, 'worker', [done({ items: [0, { data: bytesForm(b64) }] }), pong], {
    messages: [{ type: 'call_done', callID: 'c1', ok: true }, pong],
    unreadable: { 0: 'result.items[1].data' },
  })
}

wire('end-of-input', 'worker', [], {})
wire('over-limit', 'worker', [pong], { maxFrameBytes: 14, error: 'FrameTooLarge' })
wire('length-4-gib', 'worker', [{ type: 'ready' }, { raw: Buffer.from([0xff, 0xff, 0xff, 0xff, 0x7b]) }], {
  messages: [{ type: 'ready' }],
  error: 'FrameTooLarge',
})
wire('cut-in-length', 'worker', [{ raw: Buffer.from([0]) }], { error: 'TruncatedFrame' })
wire('cut-in-body', 'worker', [done(1), { raw: frameOf(done(2)).subarray(0, -1) }], {
  messages: [done(1)],
  error: 'TruncatedFrame',
})
wire('print-in-channel', 'worker', [{ raw: Buffer.from('hello, world\n') }], { error: 'FrameTooLarge' })
wire('malformed-after-good', 'worker', [{ type: 'ready' }, done(1), '[]', done(2)], {
  messages: [{ type: 'ready' }, done(1)],
  error: 'MalformedFrame',
})
malformed('empty-body', 'worker', '')
malformed('json-number', 'worker', '12')
malformed('bare-nan', 'worker', '{"type":"call_done","callID":"c1","ok":true,"result":NaN}')
malformed('not-utf-8', 'worker', Buffer.from('{"type":"call_done","callID":"c1","ok":true,"result":"\xe9"}', 'latin1'))
malformed('no-type', 'worker', '{}')
malformed('ready-features-string', 'worker', '{"type":"ready","features":"spread"}')
malformed('ready-pid-string', 'worker', '{"type":"ready","pid":"1"}')
malformed('op-done-no-id', 'worker', '{"type":"op_done","ok":true}')
malformed('op-done-no-ok', 'worker', '{"type":"op_done","opID":"o1"}')
malformed('call-done-no-id', 'worker', '{"type":"call_done","ok":true,"result":1}')
malformed('call-done-ok-number', 'worker', '{"type":"call_done","callID":"c1","ok":1,"result":1}')
malformed('call-done-no-result', 'worker', '{"type":"call_done","callID":"c1","ok":true}')
malformed('failed-message-number', 'worker', '{"type":"call_done","callID":"c1","ok":false,"errorMessage":1}')
malformed('failed-notes-string', 'worker', '{"type":"call_done","callID":"c1","ok":false,"errorNotes":"x"}')
malformed('failed-cause-string', 'worker', '{"type":"call_done","callID":"c1","ok":false,"errorCause":"x"}')
malformed(
  'failed-cause-fields',
  'worker',
  '{"type":"call_done","callID":"c1","ok":false,"errorCause":{"traceback":[]}}',
)
malformed('error-no-type', 'worker', '{"type":"error","errorMessage":"x"}')
malformed('error-no-message', 'worker', '{"type":"error","errorType":"x"}')

// --- write them -----------------------------------------------------------------------------------------------------

mkdirSync(folder, { recursive: true })
for (const [name, { meaning, bytes }] of cases) {
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(meaning, null, 2)}\n`)
  writeFileSync(join(folder, `${name}.bin`), bytes)
}
console.log(`${cases.size} vectors in ${folder}`)
