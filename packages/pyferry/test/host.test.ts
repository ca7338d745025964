import { describe, expect, it } from 'vitest'
import { eventually, isAlive, runProgram } from './support.js'

/** By path: a program in a folder of its own finds no packages. */
const supervisor = import.meta.resolve('@pyferry/supervisor')

const startNapping = `
const py = await Venv.start({ interpreter: python, sources: ['import time, subprocess, sys\\ndef nap(s): time.sleep(s)\\ndef child(x): return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid'] })
const child = await py.callAndAwait('child')
py.invoke('nap', 600).catch(() => {})
say([py.pid, child])
`

describe('the end of the host (V-15, S-4)', () => {
  it.each([
    ['process.exit()', 'process.exit(3)', { code: 3, signal: null }],
    ['an uncaught exception', 'setImmediate(() => { throw new Error("bug") })', { code: 1, signal: null }],
    ['an unhandled rejection', 'Promise.reject(new Error("bug"))', { code: 1, signal: null }],
    ['SIGINT', 'process.kill(process.pid, "SIGINT")', { code: null, signal: 'SIGINT' }],
    ['SIGTERM', 'process.kill(process.pid, "SIGTERM")', { code: null, signal: 'SIGTERM' }],
    ['SIGKILL', 'process.kill(process.pid, "SIGKILL")', { code: null, signal: 'SIGKILL' }],
    ['process.abort()', 'process.abort()', { code: null, signal: 'SIGABRT' }],
  ])('V-15: %s takes the worker with it, and what is in its process group', async (_, code, expected) => {
    const program = await runProgram(`${startNapping}\n${code}`)
    const pids = JSON.parse(await program.nextLine()) as number[]
    expect(await program.exit).toMatchObject(expected)
    await eventually(() => pids.every((pid) => !isAlive(pid)))
  })

  it.each([
    ['becomes the worker', ['env', 'X=1']],
    ['waits for the worker', ['sh', '-c', '"$0" "$@"; exit $?']],
  ])('V-15, W-5: SIGKILL takes the worker with it, behind a launcher that %s', async (_, launcher) => {
    const program = await runProgram(`
import { workerCommand } from ${JSON.stringify(supervisor)}
const { command, args } = workerCommand({ python, protocol: 'base' })
const py = await Venv.start({
  launcher: [...${JSON.stringify(launcher)}, command, ...args],
  sources: ['import os, sys\\ndef pid(x): return os.getpid()\\ndef loop(x):\\n    print("busy")\\n    while True: pass'],
  stderr: () => process.kill(process.pid, 'SIGKILL'),
})
say([await py.callAndAwait('pid'), py.pid])
py.await(py.call('loop'))
`)
    const pids = JSON.parse(await program.nextLine()) as number[]
    expect(await program.exit).toMatchObject({ signal: 'SIGKILL' })
    await eventually(() => pids.every((pid) => !isAlive(pid)))
  })

  it('V-15: also while C code holds the interpreter', async () => {
    // A regular expression with catastrophic backtracking never lets go of the GIL.
    const code = `
let onHolding
const holding = new Promise((resolve) => { onHolding = resolve })
const py = await Venv.start({
  interpreter: python,
  sources: ['import re\\ndef hold(x):\\n    print("holding")\\n    re.match("(a*)*b", "a" * 40)'],
  [printed]: onHolding,
})
py.invoke('hold', 1).catch(() => {})
await holding
say(py.pid)
process.kill(process.pid, 'SIGKILL')
`
    const program = await runProgram(code)
    const pid = Number(await program.nextLine())
    await program.exit
    await eventually(() => !isAlive(pid))
  })

  it('V-15: a parked wait keeps the host alive', async () => {
    const program = await runProgram(`
const py = await Venv.start({ interpreter: python, sources: ['import time\\ndef nap(s):\\n    time.sleep(s)\\n    return "rested"'] })
py.await(py.call('nap', 0.3)).then(say)
`)
    expect(await program.nextLine()).toBe('"rested"')
    expect(await program.exit).toMatchObject({ code: 0 })
  })

  it('V-15: a start keeps the host alive', async () => {
    const program = await runProgram(
      `Venv.start({ interpreter: python, sources: ['import time; time.sleep(0.3)'] }).then((py) => say(py.state))`,
    )
    expect(await program.nextLine()).toBe('"ready"')
    expect(await program.exit).toMatchObject({ code: 0 })
  })

  it('V-11: an unclaimed result with a TTL keeps no host alive', async () => {
    const program = await runProgram(`
const py = await Venv.start({ interpreter: python, sources: ['def f(x): return x'], resultTtlMs: 3_600_000 })
const id = py.call('f', 1)
while (py.peek(id) !== 'done') await new Promise((resolve) => setImmediate(resolve))
say(py.resultCount)
`)
    expect(await program.nextLine()).toBe('1')
    expect(await program.exit).toMatchObject({ code: 0 })
  })

  it('V-15: await using closes', async () => {
    const program = await runProgram(`
const py = await Venv.start({ interpreter: python })
const { pid } = py
await py[Symbol.asyncDispose]()
say([pid, py.state])
`)
    const [pid, state] = JSON.parse(await program.nextLine())
    expect(state).toBe('closed')
    expect(isAlive(pid)).toBe(false)
  })

  it('K-4: an application in one file needs no other: the worker comes out of it, once for many', async () => {
    const { makeFolder } = await import('./support.js')
    const { readdirSync } = await import('node:fs')
    const { join } = await import('node:path')
    const home = makeFolder()
    const code = `
const py = await Venv.start({ interpreter: python, sources: ['def f(x): return x'] })
say(await py.callAndAwait('f', 1))
await py.close()
`
    const programs = await Promise.all(Array.from({ length: 6 }, () => runProgram(code, { PYFERRY_HOME: home })))
    for (const program of programs) expect(await program.exit).toMatchObject({ code: 0, stderr: '' })
    expect(readdirSync(join(home, 'w'))).toHaveLength(1)
  })
})

