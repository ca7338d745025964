/** What every way of making an environment does, whichever tools it uses. */
import type { Reporter } from '../events.js'
import type { FoundPython } from '../find-python.js'
import type { BackendName } from '../key.js'
import type { GenerationLayout } from '../layout.js'
import type { Source } from '../source.js'
import type { ResolvedSpec } from '../spec.js'
import type { InstalledPackage } from '../stamp.js'
import type { FoundTool } from '../tools/tool.js'

/** One build: everything in `generation.prefix`, which is not there yet. */
export interface BuildJob {
  spec: ResolvedSpec
  source: Source
  /** `undefined` when the tool brings its own (pixi). */
  python: FoundPython | undefined
  /** uv or pixi, where the backend is one of theirs. */
  tool: FoundTool | undefined
  /** A Python that can have the lifeline of another program armed, see `lifeline.ts`; `undefined` where there is none. */
  launcher: string | undefined
  generation: GenerationLayout
  /** The installer's variables, see `settings.ts`. */
  env: Readonly<Record<string, string>>
  /** Beside these, for commands that are to write their temporary files where they go with the build, see `build-temporary.ts`. */
  temporary: Readonly<Record<string, string>>
  /** Where the installer runs, unless it has to run elsewhere. */
  workingFolder: string
  /** Where things are kept that the next build may use again; `undefined`: where the tool keeps them by itself. */
  home: string | undefined
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
  /** The interpreter, below the generation's prefix. */
  python: string
  /** `sys.prefix`, below the generation's: `''` when it is that. */
  sysPrefix: string
  /** Variables that a worker needs beside its interpreter; none for virtual environments. */
  activation: Record<string, string> | null
}

export interface Backend {
  readonly name: BackendName
  /**
   * Make the environment. What it leaves when it fails is the caller's to remove.
   *
   * @throws ProvisionError, classified
   */
  build(job: BuildJob): Promise<BuildResult>
}
