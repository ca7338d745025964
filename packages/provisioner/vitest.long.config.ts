import { defineConfig } from 'vitest/config'
import { packageTests } from '../../scripts/vitest.mjs'

/** What takes long or needs what has to be built first: each has a command of its own, and none runs among the others. */
const { resolve, test } = packageTests('provisioner')

export default defineConfig({ resolve, test: { ...test, name: 'provisioner-long', include: ['test/**/*.long.ts'] } })
