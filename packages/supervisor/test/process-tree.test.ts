import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { isGroupAlive, killTree, listEscapedDescendants } from '../src/process-tree.js'
import { eventually, isAlive } from './support.js'

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) killTree(child.pid!, [])
})

/** A process in a group of its own that runs `code`, and the first line it prints. */
async function group(code: string): Promise<{ pid: number; line: string; exit: Promise<unknown> }> {
  const child = spawn(process.execPath, ['-e', code], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const exit = once(child, 'exit')
  const [chunk] = await once(child.stdout!, 'data')
  return { pid: child.pid!, line: String(chunk).trim(), exit }
}

const parent = (detached: boolean) => `
const { spawn } = require('node:child_process')
const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: ${detached}, stdio: 'ignore' })
console.log(child.pid)
setInterval(() => {}, 1000)
`

describe('process tree (V-15, S-4)', () => {
  it('S-4: on Linux, tells the descendants that left the group, and not those in it', async () => {
    const inside = await group(parent(false))
    expect(listEscapedDescendants(inside.pid)).toEqual([])
    const outside = await group(parent(true))
    const expected = process.platform === 'linux' ? [Number(outside.line)] : []
    expect(listEscapedDescendants(outside.pid).map(({ pid }) => pid)).toEqual(expected)
    process.kill(Number(outside.line), 'SIGKILL')
  })

  it('S-4: kills the group and those that left it', async () => {
    const inside = await group(parent(false))
    killTree(inside.pid, [])
    await inside.exit
    await eventually(() => !isAlive(Number(inside.line)) && !isGroupAlive(inside.pid))
    const outside = await group(parent(true))
    killTree(outside.pid, listEscapedDescendants(outside.pid))
    await outside.exit
    await eventually(() => !isAlive(Number(outside.line)))
  })

  it('never kills a process that only has the number of one that was ours', async () => {
    const stranger = await group('console.log(1); setInterval(() => {}, 1000)')
    killTree(2 ** 22 + 1, [{ pid: stranger.pid, startTime: '1' }])
    expect(isAlive(stranger.pid)).toBe(true)
  })

  it('a group without members is not alive', async () => {
    const { pid, exit } = await group('console.log(1)')
    await exit
    expect(isGroupAlive(pid)).toBe(false)
  })
})
