import { describe, expect, test } from 'vitest'
import { SpecError, UnsafeRequirementError } from '../src/errors.js'
import { parseRequirement, validateRequirement } from '../src/requirement.js'

describe('V-1: what PEP 508 allows is read and written one way', () => {
  test.each([
    ['six', 'six'],
    ['  Foo_Bar.baz  ', 'foo-bar-baz'],
    ['six==1.16.0', 'six==1.16.0'],
    ['six == 1.16.0', 'six==1.16.0'],
    ['six >=1.0, <2 ,!=1.5.*', 'six!=1.5.*,<2,>=1.0'],
    ['six (>=1.0)', 'six>=1.0'],
    ['name[b, A_x,b]>=1', 'name[a-x,b]>=1'],
    ['name[]', 'name'],
    ['six~=1.16', 'six~=1.16'],
    ['six===anything-goes', 'six===anything-goes'],
    ['a==1!2.0rc1.post2.dev3+local.1', 'a==1!2.0rc1.post2.dev3+local.1'],
    [
      "a; python_version<'3.9' and (os_name=='nt' or extra == \"x\")",
      'a; python_version < "3.9" and (os_name == "nt" or extra == "x")',
    ],
    ['a>1;sys_platform not  in "win32 darwin"', 'a>1; sys_platform not in "win32 darwin"'],
    ['a @ https://host.example/a-1-py3-none-any.whl', 'a @ https://host.example/a-1-py3-none-any.whl'],
    ['a@file:///tmp/a.whl ; os_name == "nt"', 'a @ file:///tmp/a.whl ; os_name == "nt"'],
    ['a[x] @ git+ssh://git@host.example/r.git@v1#egg=a', 'a[x] @ git+ssh://git@host.example/r.git@v1#egg=a'],
  ])('%s', (given, text) => {
    expect(parseRequirement(given).text).toBe(text)
    expect(parseRequirement(text).text).toBe(text)
  })
})

test('V-1: a requirement has its parts as fields', () => {
  expect(parseRequirement('Six[x]>=1,<2; os_name == "posix"')).toEqual({
    name: 'six',
    extras: ['x'],
    specifiers: ['<2', '>=1'],
    url: undefined,
    marker: 'os_name == "posix"',
    text: 'six[x]<2,>=1; os_name == "posix"',
  })
})

describe('V-1: what is not PEP 508 is refused with the place', () => {
  test.each([
    ['', 0],
    ['   ', 3],
    ['six 1.0', 4],
    ['six=1.0', 3],
    ['six>=', 5],
    ['six>=1.0,', 9],
    ['six>=1.*', 6],
    ['six~=1', 6],
    ['six[', 4],
    ['six[a', 5],
    ['six[a,]', 6],
    ['six (>=1', 8],
    ['six;', 4],
    ['six; python_version', 19],
    ['six; colour == "red"', 5],
    ['six; os_name == nt', 16],
    ['six; os_name == "nt" xor', 21],
    ['six @', 5],
    ['six @ not-a-url', 6],
    ['six @ https://h.example/x; os_name == "nt"', 27],
    ['./folder', 0],
    ['/abs/path.whl', 0],
    ['a b', 2],
    ['six>=1.0 --hash=sha256:0', 9],
    [`six; ${'('.repeat(60)}`, 56],
  ])('%s', (given, position) => {
    expect(() => parseRequirement(given)).toThrow(
      expect.objectContaining({
        code: 'ERR_PYFERRY_SPEC_UNSAFE_REQUIREMENT',
        requirement: given,
        position,
        message: expect.stringContaining(JSON.stringify(given)),
        hint: expect.stringMatching(/PEP 508/),
      }),
    )
  })
})

describe('V-1: what a tool might take for something else is refused', () => {
  test.each([
    ['-r other.txt', /begins with -/],
    ['  --index-url=https://host.example', /begins with -/],
    ['six\n-r other.txt', /control character/],
    ['six\0', /control character/],
    ['six\u0085', /control character/],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the two characters as the tools read them
    ['a @ https://host.example/${TOKEN}/a.whl', /holds \$\{/],
  ])('%j', (given, message) => {
    expect(() => validateRequirement(given)).toThrow(UnsafeRequirementError)
    expect(() => validateRequirement(given)).toThrow(message)
  })

  test('a value that is not a string', () => {
    expect(() => validateRequirement(3 as unknown as string)).toThrow(SpecError)
  })
})

describe('V-1: a login in a URL is refused and never repeated', () => {
  test.each([
    'a @ https://user:s3cret@host.example/a.whl',
    'a @ https://s3cret@host.example/a.whl',
    'a @ git+https://s3cret@host.example/a.git',
    'a @ git+ssh://git:s3cret@host.example/a.git',
    'a @ https://user:s3@s3cret@host.example/a.whl',
  ])('%s', (given) => {
    const error = errorOf(() => parseRequirement(given))
    expect(error).toMatchObject({ code: 'ERR_PYFERRY_SPEC_UNSAFE_REQUIREMENT', hint: expect.stringMatching(/netrc/) })
    expect(`${error.message} ${JSON.stringify(error)}`).not.toContain('s3cret')
  })

  test('with what git takes one from, where it is of git', () => {
    const error = errorOf(() => parseRequirement('a @ git+https://user:s3cret@host.example/a.git'))
    expect(error.hint).toContain('credential helper')
    expect(error.hint).not.toContain('PIP_INDEX_URL')
  })
})

function errorOf(run: () => void): UnsafeRequirementError {
  try {
    run()
  } catch (error) {
    if (error instanceof UnsafeRequirementError) return error
  }
  throw new Error('not refused')
}
