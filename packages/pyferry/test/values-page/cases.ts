/**
 * The rows of docs/values.md: expressions, as they stand there. A new row is a new line here; what it gives is found out by sending it,
 * and `pnpm values` writes the page.
 */

/** What a row needs beyond its expression. */
export interface Case {
  code: string
  /** What the page says in place of what this Node has: where a newer one has more. */
  older?: (value: unknown) => string | undefined
}

export interface Group {
  title: string
  /** Below the title. */
  text?: string
  cases: readonly (string | Case)[]
}

/** JavaScript, sent to Python and back. */
export const fromJavaScript: readonly Group[] = [
  {
    title: 'Nothing, truth, numbers, text',
    cases: [
      'null',
      'undefined',
      'true',
      '5',
      '5.0',
      '0.5',
      '-0',
      '2 ** 60',
      '1e21',
      'NaN',
      '-Infinity',
      '5n',
      '2n ** 70n',
      "'tea ☕'",
    ],
  },
  {
    title: 'Bytes',
    text: 'A `FileHandle` of `node:fs/promises` arrives as `bytes` too: [all of its file](guide.md#what-travels).',
    cases: [
      'Uint8Array.of(1, 255)',
      'Buffer.from([1, 255])',
      'Uint8Array.of(1, 255).buffer',
      'new DataView(new ArrayBuffer(2))',
      "new Blob(['ab'])",
      "new File(['ab'], 'name.txt')",
    ],
  },
  {
    title: 'Containers',
    cases: [
      "[1, ['a']]",
      '[1, , 3]',
      '{ a: 1, b: undefined }',
      'Object.assign(Object.create(null), { a: 1 })',
      'new (class Point { x = 1; #y = 2 })()',
      "{ ['__proto__']: 1 }",
      "new Map([['a', 1]])",
      "new Map([['a', undefined]])",
      "new Map([[1, 'a']])",
      "new Map([[[1, 2], 'a']])",
      'new Map()',
      'new Set([1, 2])',
      'new Set([[1, 2]])',
      'new Date(1767323045678)',
    ],
  },
  {
    title: 'Arrays of numbers',
    text: 'In an environment with numpy. The arrays that arrive are read-only.',
    cases: [
      'Int8Array.of(1, -1)',
      'Uint8ClampedArray.of(1, 255)',
      'Int16Array.of(1, -1)',
      'Uint16Array.of(1)',
      'Int32Array.of(1)',
      'Uint32Array.of(1)',
      'BigInt64Array.of(-1n)',
      'BigUint64Array.of(2n ** 64n - 1n)',
      'Float32Array.of(0.5)',
      'Float64Array.of(0.5, NaN)',
      'new Float64Array(0)',
      "new NDArray('float32', [2, 2], Float32Array.of(1, 2, 3, 4))",
      "new NDArray('float64', [], Float64Array.of(0.5))",
      "new NDArray('bool', [2], Uint8Array.of(1, 0))",
      "new NDArray('uint8', [2], Uint8Array.of(1, 2))",
      "new NDArray('complex128', [1], Float64Array.of(1, -2))",
      "new NDArray('datetime64[ms]', [1], BigInt64Array.of(0n))",
    ],
  },
  {
    title: 'Tables',
    text: 'With `apache-arrow` here, and pyarrow there.',
    cases: [
      "arrow.tableFromArrays({ a: Int32Array.of(1, 2), b: ['x', 'y'] })",
      'arrow.tableFromArrays({ a: Int32Array.of(1, 2) }).batches[0]',
      "new ArrowData(arrow.tableToIPC(arrow.tableFromArrays({ a: Int32Array.of(1) }), 'stream'))",
    ],
  },
  {
    title: 'With codecs of the same name on both sides',
    cases: ["new Money(250, 'EUR')", "[new Set([new Money(250, 'EUR')])]"],
  },
]

/** The same arrays where there is no numpy. */
export const withoutNumpy: Group = {
  title: 'Arrays of numbers, without numpy',
  cases: [
    'Int16Array.of(1, -1)',
    'BigUint64Array.of(2n ** 64n - 1n)',
    'Float64Array.of(0.5, NaN)',
    "new NDArray('float32', [2, 2], Float32Array.of(1, 2, 3, 4))",
    "new NDArray('bool', [2], Uint8Array.of(1, 0))",
  ],
}

/** JavaScript that is refused, here or by Python. */
export const refusedFromJavaScript: readonly string[] = [
  '() => 1',
  "Symbol('s')",
  "{ [Symbol('s')]: 1 }",
  "{ a: '\\ud800' }",
  '{ toJSON() {} }',
  'new Date(NaN)',
  '/x/',
  "new Error('x')",
  'Promise.resolve(1)',
  "new URL('https://example.org')",
  'new Boolean(true)',
  'new SharedArrayBuffer(2)',
  'new WeakMap()',
  '(function* () {})()',
  'new ReadableStream()',
  '(() => { const a = []; a.push({ a }); return a })()',
  "JSON.parse('['.repeat(513) + ']'.repeat(513))",
  'new Set([new Set()])',
  "new Map([[1, 'a'], [true, 'b']])",
  'new Date(-8.64e15)',
  "new NDArray('complex64', [1], Float32Array.of(1, 2))",
]

