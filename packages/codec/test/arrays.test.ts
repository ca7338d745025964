import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { arrayOf, dtypeOfArray, dtypeOfName, dtypeOfWire, isNDArray } from '../src/arrays.js'
import { NDArray, OptionError } from '../src/index.js'

it('D-2: an array says its dtype, shape and items, and keeps a shape of its own', () => {
  const shape = [2, 3]
  const array = new NDArray('float32', shape, new Float32Array(6))
  shape.push(9)
  expect(array).toMatchObject({ dtype: 'float32', shape: [2, 3], data: new Float32Array(6) })
  expect(String(array)).toBe('[object NDArray]')
  expect(isNDArray(array)).toBe(true)
  expect(isNDArray({ dtype: 'float32', shape: [], data: new Float32Array(1) })).toBe(false)
})

it.each([
  ['dtype', ['float128', [1], new Float64Array(2)]],
  ['dtype', ['datetime64', [1], new BigInt64Array(1)]],
  ['shape', ['int8', [-1], new Int8Array(0)]],
  ['shape', ['int8', [0.5], new Int8Array(0)]],
  ['shape', ['int8', 'x', new Int8Array(0)]],
  ['data', ['int8', [2], new Int8Array(3)]],
  ['data', ['int8', [1], new Uint8Array(1)]],
  ['data', ['int8', [1], [1]]],
  ['data', ['complex64', [2], new Float32Array(2)]],
])('D-2: a %s that does not fit is refused by name', (option, [dtype, shape, data]) => {
  const make = () => new NDArray(dtype as string, shape as number[], data as Int8Array)
  expect(make).toThrow(OptionError)
  expect(make).toThrow(`option ${option} must be`)
})

it.each([
  ['bool', '|b1', 'Uint8Array', false],
  ['int8', '|i1', 'Int8Array', true],
  ['uint64', '<u8', 'BigUint64Array', true],
  ['float64', '<f8', 'Float64Array', true],
  ['complex128', '<c16', 'Float64Array', false],
  ['datetime64[ns]', '<M8[ns]', 'BigInt64Array', false],
  ['timedelta64[25s]', '<m8[25s]', 'BigInt64Array', false],
])('D-2: %s is %s on the wire, in a %s', (name, wire, array, isAlone) => {
  expect(dtypeOfName(name)).toMatchObject({ name, wire })
  expect(dtypeOfName(name)?.array.name).toBe(array)
  const dtype = dtypeOfWire(wire)!
  expect(dtype).toMatchObject({ name, wire })
  const bytes = new Uint8Array(dtype.array.BYTES_PER_ELEMENT * dtype.elements)
  expect(arrayOf(dtype, [1], bytes) instanceof NDArray).toBe(!isAlone)
  expect(arrayOf(dtype, [], bytes)).toMatchObject({ dtype: name, shape: [] })
})

it('D-2: typed arrays of other realms are what they are', () => {
  expect(dtypeOfArray(runInNewContext('new Float64Array(1)'))).toMatchObject({ name: 'float64' })
  expect(dtypeOfArray(new Uint8ClampedArray(1))).toMatchObject({ name: 'uint8' })
})
