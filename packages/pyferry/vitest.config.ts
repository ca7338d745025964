import { defineConfig } from 'vitest/config'
import { packageTests } from '../../scripts/vitest.mjs'

export default defineConfig(packageTests('pyferry'))
