import { defineConfig } from 'vitest/config'

export default defineConfig({ test: { projects: ['packages/*'], globalSetup: './scripts/vitest-setup.mjs' } })
