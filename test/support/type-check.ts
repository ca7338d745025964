import { join } from 'node:path'
import type { Project } from './project.js'
import { root } from './workspace.js'

export const typescriptVersions = ['typescript-5', 'typescript-6', 'typescript-7'] as const

export interface TypeCheck {
  version: (typeof typescriptVersions)[number]
  /** How packages are found; with `node16` the file's extension says which kind of module it is. */
  moduleResolution: 'node16' | 'bundler'
  /** Patterns of the files to check. */
  include: readonly string[]
  /** Ambient types. @default Node's */
  types?: readonly string[]
}

/** Compile files of a project as strictly as somebody may, their libraries' declarations too. Rejects with what is wrong. */
export async function typeCheck(project: Project, options: TypeCheck): Promise<void> {
  const { version, moduleResolution, include, types = ['node'] } = options
  const module = moduleResolution === 'bundler' ? 'esnext' : 'node16'
  const compilerOptions = {
    ...{ module, moduleResolution, target: 'es2022', lib: ['es2023', 'esnext.disposable'], types },
    ...{ strict: true, skipLibCheck: false, noEmit: true },
  }
  const path = project.write('tsconfig.json', JSON.stringify({ compilerOptions, include }))
  await project.node(join(root, 'test/node_modules', version, 'bin/tsc'), '-p', path)
}
