import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DiedError, PythonError } from '../src/index.js'
import { death, eventually, failureOf, isAlive, makeFolder, makeVenv, startVenv, tailPrinted } from './support.js'
import { printed } from './ways.js'

describe('user code can never break the channel (V-17)', () => {
  it.each([
    ['print', 'print("x" * 100_000, flush=True)'],
    ['os.write to stdout', 'import os; os.write(1, b"\\x00\\x00\\x00\\x02{}" * 1000)'],
    ['a subprocess that prints', 'import subprocess, sys; subprocess.run([sys.executable, "-c", "print(1)"])'],
    [
      'C code that writes to stdout',
      'import ctypes; ctypes.CDLL(None).puts(b"from C"); ctypes.CDLL(None).fflush(None)',
    ],
    ['closing descriptors 0 to 2', 'import os; [os.close(fd) for fd in (0, 1, 2)]'],
    ['replacing sys.stdout', 'import sys, io; sys.stdout = io.StringIO()'],
    ['closing sys.stdout', 'import sys; sys.stdout.close()'],
    [
      'a thread left behind',
      'import threading, time; threading.Thread(target=time.sleep, args=(60,), daemon=True).start()',
    ],
    ['a signal handler for SIGTERM', 'import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)'],
    ['changing the current folder', 'import os; os.chdir("/")'],
    ['deep recursion, caught', 'import sys\n    def deep(): deep()\n    try: deep()\n    except RecursionError: pass'],
  ])('V-17: %s', async (_, code) => {
    const py = await startVenv(`def disturb(x):\n    ${code}\n    return "done"\ndef echo(x): return x`)
    expect(await py.callAndAwait('disturb')).toBe('done')
    expect(await py.callAndAwait('echo', [1, 2])).toEqual([1, 2])
  })

  it('V-17: input() finds the end of input', async () => {
    const py = await startVenv('def ask(x): return input("? ")')
    await expect(py.callAndAwait('ask')).rejects.toMatchObject({ pythonType: 'EOFError' })
  })

  it.each([
    ['sys.exit(3)', 'SystemExit'],
    ['raise KeyboardInterrupt', 'KeyboardInterrupt'],
    ['raise GeneratorExit', 'GeneratorExit'],
    ['raise type("Mine", (BaseException,), {})("x")', 'Mine'],
    ['import os, signal; os.kill(os.getpid(), signal.SIGINT); [None for _ in iter(int, 1)]', 'KeyboardInterrupt'],
  ])('V-17: %s fails that one call; the worker lives', async (code, type) => {
    const py = await startVenv(`import sys\ndef f(x): ${code}\ndef echo(x): return x`)
    await expect(py.callAndAwait('f')).rejects.toMatchObject({ code: 'ERR_PYFERRY_PYTHON', pythonType: type })
    expect(await py.callAndAwait('echo', 'alive')).toBe('alive')
  })

  it.each([
    ['os._exit(4)', { exitCode: 4, signal: null }],
    ['os.abort()', { exitCode: null, signal: 'SIGABRT' }],
    ['os.kill(os.getpid(), 11)', { exitCode: null, signal: 'SIGSEGV' }],
  ])('V-17: %s ends the worker: DiedError, never a broken frame', async (code, facts) => {
    const py = await startVenv(`import os\ndef f(x): ${code}`)
    const died = death(py)
    const error = await failureOf(py.callAndAwait('f'))
    expect(error).toBeInstanceOf(DiedError)
    expect(error).toMatchObject({ ...facts, function: 'f' })
    expect(error.cause).toBeUndefined()
    expect(await died).toMatchObject(facts)
  })

  it('V-17: a forked child never speaks on the channel, and exits when the function returns', async () => {
    const code = 'import os\ndef f(x):\n    pid = os.fork()\n    return pid or "child"\ndef echo(x): return x'
    const py = await startVenv(code)
    const pid = await py.callAndAwait<number>('f')
    expect(pid).toBeGreaterThan(1)
    expect(await py.callAndAwait('echo', 1)).toBe(1)
    await eventually(() => !isAlive(pid))
  })

  it('V-17: multiprocessing works inside a call, by fork and by spawn', async () => {
    const folder = makeFolder()
    writeFileSync(join(folder, 'squares.py'), 'def square(x):\n    return x * x\n')
    const code = [
      'import multiprocessing',
      'from squares import square',
      'def run(method):',
      '    with multiprocessing.get_context(method).Pool(2) as pool:',
      '        return pool.map(square, [1, 2, 3])',
    ].join('\n')
    const py = await startVenv(code, { importPaths: [folder] })
    expect(await py.callAndAwait('run', 'fork')).toEqual([1, 4, 9])
    expect(await py.callAndAwait('run', 'spawn')).toEqual([1, 4, 9])
  })

  it('V-17: PYTHON* variables, the current folder and user site-packages have no effect', async () => {
    const folder = makeFolder()
    writeFileSync(join(folder, 'trap.py'), '')
    const py = await startVenv(
      'import importlib.util, os, sys\ndef f(x): return [importlib.util.find_spec("trap") is None, os.getcwd(), sys.flags.isolated, os.environ["PYFERRY_WORKER"]]',
      { cwd: folder, env: { set: { PYTHONPATH: folder, PYTHONSTARTUP: join(folder, 'trap.py') } } },
    )
    expect(await py.callAndAwait('f')).toEqual([true, folder, 1, '1'])
  })
})

