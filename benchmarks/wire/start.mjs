// From nothing to the first answer, and what a worker weighs that has nothing to do.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { PythonShell } from 'python-shell'
import { pythonFile } from '../python.mjs'
import { micros, startVenv } from './machine.mjs'

const source = 'def add(a, b): return a + b'

export async function start({ python }) {
  const bare = async () => {
    const child = spawn(python, ['-I', '-S', '-c', 'pass'], { stdio: 'ignore' })
    await once(child, 'exit')
  }
  const ours = (more) => async () => {
    const py = await startVenv(python, source, more)
    await py.invoke('add', 1, 2)
    return py
  }
  // Holds the template that the others are forked from.
  const warm = await startVenv(python, source, { start: 'fork' })
  const shell = () =>
    new Promise((resolve) => {
      const made = new PythonShell(pythonFile('python_shell.py'), { mode: 'json', pythonPath: python })
      made.once('message', () => resolve(made))
      made.send({ a: 1, b: 2 })
    })
  const timed = (begin, end) => async () => {
    let made
    const elapsed = await micros(async () => {
      made = await begin()
    })
    await end(made)
    return elapsed
  }
  return {
    tables: [
      {
        title: 'To the first answer',
        ways: {
          'python -I -S -c pass': timed(bare, () => {}),
          pyferry: timed(ours(), (py) => py.close()),
          'pyferry, forked from a warm template': timed(ours({ start: 'fork' }), (py) => py.close()),
          'python-shell': timed(shell, (made) => new Promise((resolve) => made.end(resolve))),
        },
      },
      {
        title: 'Idle, kB of resident memory',
        unit: 'kB',
        ways: { 'python -I -S': () => bareMemory(python), pyferry: () => ownMemory(ours()) },
      },
    ],
    close: () => warm.close(),
  }
}

async function bareMemory(python) {
  const child = spawn(python, ['-I', '-S', '-c', 'print(1, flush=True); input()'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  await once(child.stdout, 'data')
  const kilobytes = residentKilobytes(child.pid)
  child.stdin.end()
  await once(child, 'exit')
  return kilobytes
}

async function ownMemory(ours) {
  const py = await ours()
  const kilobytes = residentKilobytes(py.pid)
  await py.close()
  return kilobytes
}

function residentKilobytes(pid) {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1])
}
