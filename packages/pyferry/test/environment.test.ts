import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { BaseDirInUseError, ClosedError, type ProvisionEvent, Venv } from '../src/index.js'
import {
  death,
  eventually,
  isAlive,
  makeFolder,
  makeVenv,
  makeWheel,
  opened,
  python,
  runProgram,
  tailPrinted,
} from './support.js'

const version =
  'import ferrytest\ndef version(x): return ferrytest.VERSION\ndef pid(x):\n    import os\n    return os.getpid()'

/** A venv in a folder of its own, with a wheel made for the test. */
function fixture(wheel = '1.0') {
  const folder = makeFolder()
  const wheels = join(folder, 'wheels')
  const baseDir = join(folder, 'base')
  mkdirSync(wheels)
  makeWheel(wheels, 'ferrytest', wheel)
  return { folder, wheels, baseDir }
}

const events = () => {
  const seen: ProvisionEvent[] = []
  return {
    seen,
    onProgress: (event: ProvisionEvent) => seen.push(event),
    of: (type: string) => seen.filter((each) => each.type === type),
  }
}

describe('the environment (V-3)', () => {
  it('V-3: is made, kept, used again without installing, and made anew when the requirements change', async () => {
    const { wheels, baseDir } = fixture()
    const start = async (requirements: string[]) => {
      const progress = events()
      const py = makeVenv({ python, baseDir, requirements, sources: [version] })
      await py.start({ onProgress: progress.onProgress })
      const found = await py.callAndAwait('version')
      await py.close()
      return { found, isMade: progress.of('miss').length > 0 }
    }
    expect(await start(['ferrytest'])).toEqual({ found: '1.0', isMade: true })
    expect(await start(['ferrytest'])).toEqual({ found: '1.0', isMade: false })
    makeWheel(wheels, 'ferrytest', '2.0')
    expect(await start(['ferrytest==2.0'])).toEqual({ found: '2.0', isMade: true })
  })

  it('V-13: after a death start() reuses the environment and installs nothing', async () => {
    const { baseDir } = fixture()
    const py = makeVenv({ python, baseDir, requirements: ['ferrytest'], sources: [version] })
    await py.start()
    const first = await py.callAndAwait('pid')
    const died = death(py)
    process.kill(py.pid!, 'SIGKILL')
    await died
    const progress = events()
    await py.start({ onProgress: progress.onProgress })
    expect(progress.of('miss')).toEqual([])
    expect(await py.callAndAwait('pid')).not.toBe(first)
  })

  it('V-4: a failure of the environment is its own error, as it is', async () => {
    const { baseDir } = fixture()
    const onLiveness = vi.fn()
    const py = makeVenv({ python, baseDir, requirements: ['no-such-package'], onLiveness })
    await expect(py.start()).rejects.toMatchObject({
      code: 'ERR_PYFERRY_OFFLINE_MISS',
      hint: expect.any(String),
    })
    expect(onLiveness).not.toHaveBeenCalled()
    expect(py.state).toBe('idle')
    expect(py.tailStderr() + py.tailStdout()).toContain('no-such-package')
  })

  it('V-3: aborting rejects with the reason, kills the installer, and a later start works', async () => {
    const { baseDir } = fixture()
    const controller = new AbortController()
    const reason = new Error('stop it')
    const py = makeVenv({ python, baseDir, requirements: ['ferrytest'], sources: [version] })
    const onProgress = (event: ProvisionEvent) => {
      if (event.type === 'log') controller.abort(reason)
    }
    await expect(py.start({ signal: controller.signal, onProgress })).rejects.toBe(reason)
    await py.start()
    expect(await py.callAndAwait('version')).toBe('1.0')
  })

  it('V-15: close() during the installation ends it', async () => {
    const { baseDir } = fixture()
    const py = makeVenv({ python, baseDir, requirements: ['ferrytest'] })
    let closing: Promise<void> | undefined
    const onProgress = () => {
      closing ??= py.close()
    }
    await expect(py.start({ onProgress })).rejects.toBeInstanceOf(ClosedError)
    await closing
    expect(py.state).toBe('closed')
  })

  it('a progress callback that throws is reported and hurts nobody', async () => {
    const { baseDir } = fixture()
    const error = vi.fn()
    const py = makeVenv({ python, baseDir, requirements: ['ferrytest'], sources: [version], logger: { error } })
    await py.start({
      onProgress: () => {
        throw new Error('display')
      },
    })
    expect(await py.callAndAwait('version')).toBe('1.0')
    expect(error).toHaveBeenCalled()
  })

  it('V-16: the installer’s output is in the tails', async () => {
    const { baseDir } = fixture()
    const py = makeVenv({ python, baseDir, requirements: ['ferrytest'] })
    await py.start()
    expect(py.tailStdout()).toContain('Successfully installed')
  })
})

