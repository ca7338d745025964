import { vitest } from './runners.mjs'

/** The ways in which host and worker speak: over each transport, and the base protocol alone (W-1, W-5). The first is what everybody gets. */
export const ways = ['fd', 'unix', 'tcp', 'stdio', 'base']

/** Tests of the facade, spoken so to their workers. @returns {import('./runners.mjs').Step} */
export const testsInWay = (way, files) => vitest(['--project=pyferry', ...files], { env: { PYFERRY_TEST_WAY: way } })