describe('what is loaded (V-2, V-18)', () => {
  it('V-2: sources share one namespace, in order; modules come first', async () => {
    const py = makeVenv({ modules: ['math'], sources: ['base = 10', 'def f(x): return base + x'] })
    await py.start()
    expect(await py.callAndAwait('f', 5)).toBe(15)
    expect(await py.callAndAwait('math.sqrt', 9)).toBe(3)
  })

  it('V-2: a file is loaded under its base name, and its public names are callable directly', async () => {
    const folder = makeFolder()
    const path = join(folder, 'my-service.py')
    writeFileSync(
      path,
      'import sys\ndef hello(name): return f"hello {name}"\ndef broken(x): raise RuntimeError("here")\n',
    )
    const py = makeVenv({ modules: [path] })
    await py.start()
    expect(await py.callAndAwait('hello', 'you')).toBe('hello you')
    const error = await failureOf(py.callAndAwait('broken'))
    expect(error).toBeInstanceOf(PythonError)
    expect(error.traceback).toContain(`File "${path}", line 3, in broken`)
  })

  it('V-4: a source that does not compile fails the start with file and line', async () => {
    const py = makeVenv({ sources: ['x = 1', { filename: 'broken.py', code: 'def f(:\n  pass' }] })
    const error = await failureOf(py.start())
    expect(error).toMatchObject({ code: 'ERR_PYFERRY_START', cause: { pythonType: 'SyntaxError' } })
    expect((error.cause as PythonError).traceback).toContain('File "broken.py", line 1')
  })

  it('V-4: a module that cannot be imported fails the start', async () => {
    const py = makeVenv({ modules: ['no_such_module'] })
    await expect(py.start()).rejects.toMatchObject({
      code: 'ERR_PYFERRY_START',
      cause: { pythonType: 'ModuleNotFoundError' },
    })
  })

  it('V-2: env: inherits all, none, or the named ones, and sets', async () => {
    const code = 'import os\ndef get(names): return [os.environ.get(n) for n in names]'
    process.env.PYFERRY_TEST_ONE = '1'
    process.env.PYFERRY_TEST_TWO = '2'
    try {
      const names = ['PYFERRY_TEST_ONE', 'PYFERRY_TEST_TWO', 'SET', 'PYFERRY_WORKER']
      const ask = async (env: { inherit?: boolean | string[]; set?: Record<string, string> }) =>
        (await startVenv(code, { env })).callAndAwait('get', names)
      expect(await ask({})).toEqual(['1', '2', null, '1'])
      expect(await ask({ inherit: ['PYFERRY_TEST_TWO'], set: { SET: 's' } })).toEqual([null, '2', 's', '1'])
      expect(await ask({ inherit: false, set: { PYFERRY_TEST_ONE: 'other' } })).toEqual(['other', null, null, '1'])
    } finally {
      delete process.env.PYFERRY_TEST_ONE
      delete process.env.PYFERRY_TEST_TWO
    }
  })

  it('V-2: threads bounds how many calls run at once', async () => {
    const code = [
      'import threading, time',
      'running = most = 0',
      'lock = threading.Lock()',
      'def work(x):',
      '    global running, most',
      '    with lock:',
      '        running += 1',
      '        most = max(most, running)',
      '    time.sleep(0.02)',
      '    with lock: running -= 1',
      'def seen(x): return most',
    ].join('\n')
    for (const threads of [1, 3]) {
      const py = await startVenv(code, { threads })
      await Promise.all(Array.from({ length: 12 }, () => py.callAndAwait('work')))
      expect(await py.callAndAwait('seen')).toBe(threads)
    }
  })

  it('V-2: bytes travel as bytes, both ways (D-5)', async () => {
    const py = await startVenv(
      'def f(x): return {"type": type(x["b"]).__name__, "back": x["b"] + b"!", "n": len(x["b"])}',
    )
    const out = await py.callAndAwait<{ type: string; back: Uint8Array; n: number }>('f', {
      b: Buffer.from([0, 255, 10]),
    })
    expect(out).toMatchObject({ type: 'bytes', n: 3 })
    expect([...out.back]).toEqual([0, 255, 10, 33])
  })
})

