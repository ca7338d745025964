/** The uv workspace that a project is a member of: there lies the lock file. */
import { dirname, join, relative, sep } from 'node:path'
import { matchesGlob } from './glob.js'
import { type Pyproject, tryReadPyproject } from './pyproject.js'

/**
 * Find the `pyproject.toml` at the root of the workspace of `project`, as uv does: itself when it declares one, else the first one
 * above, when that declares a workspace and its patterns include the project. (uv: `find_workspace` in
 * `crates/uv-workspace/src/workspace.rs`.)
 *
 * @returns `undefined` when the project is in no workspace
 */
export async function findWorkspaceRoot(project: Pyproject): Promise<Pyproject | undefined> {
  if (project.workspace) return project
  // Without [project] nothing can be a member.
  if (!project.hasProject) return undefined
  for (const folder of foldersAbove(project.folder)) {
    const above = await tryReadPyproject(join(folder, 'pyproject.toml'))
    if (above) return isMember(project.folder, above) ? above : undefined
  }
  return undefined
}

function isMember(folder: string, { folder: root, workspace }: Pyproject): boolean {
  const path = relative(root, folder).split(sep).join('/')
  const fits = (patterns: readonly string[] = []) => patterns.some((pattern) => matchesGlob(path, pattern))
  return fits(workspace?.members) && !fits(workspace?.exclude)
}

/** From the nearest to the root of the file system. */
export function foldersAbove(folder: string): string[] {
  const parent = dirname(folder)
  return parent === folder ? [] : [parent, ...foldersAbove(parent)]
}
