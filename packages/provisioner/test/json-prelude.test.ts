import { expect, test } from 'vitest'
import { JSON_PRELUDE } from '../src/json-prelude.js'
import { runPython, testPython } from './fixtures/pythons.js'

const VALUE = `{"text \\u00e9\\ud83d\\ude00\\ud800": ["\\n\\"\\\\/\\x00\\x7f", ("a", ("b", True))], "nothing": None, "no": False, "empty": [{}, []]}`

test.each([
  ['by C', ''],
  ['without it', 'import sys; sys.modules["_json"] = None\n'],
])('V-2: dump writes what json.dumps does, %s', (_, before) => {
  const ours = runPython(testPython, `${before}${JSON_PRELUDE}print(dump(${VALUE}))`)
  expect(JSON.parse(ours)).toEqual({
    'text é😀\ud800': ['\n"\\/\0\x7f', ['a', ['b', true]]],
    nothing: null,
    no: false,
    empty: [{}, []],
  })
})