const ways = {
  fd: `transport: 'fd'`,
  unix: `transport: 'unix'`,
  tcp: `transport: 'tcp'`,
  stdio: `transport: 'stdio'`,
  'unix, forked': `start: 'fork'`,
}

describe('the end of the host of a forked worker (S-4)', () => {
  it.each([
    ['SIGKILL', 'process.kill(process.pid, "SIGKILL")'],
    ['process.exit()', 'process.exit(3)'],
    ['a host that is done', ''],
  ])('V-15: %s takes the template along', async (_, code) => {
    const program = await runProgram(`
const py = await Venv.start({ interpreter: python, start: 'fork', sources: ['import os\\ndef pids(x): return [os.getpid(), os.getppid()]'] })
say(await py.callAndAwait('pids'))
${code}`)
    const pids = JSON.parse(await program.nextLine()) as number[]
    await program.exit
    await eventually(() => pids.every((pid) => !isAlive(pid)))
  })

  it('V-15: also while C code holds the interpreter', async () => {
    const hold = 'import re\ndef hold(x):\n    print("holding")\n    re.match("(a*)*b", "a" * 40)'
    const program = await runProgram(`
let onHolding
const holding = new Promise((resolve) => { onHolding = resolve })
const py = await Venv.start({ interpreter: python, start: 'fork', sources: [${JSON.stringify(hold)}], stdout: onHolding })
py.invoke('hold', 1).catch(() => {})
await holding
say(py.pid)
process.kill(process.pid, 'SIGKILL')
`)
    const pid = Number(await program.nextLine())
    await program.exit
    await eventually(() => !isAlive(pid))
  })
})

describe.each(Object.entries(ways))('the end of the host, over %s (W-5)', (_, way) => {
  const config = (code: string) => `{ interpreter: python, ${way}, sources: [${JSON.stringify(code)}] }`

  it('V-15: a host that is killed takes the worker with it, and what is in its process group', async () => {
    const program = await runProgram(
      `${startNapping.replace('{ interpreter', `{ ${way}, interpreter`)}\nprocess.kill(process.pid, "SIGKILL")`,
    )
    const pids = JSON.parse(await program.nextLine()) as number[]
    await program.exit
    await eventually(() => pids.every((pid) => !isAlive(pid)))
  })

  it('V-15: a host that is done exits by itself, though nobody closed', async () => {
    const program = await runProgram(`
const py = await Venv.start(${config('def f(x): return x')})
say([py.pid, await py.callAndAwait('f', 1)])
py.call('f', 2)
`)
    const [pid, result] = JSON.parse(await program.nextLine())
    expect(result).toBe(1)
    expect(await program.exit).toMatchObject({ code: 0 })
    await eventually(() => !isAlive(pid))
  })

  // The turns in which it hears of the end.
  it.each([1, 2])('V-15: and when its worker was killed before it called, %i turns ago', async (turns) => {
    const program = await runProgram(`
import { execFileSync } from 'node:child_process'
const py = await Venv.start(${config('def f(x): return x')})
const { pid } = py
process.kill(pid, 'SIGKILL')
// Nothing is heard of the end meanwhile.
const isOver = () => {
  try {
    return execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('Z')
  } catch {
    return true
  }
}
while (!isOver());
let turns = ${turns}
const go = () => {
  turns -= 1
  if (turns >= 0) setImmediate(go)
  else py.callAndAwait('f').catch((error) => say(error.name))
}
setImmediate(go)
`)
    expect(await program.nextLine()).toBe('"DiedError"')
    expect(await program.exit).toMatchObject({ code: 0 })
  })

  it('V-15: a start and a parked wait keep the host alive', async () => {
    const program = await runProgram(`
Venv.start(${config('import time; time.sleep(0.3)\ndef nap(s):\n    time.sleep(s)\n    return "rested"')})
  .then((py) => { py.await(py.call('nap', 0.3)).then(say) })
`)
    expect(await program.nextLine()).toBe('"rested"')
    expect(await program.exit).toMatchObject({ code: 0 })
  })

  it('K-4: works in a worker thread, and its worker ends with the thread', async () => {
    const program = await runProgram(`
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
if (isMainThread) {
  const thread = new Worker(new URL(import.meta.url))
  thread.once('message', async (message) => {
    await thread.terminate()
    say(message)
    setTimeout(() => {}, 60_000)
  })
} else {
  const py = await Venv.start(${config('def f(x): return x * 2')})
  parentPort.postMessage([py.pid, await py.callAndAwait('f', 21)])
}
`)
    const [pid, result] = JSON.parse(await program.nextLine())
    expect(result).toBe(42)
    await eventually(() => !isAlive(pid))
  })

  it('K-4: works under cluster', async () => {
    const program = await runProgram(`
import cluster from 'node:cluster'
if (cluster.isPrimary) {
  for (const index of [1, 2]) cluster.fork().on('message', (message) => { say(message) })
} else {
  const py = await Venv.start(${config('def f(x): return x * 2')})
  process.send(await py.callAndAwait('f', 4), () => process.exit())
}
`)
    expect([await program.nextLine(), await program.nextLine()]).toEqual(['8', '8'])
    expect(await program.exit).toMatchObject({ code: 0 })
  })
})