describe('output (V-16)', () => {
  it('V-16: before the start the tails are empty', () => {
    const py = makeVenv()
    expect([py.tailStdout(), py.tailStderr()]).toEqual(['', ''])
  })

  it('V-16: tells the most recent output, live, and after the worker has died', async () => {
    const py = await startVenv(
      'import sys, os\ndef f(x):\n    print("out", x)\n    print("err", x, file=sys.stderr)\ndef die(x): os._exit(1)',
    )
    await py.callAndAwait('f', 1)
    const expected = printed === 'stdout' ? ['out 1\n', 'err 1\n'] : ['', 'out 1\nerr 1\n']
    await eventually(() => py.tailStdout() === expected[0] && py.tailStderr() === expected[1])
    await py.callAndAwait('die').catch(() => {})
    expect(py.tailStdout()).toBe(expected[0])
    await py.close()
    expect(py.tailStderr()).toBe(expected[1])
  })

  it('V-16: keeps between outputBufferKb and twice that, whatever is printed', async () => {
    const py = await startVenv('def f(n):\n    for i in range(n): print("%09d" % i)', { outputBufferKb: 8 })
    await py.callAndAwait('f', 20_000)
    await eventually(() => tailPrinted(py).endsWith('000019999\n'))
    const { length } = tailPrinted(py)
    expect(length).toBeGreaterThanOrEqual(8 * 1024)
    expect(length).toBeLessThanOrEqual(16 * 1024)
  })

  it('V-2: a line callback and a Writable get the output; one that throws hurts nobody', async () => {
    const lines: string[] = []
    const errors: unknown[] = []
    const py = await startVenv('def f(x):\n    print("one")\n    print("two")', {
      [printed]: (line: string) => {
        lines.push(line)
        if (line === 'one') throw new Error('sink')
      },
      logger: { error: (...args) => errors.push(args) },
    })
    await py.callAndAwait('f')
    await eventually(() => lines.length === 2)
    expect(lines).toEqual(['one', 'two'])
    expect(errors).toHaveLength(1)
  })
})

describe('where it works (K-4)', () => {
  it('W-1: a launcher brings its own worker', async () => {
    const { workerCommand } = await import('@pyferry/supervisor')
    const { python } = await import('./support.js')
    const { command, args } = workerCommand({ python, protocol: 'base', threads: 2 })
    const py = makeVenv({ launcher: [command, ...args], sources: ['def f(x): return x + 1'] })
    await py.start()
    expect(await py.callAndAwait('f', 1)).toBe(2)
    await py.close()
  })

  it.each([
    ['fd', 'unnamed', []],
    ['unix', 'in a folder', []],
    ['tcp', 'a port', []],
    ['stdio', 'unnamed', ['printed']],
  ] as const)('W-5: the transport is chosen by its name: %s', async (transport, where, onStderr) => {
    const { python } = await import('./support.js')
    const code = [
      'import os, socket',
      'def where(x):',
      '    print("printed")',
      '    found = {peer(fd) for fd in range(3, 128)}',
      '    return "a port" if "AF_INET" in found else "in a folder" if "AF_UNIX" in found else "unnamed"',
      'def peer(fd):',
      '    try:',
      '        with socket.socket(fileno=os.dup(fd)) as end: return end.getpeername() and end.family.name',
      '    except OSError: return None',
    ].join('\n')
    const lines: string[] = []
    const py = makeVenv({ interpreter: python, transport, sources: [code], stderr: (line) => lines.push(line) })
    await py.start()
    expect(await py.callAndAwait('where')).toBe(where)
    await py.close()
    expect(lines).toEqual(onStderr)
  })

  it('S-4: runs in an environment that has nothing installed, not even pip', async () => {
    const { python } = await import('./support.js')
    const folder = makeFolder()
    execFileSync(python, ['-I', '-m', 'venv', '--without-pip', join(folder, 'bare')])
    const interpreter = join(folder, 'bare', 'bin', 'python')
    const py = makeVenv({ interpreter, sources: ['import sys\ndef prefix(x): return sys.prefix'] })
    await py.start()
    expect(await py.callAndAwait('prefix')).toBe(join(folder, 'bare'))
    expect(existsSync(join(folder, 'bare', 'bin', 'pip'))).toBe(false)
  })
})
