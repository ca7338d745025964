/**
 * The contract of pixi environments with a real pixi and a real channel: `pnpm pixi`. With PYFERRY_RECORD=1 what pixi does is recorded
 * on the way, for the fake that stands for it in the quick checks.
 */
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll } from 'vitest'
import { condaPlatform } from '../src/backends/pixi-lock.js'
import { makeCondaChannel, makePythonPackage } from './fixtures/conda-channel.js'
import { findRefusingOrigin, type PackageIndex, startPackageIndex } from './fixtures/package-index.js'
import { channelPackages } from './fixtures/pixi-channel.js'
import { testPixi, until } from './fixtures/pixi-contract.js'
import { recordingOf, writeLauncher } from './fixtures/pixi-launcher.js'

const pixi = process.env.PYFERRY_TEST_PIXI
if (pixi === undefined) throw new Error('PYFERRY_TEST_PIXI names no pixi: run this by `pnpm pixi`')
const isRecording = process.env.PYFERRY_RECORD === '1'

let folder: string
let channel: string
let index: PackageIndex
let refusing: string

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'pyferry-pixi-world-')))
  mkdirSync(join(folder, 'bin'))
  channel = makeCondaChannel(join(folder, 'conda-channel'), [makePythonPackage(), ...channelPackages()])
  index = await startPackageIndex([])
  refusing = await findRefusingOrigin()
  if (isRecording) forgetRecordings()
})
afterAll(async () => {
  await index.close()
  rmSync(folder, { recursive: true, force: true })
})

testPixi(() => ({
  tool: {
    path: isRecording ? writeLauncher(join(folder, 'bin'), 'record-pixi.mjs') : pixi,
    version: '0.15.2',
  },
  channel,
  failing: {
    refusing,
    unauthorized: `${index.origin}/unauthorized`,
    forbidden: `${index.origin}/forbidden`,
    broken: `${index.origin}/failing`,
    silent: `${index.origin}/silent`,
    absent: `${index.origin}/ok`,
    untrusted: `${index.secureOrigin}/ok`,
  },
  env: (title) => ({
    ...process.env,
    RATTLER_CACHE_DIR: join(folder, 'cache'),
    ...(isRecording && {
      PYFERRY_REAL_PIXI: pixi,
      PYFERRY_PIXI_RECORDING: fileURLToPath(recordingOf(title)),
      PYFERRY_PIXI_PLACES: JSON.stringify({
        '<channel>': channel,
        '<refusing>': refusing,
        '<server>': index.origin,
        '<secure>': index.secureOrigin,
        '<platform>': condaPlatform(),
      }),
    }),
  }),
  untilWaiting: () => until(() => index.requests.some((each) => each.includes('/silent/'))),
}))

/** A recording is added to by each command of its test. */
function forgetRecordings(): void {
  const recorded = new URL('.', recordingOf(''))
  mkdirSync(recorded, { recursive: true })
  for (const name of readdirSync(recorded)) if (name.endsWith('.json')) rmSync(new URL(name, recorded))
}