/** Python, returned to JavaScript and sent back. */
export const fromPython: readonly Group[] = [
  {
    title: 'Nothing, truth, numbers, text',
    cases: [
      'None',
      'True',
      '5',
      '2 ** 60',
      '5.0',
      '0.5',
      '1 - 2j',
      '-0.0',
      'float("nan")',
      'float("-inf")',
      '"tea ☕"',
      'Text("mine")',
      'decimal.Decimal("1.10")',
      'b"\\x01\\xff"',
      'bytearray(b"ab")',
    ],
  },
  {
    title: 'Containers',
    cases: [
      '[1, ["a"]]',
      '(1, 2)',
      '{"a": 1}',
      '{1: "a"}',
      '{(1, 2): "a"}',
      '{"a": 1, None: 2}',
      '{1, 2}',
      'frozenset({1})',
      'Pair(1, (2, 3))',
      'collections.OrderedDict(a=1)',
      'collections.Counter("aab")',
      'collections.deque([1, 2])',
      'range(3)',
      '{"a": 1}.keys()',
    ],
  },
  {
    title: 'Times, names, places',
    cases: [
      'datetime.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=datetime.timezone.utc)',
      'datetime.datetime(2026, 1, 2, 3, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))',
      'datetime.datetime(2026, 1, 2, 3, 4)',
      'datetime.date(2026, 1, 2)',
      'datetime.time(3, 4)',
      'datetime.timedelta(days=1, seconds=1.5)',
      'pandas.Timestamp("2026-01-02T03:04:05.678901234", tz="UTC")',
      'pandas.Timedelta("1ns")',
      'pandas.Period("2026-01")',
      'pandas.NaT',
      'pandas.NA',
      'uuid.UUID(int=1)',
      'pathlib.PurePosixPath("a/b")',
    ],
  },
  {
    title: 'Objects',
    text: 'What stands for one is itself looked at again.',
    cases: [
      'Colour.RED',
      'Colour.MIXED',
      'Level.HIGH',
      'Point(1, {2})',
      'Model()  # has model_dump()',
      'Old()  # has dict()',
      'Own()  # has __json__()',
      'Money(250, "EUR")  # has a codec on both sides',
    ],
  },
  {
    title: 'Arrays of numbers',
    cases: [
      'array.array("d", [0.5])',
      'memoryview(b"ab")',
      'memoryview(bytes(8)).cast("i", (1, 2))',
      'numpy.array([1.5, 2.5])',
      'numpy.array([1, 2], "int64")',
      'numpy.array([1, 2], "uint8")',
      'numpy.array([True, False])',
      {
        code: 'numpy.array([1.5], "float16")',
        older: (value) => ('Float16Array' in globalThis ? undefined : describeBits(value)),
      },
      'numpy.array([1 - 2j])',
      'numpy.array(["2026-01-02"], "datetime64[D]")',
      'numpy.array([5], "timedelta64[s]")',
      'numpy.array([[1, 2], [3, 4]], "float32").T',
      'numpy.array([1, 2], ">i4")',
      'numpy.array(0.5)',
      'numpy.array(["a"])',
      'numpy.empty((0, 2), "int8")',
      'numpy.float64(0.5)',
      'numpy.float32(0.5)',
      'numpy.int64(2 ** 60)',
      'numpy.bool_(True)',
      'numpy.str_("a")',
      'numpy.complex128(1 - 2j)',
      'numpy.datetime64("2026-01-02T03:04")',
      'numpy.timedelta64(5, "s")',
    ],
  },
  {
    title: 'Tables',
    text: 'With `apache-arrow` here; without it they arrive as `ArrowData`.',
    cases: [
      'pyarrow.table({"n": [1, None], "t": ["a", "ü"]})',
      'pyarrow.table({"n": [1]}).to_batches()[0]',
      'pandas.DataFrame({"x": [0.5, 1.5]})',
      'pandas.DataFrame({"x": [0.5]}, index=pandas.Index(["a"], name="key"))',
      'pandas.Series([1, 2], name="s")',
      'polars.DataFrame({"n": [1, 2]})',
      'polars.Series("s", [0.5])',
    ],
  },
  {
    title: 'Pictures',
    cases: ['PIL.Image.new("RGB", (2, 1))', 'PIL.Image.new("F", (2, 1))'],
  },
]

/** Python, asked for as JSON. */
export const asJson: readonly string[] = [
  '{"a": {1}, 2: (3, 4)}',
  'b"ab"',
  'datetime.datetime(2026, 1, 2, 3, tzinfo=datetime.timezone.utc)',
  'numpy.array([[1, 2], [3, 4]], "float32")',
  'pandas.DataFrame({"n": [1.5, None]})',
  'pyarrow.table({"n": [1, None]})',
  'Money(250, "EUR")  # has a codec on both sides',
  'float("nan")',
  '2 ** 60',
  '{1: "a", "1": "b"}',
]

/** Python that no rule carries. */
export const withoutRule: readonly string[] = ['Thing()', 'Point', 'print', 'fractions.Fraction(1, 3)', '...']

/** Python that is refused. */
export const refusedFromPython: readonly string[] = [
  '(each for each in [1])',
  '{"a": ["\\ud800"]}',
  'cycle()',
  'nested(513)',
  'numpy.array([object()])',
  'polars.DataFrame({"n": [1]}).lazy()',
  'numpy.zeros(1, [("x", "i4")])',
  'numpy.ma.masked_array([1], [True])',
  'memoryview(b"ab").cast("c")',
]

/** What a Node without Float16Array gets: the bits. The page tells what a newer one does. */
function describeBits(value: unknown): string {
  const { dtype, data } = value as { dtype: string; data: unknown }
  if (dtype !== 'float16' || !(data instanceof Uint16Array)) throw new Error('expected float16 as its bits')
  return 'Float16Array(1) [ 1.5 ]'
}
