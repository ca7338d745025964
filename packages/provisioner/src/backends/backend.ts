/** What every way of making an environment does, whichever tools it uses. */
import type { Variables } from '../child-environment.js'
import type { Reporter } from '../events.js'
import type { FoundPython } from '../find-python.js'
import type { GenerationLayout } from '../layout.js'
import type { ResolvedSpec } from '../spec.js'
import type { InstalledPackage } from '../stamp.js'

/** One build: everything in `generation.prefix`, which is not there yet. */
export interface BuildJob {
  spec: ResolvedSpec
  python: FoundPython
  generation: GenerationLayout
  /** The installer's variables, see `installerEnvironment`. */
  env: Variables
  /** Where the installer runs. */
  workingFolder: string
  reporter: Reporter
  /** Aborted, it ends whatever runs; its reason is the error to reject with. */
  signal: AbortSignal
  redact: (text: string) => string
}

export interface BuildResult {
  /** Versions of the tools that were used. */
  tools: Record<string, string>
  /** What the tool says that it installed; `undefined` when it says nothing. */
  plan: InstalledPackage[] | undefined
}

export interface Backend {
  readonly name: 'venv-pip'
  /**
   * Make the environment. What it leaves when it fails is the caller's to remove.
   *
   * @throws ProvisionError, classified
   */
  build(job: BuildJob): Promise<BuildResult>
}
