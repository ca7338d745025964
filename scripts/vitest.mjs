import { fileURLToPath } from 'node:url'

const source = (name) => fileURLToPath(new URL(`../packages/${name}/src/index.ts`, import.meta.url))

/** Tests run against the sources of every package, so that none has to be built first. */
export const packageTests = (name) => ({
  resolve: {
    alias: Object.fromEntries(
      ['errors', 'codec', 'provisioner', 'supervisor', 'result-cache'].map((each) => [
        `@pyferry/${each}`,
        source(each),
      ]),
    ),
  },
  test: { name, include: ['test/**/*.test.ts'], pool: 'forks', testTimeout: 60_000, hookTimeout: 120_000 },
})
