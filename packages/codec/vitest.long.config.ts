import { defineConfig } from 'vitest/config'
import { packageTests } from '../../scripts/vitest.mjs'

const { resolve, test } = packageTests('codec')

export default defineConfig({ resolve, test: { ...test, name: 'codec-long', include: ['test/**/*.long.ts'] } })
