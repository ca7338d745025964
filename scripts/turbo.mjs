// turbo, without its telemetry: what runs here is nobody's business, and a first run should begin with our own words.
import { run } from './lib/process.mjs'

process.exitCode = run('turbo', process.argv.slice(2), { env: { TURBO_TELEMETRY_DISABLED: '1' } }) ? 0 : 1
