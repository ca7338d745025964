import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { LIFELINE_PRELUDE } from '../src/lifeline.js'
import { isGroupAlive } from '../src/process-group.js'
import { type Command, formatCommand, run } from '../src/run.js'
import { temporaryFolder } from './fixtures/folders.js'
import { startHost } from './fixtures/host.js'
import { testPython } from './fixtures/pythons.js'

const redact = (text: string) => text.replaceAll('s3cret', '***')

function python(script: string, options: Partial<Command> = {}): Command {
  return {
    file: testPython,
    args: ['-I', '-c', script],
    env: process.env,
    cwd: tmpdir(),
    hasLifeline: false,
    ...options,
  }
}

describe('run', () => {
  test('gives exit code and both streams, redacted, and each line as it comes', async () => {
    const lines: string[] = []
    const script =
      'import sys; print("one s3cret\\n\\ntwo"); print("drop"); print("three", file=sys.stderr); sys.exit(7)'
    const result = await run(python(script), {
      signal: new AbortController().signal,
      redact,
      onLine: (stream, line) => {
        lines.push(`${stream}: ${line}`)
        return line === 'drop' ? 'drop' : 'keep'
      },
    })
    expect(result).toEqual({ exitCode: 7, endedBy: null, stdoutTail: 'one ***\n\ntwo', stderrTail: 'three' })
    expect(lines.sort()).toEqual(['stderr: three', 'stdout: ', 'stdout: drop', 'stdout: one ***', 'stdout: two'])
  })

  test('gives it the null device to read and a process group of its own', async () => {
    const script = 'import os, sys; print(repr(sys.stdin.read()), os.getpgrp() == os.getpid())'
    const result = await run(python(script), { signal: new AbortController().signal, redact })
    expect(result.stdoutTail).toBe("'' True")
  })

  test('V-3: an abort ends the whole tree, also what ignores SIGTERM in a moment of its own, and rejects with the reason', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    let group = 0
    const script = `
import os, signal, subprocess, sys, time
subprocess.Popen([sys.executable, "-I", "-c", "import time; time.sleep(600)"])
print(os.getpid(), flush=True)
time.sleep(600)
`
    const running = run(python(script), {
      signal: controller.signal,
      redact,
      onLine: (_, line) => {
        group = Number(line)
        controller.abort(reason)
        return 'keep'
      },
    })
    await expect(running).rejects.toBe(reason)
    expect(group).toBeGreaterThan(0)
    expect(isGroupAlive(group)).toBe(false)
  })

  test('does not start when the signal is aborted already', async () => {
    const mark = join(temporaryFolder(), 'mark')
    const signal = AbortSignal.abort(new Error('no'))
    await expect(run(python(`open(${JSON.stringify(mark)}, "w")`), { signal, redact })).rejects.toThrow('no')
    expect(existsSync(mark)).toBe(false)
  })

  test('kills what a command leaves behind in its group, and does not wait for what it sent elsewhere', async () => {
    const script = `
import os, subprocess, sys
sleep = [sys.executable, "-I", "-c", "import time; time.sleep(600)"]
subprocess.Popen(sleep)
print(os.getpid(), subprocess.Popen(sleep, start_new_session=True).pid)
`
    const result = await run(python(script), { signal: new AbortController().signal, redact })
    const [group = 0, away = 0] = result.stdoutTail.split(' ').map(Number)
    expect(isGroupAlive(group)).toBe(false)
    expect(isGroupAlive(away)).toBe(true)
    process.kill(away, 'SIGKILL')
  })

  test.each([
    { title: 'the file', options: { file: '/nowhere/python' }, path: '/nowhere/python' },
    { title: 'the folder', options: { cwd: '/nowhere' }, path: '/nowhere' },
  ])('E: SPAWN_FAILED names what is missing: $title', async ({ options, path }) => {
    const running = run(python('pass', options), { signal: new AbortController().signal, redact })
    await expect(running).rejects.toMatchObject({
      code: 'ERR_PYFERRY_SPAWN_FAILED',
      message: expect.stringContaining(path),
      facts: { path },
      cause: { code: 'ENOENT' },
    })
  })
})

test('X: a command in a message has its script left out and its secrets blanked', () => {
  const command = python('a\nb', { args: ['-c', 'a\nb', 'with blank', 's3cret'] })
  expect(formatCommand(command, redact)).toBe(`${testPython} -c <script> "with blank" ***`)
})

describe('the lifeline', () => {
  // The child says its pid through the host, whose death then has to end it, and what it has started.
  const waiting = `${LIFELINE_PRELUDE}
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-I", "-c", "import time; time.sleep(600)"])
print(os.getpid(), flush=True)
while True: pass
`

  test('V-15: an installer and what it started are gone when the host is killed', async () => {
    const host = startHost(`
      const { spawn } = await import('node:child_process')
      const child = spawn(${JSON.stringify(testPython)}, ['-I', '-c', ${JSON.stringify(waiting)}], {
        detached: true,
        stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
      })
      child.stdout.on('data', (data) => say('group', String(data).trim()))
    `)
    const group = Number(await host.said('group'))
    expect(isGroupAlive(group)).toBe(true)
    host.child.kill('SIGKILL')
    await host.ended
    await untilGone(group)
  })

  test('leaves the command and its exit code alone while the host lives', async () => {
    const script = `${LIFELINE_PRELUDE}\nimport sys; print(sorted(n for n in globals() if not n.startswith("_"))); sys.exit(3)`
    const result = await run(python(script, { hasLifeline: true }), { signal: new AbortController().signal, redact })
    expect(result).toMatchObject({ exitCode: 3, stdoutTail: "['sys']" })
  })
})

/** Polls: the end of a process that is not our child is no event for us. */
async function untilGone(group: number): Promise<void> {
  while (isGroupAlive(group)) await new Promise((resolve) => setTimeout(resolve, 5))
}
