// Runs the contract of pixi environments with a real pixi, which is built first when it is not there yet, and prints one total.
//
//     pnpm pixi
//     PYFERRY_RECORD=1 pnpm pixi     writes down what pixi does, for the quick checks
import { ensurePatchelf, ensureRealPixi } from './lib/real-pixi.mjs'
import { vitest } from './lib/runners.mjs'
import { runSteps } from './lib/steps.mjs'

process.exitCode = await runSteps([['real pixi', testRealPixi]])

async function testRealPixi() {
  ensurePatchelf()
  const args = ['--root=packages/provisioner', '--config=vitest.long.config.ts', 'real-pixi']
  return vitest(args, { env: { PYFERRY_TEST_PIXI: ensureRealPixi() } })()
}