afterEach(() => vi.unstubAllEnvs())

describe('the folder (V-2, V-15)', () => {
  it('V-15: a temporary one goes with close()', async () => {
    vi.stubEnv('TMPDIR', makeFolder())
    const py = makeVenv({ python })
    await py.start()
    expect(readdirSync(tmpdir())).toEqual([expect.stringMatching(/^pyferry-venv-/)])
    await py.close()
    expect(readdirSync(tmpdir())).toEqual([])
  })

  it('V-15: a temporary one goes with a host that exits without closing', async () => {
    const temporary = makeFolder()
    const program = await runProgram(`await Venv.start({ python }); say('ready')`, { TMPDIR: temporary })
    expect(await program.nextLine()).toBe('"ready"')
    expect(await program.exit).toMatchObject({ code: 0, stderr: '' })
    expect(readdirSync(temporary)).toEqual([])
  })

  it('V-15: a temporary one that cannot be claimed is reported, serves, and goes with close()', async () => {
    const temporary = makeFolder()
    vi.stubEnv('TMPDIR', temporary)
    const listeners = process.listenerCount('exit')
    const reported: unknown[] = []
    const logger = { error: (_: unknown, message: unknown) => reported.push(message) }
    const py = makeVenv({ interpreter: python, sources: ['def echo(x): return x'], logger })
    const starting = py.start()
    // Made by now, and not claimed yet.
    const [name] = readdirSync(temporary) as [string]
    writeFileSync(join(temporary, name, 'HOME.json'), '{"schema":99}')
    await starting
    await eventually(() => reported.length > 0)
    expect(reported).toEqual(['the temporary folder could not be claimed'])
    expect(await py.callAndAwait('echo', 1)).toBe(1)
    await py.close()
    expect(readdirSync(temporary)).toEqual([])
    expect(process.listenerCount('exit')).toBe(listeners)
  })

  it('V-15: a temporary one is claimed soon: nobody else can own it', async () => {
    const temporary = makeFolder()
    vi.stubEnv('TMPDIR', temporary)
    await makeVenv({ interpreter: python }).start()
    const [name] = readdirSync(temporary) as [string]
    await eventually(() => existsSync(join(temporary, name, 'HOME.json')))
    const other = makeVenv({ interpreter: python, baseDir: join(temporary, name) })
    await expect(other.start()).rejects.toBeInstanceOf(BaseDirInUseError)
  })

  it.each([
    ['when it closes', 'await py.close()', 1],
    ['soon after it has started', '', 2],
  ])('V-15: a temporary one of a host that was killed is removed by the next one, %s', async (_, end, count) => {
    const temporary = makeFolder()
    const code = `await Venv.start({ python }); say('ready'); setInterval(() => {}, 1000)`
    const claimed = () => readdirSync(temporary).filter((name) => existsSync(join(temporary, name, 'HOME.json')))
    const killed = await runProgram(code, { TMPDIR: temporary })
    await eventually(() => claimed().length === 1)
    killed.child.kill('SIGKILL')
    await killed.exit
    const [left] = readdirSync(temporary) as [string]
    // Of one that was killed before the claim.
    mkdirSync(join(temporary, 'pyferry-venv-early', 'meta'), { recursive: true })
    await runProgram(code, { TMPDIR: temporary })
    await eventually(() => claimed().length === 2)
    for (const name of readdirSync(temporary)) utimesSync(join(temporary, name), 0, 0)
    const program = `const py = await Venv.start({ python }); ${end}; say('started'); setInterval(() => {}, 1000)`
    const next = await runProgram(program, { TMPDIR: temporary })
    await next.nextLine()
    await eventually(() => !readdirSync(temporary).some((name) => name === left || name === 'pyferry-venv-early'))
    expect(readdirSync(temporary)).toHaveLength(count)
  })

  it('W-5: the socket of a host that was killed before its worker had connected goes with its folder', async () => {
    const temporary = makeFolder()
    const slow = join(makeFolder(), 'python')
    writeFileSync(slow, '#!/bin/sh\nexec cat > /dev/null\n', { mode: 0o755 })
    const code = `say('starting'); await Venv.start({ interpreter: ${JSON.stringify(slow)}, transport: 'unix' })`
    const killed = await runProgram(code, { TMPDIR: temporary })
    const sockets = () => readdirSync(temporary, { recursive: true }).filter((name) => String(name).endsWith('/s'))
    await eventually(() => sockets().length === 1)
    killed.child.kill('SIGKILL')
    await killed.exit
    expect(readdirSync(temporary)).toHaveLength(1)
    for (const name of readdirSync(temporary)) utimesSync(join(temporary, name), 0, 0)
    const next = await runProgram(`const py = await Venv.start({ python }); await py.close(); say('closed')`, {
      TMPDIR: temporary,
    })
    expect(await next.nextLine()).toBe('"closed"')
    expect(readdirSync(temporary)).toEqual([])
  })

  it('V-15: what a link named like a temporary one leads to is never removed', async () => {
    const { baseDir } = fixture()
    const temporary = makeFolder()
    const kept = makeVenv({ python, baseDir })
    await kept.start()
    await kept.close()
    utimesSync(baseDir, 0, 0)
    symlinkSync(baseDir, join(temporary, 'pyferry-venv-x'))
    const program = await runProgram(
      `const py = await Venv.start({ interpreter: python }); await py.close(); say('closed')`,
      {
        TMPDIR: temporary,
      },
    )
    expect(await program.nextLine()).toBe('"closed"')
    expect(existsSync(join(baseDir, 'env', 'current.json'))).toBe(true)
  })

  it('V-15: a folder that cannot be removed is given back all the same', async () => {
    const { baseDir } = fixture()
    const py = makeVenv({ interpreter: python, baseDir, keepBaseDir: false })
    await py.start()
    const home = readFileSync(join(baseDir, 'HOME.json'))
    writeFileSync(join(baseDir, 'HOME.json'), '{"schema":99}')
    await expect(py.close()).rejects.toMatchObject({ code: 'ERR_PYFERRY_HOME_INCOMPATIBLE' })
    opened.delete(py)
    writeFileSync(join(baseDir, 'HOME.json'), home)
    await makeVenv({ interpreter: python, baseDir }).start()
  })

  it('V-16: after close() the tails are still its own', async () => {
    const { baseDir } = fixture()
    const first = makeVenv({ interpreter: python, baseDir, sources: ['print("first")'] })
    await first.start()
    await eventually(() => tailPrinted(first) === 'first\n')
    await first.close()
    const second = makeVenv({ interpreter: python, baseDir, sources: ['print("second")'] })
    await second.start()
    await eventually(() => tailPrinted(second) === 'second\n')
    expect(tailPrinted(first)).toBe('first\n')
  })

  it('V-15: a given one stays, and other files in it too', async () => {
    const { baseDir } = fixture()
    mkdirSync(baseDir)
    writeFileSync(join(baseDir, 'notes.txt'), 'mine')
    const py = makeVenv({ python, baseDir })
    await py.start()
    await py.close()
    expect(readFileSync(join(baseDir, 'notes.txt'), 'utf8')).toBe('mine')
    expect(existsSync(join(baseDir, 'env', 'current.json'))).toBe(true)
  })

  it('V-15: with keepBaseDir: false what is ours goes, and the folder when it is then empty', async () => {
    const { folder } = fixture()
    for (const foreign of [[], ['notes.txt']]) {
      const baseDir = join(folder, `base-${foreign.length}`)
      mkdirSync(baseDir)
      for (const name of foreign) writeFileSync(join(baseDir, name), 'mine')
      const py = makeVenv({ python, baseDir, keepBaseDir: false })
      await py.start()
      await py.close()
      expect(existsSync(baseDir)).toBe(foreign.length > 0)
      if (foreign.length > 0) expect(readdirSync(baseDir)).toEqual(foreign)
    }
  })

  it('two venvs on one baseDir: BaseDirInUseError, until the first is closed', async () => {
    const { baseDir } = fixture()
    const first = makeVenv({ python, baseDir })
    await first.start()
    const second = makeVenv({ python, baseDir })
    await expect(second.start()).rejects.toBeInstanceOf(BaseDirInUseError)
    await expect(second.start()).rejects.toMatchObject({ code: 'ERR_PYFERRY_BASE_DIR_IN_USE' })
    await first.close()
    await second.start()
  })

  it('a baseDir in use by another process, until that is killed', async () => {
    const { baseDir } = fixture()
    const program = await runProgram(
      `await Venv.start({ python, baseDir: ${JSON.stringify(baseDir)} }); say('ready'); setInterval(() => {}, 1000)`,
    )
    await program.nextLine()
    const py = makeVenv({ python, baseDir })
    await expect(py.start()).rejects.toMatchObject({
      code: 'ERR_PYFERRY_BASE_DIR_IN_USE',
      message: expect.stringContaining(String(program.child.pid)),
    })
    program.child.kill('SIGKILL')
    await program.exit
    await py.start()
  })

  it('a baseDir that is a file, or beneath one, is refused by name', async () => {
    const { folder } = fixture()
    writeFileSync(join(folder, 'file'), '')
    for (const baseDir of [join(folder, 'file'), join(folder, 'file', 'under')]) {
      const py = makeVenv({ python, baseDir })
      await expect(py.start()).rejects.toMatchObject({
        code: expect.stringMatching(/^ERR_PYFERRY_/),
        message: expect.stringContaining(baseDir),
      })
    }
  })

  it('a baseDir that belongs to another user is refused', async () => {
    if (process.getuid?.() !== 0) {
      // Only root can give a folder away; everybody finds one of root's.
      const py = makeVenv({ python, baseDir: '/etc' })
      await expect(py.start()).rejects.toMatchObject({ code: expect.stringMatching(/HOME_UNSAFE|PERMISSION_DENIED/) })
      return
    }
    const { folder } = fixture()
    const baseDir = join(folder, 'theirs')
    mkdirSync(baseDir)
    chownSync(baseDir, 12345, 12345)
    await expect(makeVenv({ python, baseDir }).start()).rejects.toMatchObject({ code: 'ERR_PYFERRY_HOME_UNSAFE' })
  })

  it('a baseDir that is a link to a folder is that folder', async () => {
    const { folder } = fixture()
    mkdirSync(join(folder, 'real'))
    symlinkSync(join(folder, 'real'), join(folder, 'link'))
    const py = makeVenv({ python, baseDir: join(folder, 'link') })
    await py.start()
    expect(existsSync(join(folder, 'real', 'env', 'current.json'))).toBe(true)
    const other = makeVenv({ python, baseDir: join(folder, 'real') })
    await expect(other.start()).rejects.toBeInstanceOf(BaseDirInUseError)
  })

  it('a failed Venv.start leaves nothing behind', async () => {
    const temporary = makeFolder()
    const program = await runProgram(
      `await Venv.start({ interpreter: python, sources: ['1/0'] }).catch((error) => say(error.code))`,
      { TMPDIR: temporary },
    )
    expect(await program.nextLine()).toBe('"ERR_PYFERRY_START"')
    expect(await program.exit).toMatchObject({ code: 0 })
    expect(readdirSync(temporary)).toEqual([])
  })
})

