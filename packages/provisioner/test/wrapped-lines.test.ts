import { expect, test } from 'vitest'
import { joinWrappedLines } from '../src/wrapped-lines.js'

test('E: an error that uv draws as a tree becomes one line', () => {
  const text = `Using Python 3.11.7 environment at: env
  × Failed to download \`tiny @
  │ https://index.example/tiny-9.0-py3-none-any.whl\`
  ├─▶ Failed to fetch:
  │   \`https://index.example/tiny-9.0-py3-none-any.whl\`
  ╰─▶ HTTP status client error (404 Not Found) for url
      (https://index.example/tiny-9.0-py3-none-any.whl)

      hint: An index URL could not be
      queried
  help: Consider
        another`
  expect(joinWrappedLines(text)).toEqual([
    'Using Python 3.11.7 environment at: env',
    '× Failed to download `tiny @ https://index.example/tiny-9.0-py3-none-any.whl`: Failed to fetch: `https://index.example/tiny-9.0-py3-none-any.whl`: HTTP status client error (404 Not Found) for url (https://index.example/tiny-9.0-py3-none-any.whl)',
    '',
    'hint: An index URL could not be queried',
    'help: Consider another',
  ])
})

test('E: an error that uv indents becomes one line', () => {
  const text = `error: No solution found when resolving dependencies
  cause: Because only the following versions of tiny are available:
             tiny<=1.0
             tiny>=2.0
         and you require tiny>1.0,<2.0, we can conclude that your requirements are unsatisfiable.

hint: Packages were unavailable`
  expect(joinWrappedLines(text)).toEqual([
    'error: No solution found when resolving dependencies: Because only the following versions of tiny are available: tiny<=1.0 tiny>=2.0 and you require tiny>1.0,<2.0, we can conclude that your requirements are unsatisfiable.',
    '',
    'hint: Packages were unavailable',
  ])
})

test('E: what a build printed, and what pip prints, stays line by line', () => {
  const text = `error: Failed to build \`app\`
  Caused by: Call failed

         [stderr]
         one
         two
  error: subprocess-exited-with-error

  ╰─> [2 lines of output]
      Traceback (most recent call last):
        File "backend.py", line 1`
  expect(joinWrappedLines(text)).toEqual([
    'error: Failed to build `app`: Call failed',
    '',
    '         [stderr]',
    '         one',
    '         two',
    'error: subprocess-exited-with-error',
    '',
    '  ╰─> [2 lines of output]',
    '      Traceback (most recent call last):',
    '        File "backend.py", line 1',
  ])
})
