import { defineConfig } from 'tsup'
import { packageBuild } from '../../scripts/tsup.mjs'

export default defineConfig(packageBuild())