describe('the Python it is made from (V-2)', () => {
  it('V-2: a name that is nowhere is PYTHON_NOT_FOUND', async () => {
    await expect(makeVenv({ python: 'no-such-python' }).start()).rejects.toMatchObject({
      code: 'ERR_PYFERRY_PYTHON_NOT_FOUND',
    })
  })

  it('V-2: a file that is no Python is PYTHON_BROKEN', async () => {
    const { folder } = fixture()
    const broken = join(folder, 'python3')
    writeFileSync(broken, '#!/bin/sh\nexit 7\n')
    chmodSync(broken, 0o755)
    await expect(makeVenv({ python: broken }).start()).rejects.toMatchObject({ code: 'ERR_PYFERRY_PYTHON_BROKEN' })
  })

  it('V-2: a version nobody has is PYTHON_VERSION_MISMATCH', async () => {
    await expect(makeVenv({ python: '>=4.7' }).start()).rejects.toMatchObject({
      code: 'ERR_PYFERRY_PYTHON_VERSION_MISMATCH',
    })
  })

  it('V-4: tells the Python version', async () => {
    const py = await Venv.start({ python })
    expect(py.pythonVersion).toMatch(/^3\.\d+\.\d+/)
    const { pid } = py
    await py.close()
    await eventually(() => !isAlive(pid!))
  })
})
